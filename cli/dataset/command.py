"""The commands of ``facegate dataset``."""

import json
import signal
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cli.connection import OnAws, connect, console
from cli.dataset.analysis import Findings, analyse
from cli.dataset.faces import PhotoInspector, calls_needed
from cli.dataset.photos import LabelledFolder, read_folder
from cli.dataset.report import as_json, show
from cli.dataset.sheet import render_sheet
from services.aws.connection import Aws
from services.enroll.settings import EnrollSettings

dataset = typer.Typer(help="Folders of photos, before anybody is enrolled from them.", no_args_is_help=True)

#: AWS's list price of a call that looks at or compares a face, in US dollars (bench/kiosks/prices.py).
_PRICE = 0.001


@dataset.callback()
def _commands() -> None:
    """Keep ``check`` a command of its own, though it is the only one."""


@dataset.command()
def check(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            help="A sub-folder a person, or files like Grace_Hopper_0001.jpg.",
            exists=True,
            file_okay=False,
        ),
    ],
    *,
    threshold: Annotated[
        float, typer.Option(min=1, max=100, help="Similarity from which two photos count as of one person.")
    ] = 80,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write everything found, for programs.")
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Write a page with pictures of the worst.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before AWS is paid.")] = False,
    aws: OnAws = False,
) -> None:
    """Look for photos that spoil recognition: faceless, blurred, too few, or under a wrong name."""
    found = read_folder(folder)
    connected, limits = connect(aws), EnrollSettings()
    calls = calls_needed(len(found.photos))
    if aws and not yes:
        typer.confirm(
            f"{len(found.photos)} photos make at most {calls:,} calls of Amazon Rekognition, "
            f"about ${calls * _PRICE:,.2f} at its list price. Go on?",
            abort=True,
        )
    findings = _look(connected, found, limits, threshold)
    show(console, found, findings)
    if json_file is not None:
        json_file.write_text(
            json.dumps(as_json(found, findings), indent=2, ensure_ascii=False) + "\n", "utf-8"
        )
    if sheet is not None:
        sheet.write_text(render_sheet(found, findings, limits.max_pixels), "utf-8")
        console.print(f"{sheet} shows the worst; it holds pictures of faces", markup=False)


def _look(aws: Aws, folder: LabelledFolder, limits: EnrollSettings, threshold: float) -> Findings:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with (
        _interruptible(),
        PhotoInspector.open(aws.rekognition, limits) as inspector,
        Progress(*columns, console=console, transient=True) as progress,
    ):
        looking = progress.add_task("looking", total=len(folder.photos))
        photos = inspector.look(folder, lambda: progress.advance(looking))
        comparing = progress.add_task("comparing", total=sum(photo.face is not None for photo in photos))
        resemblances = inspector.compare(photos, threshold, lambda: progress.advance(comparing))
    return analyse(photos, resemblances, threshold)


@contextmanager
def _interruptible() -> Generator[None]:
    """Let SIGTERM end it as Ctrl-C does; a shell starts background jobs with SIGINT ignored."""
    before = {
        number: signal.signal(number, signal.default_int_handler)
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
