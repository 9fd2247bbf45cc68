"""``facegate held``: photos whose face belongs to another person already, and what an operator decides."""

import re
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from cli.connection import OnAws, connect, console, whole_id
from cli.recording import recorded
from services.aws.held import HeldPhotos, Resolution

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def _an_id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise typer.BadParameter("give an enrollment's id as facegate held list shows it")
    return text


held = typer.Typer(help="Photos that resemble another person and wait for you.", no_args_is_help=True)
EnrollmentId = Annotated[
    str,
    typer.Argument(
        metavar="ENROLLMENT", help="The enrollment's id, as facegate held list shows it.", callback=_an_id
    ),
]


@held.command("list")
def held_list(aws: OnAws = False) -> None:
    """List the photos that wait, the longest waiting first."""
    waiting = HeldPhotos.connect(connect(aws)).all()
    if not waiting:
        console.print("No photo waits for a decision.")
        return
    table = Table(whole_id("Enrollment"), "Given for", "Resembles", "Similarity", "Photo", "Since")
    for photo in waiting:
        other = photo.held_for
        table.add_row(
            photo.enrollment_id,
            escape(photo.full_name or ""),
            escape(other.full_name) if other else "",
            f"{other.similarity:.2f} %" if other else "",
            escape(f"s3://{photo.bucket}/{photo.key}"),
            f"{photo.received_at:%Y-%m-%d %H:%M}",
        )
    console.print(table)


@held.command()
def merge(enrollment_id: EnrollmentId, aws: OnAws = False) -> None:
    """Give the photo to the person whom it resembles: they are the same."""
    _resolve(enrollment_id, Resolution.MERGE, aws)


@held.command()
def keep(enrollment_id: EnrollmentId, aws: OnAws = False) -> None:
    """Keep both: they are two people who look alike."""
    _resolve(enrollment_id, Resolution.KEEP_BOTH, aws)


@held.command()
def reject(enrollment_id: EnrollmentId, aws: OnAws = False) -> None:
    """Remove the photo: it was given for the wrong person."""
    _resolve(enrollment_id, Resolution.REJECT, aws)


def _resolve(enrollment_id: str, resolution: Resolution, aws: bool) -> None:
    connection = connect(aws)
    with recorded(connection, "held", enrollment_id=enrollment_id, resolution=resolution.value):
        done = HeldPhotos.connect(connection).resolve(enrollment_id, resolution)
    if done.rejection is None:
        console.print(f"[green]indexed[/] {escape(done.full_name or '')}: person {done.person_id}")
    else:
        console.print(f"[red]rejected[/] {escape(done.detail or done.rejection.sentence)}")
