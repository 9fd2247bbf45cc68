"""What was found, for the terminal and as JSON."""

from dataclasses import asdict
from typing import Any

from rich.columns import Columns
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.dataset.analysis import Distribution, Findings, Mislabelled, SamePerson
from cli.dataset.photos import LabelledFolder
from services.contracts.domain import ENOUGH_PHOTOS

#: Lines of each kind on the terminal; the sheet and the JSON file have more.
_MOST_LINES = 10
_BAR = 14


def as_json(folder: LabelledFolder, findings: Findings) -> dict[str, Any]:
    """Shape everything that was found for programs."""
    return {
        "threshold": findings.threshold,
        "people": findings.usable,
        "too_few_photos": findings.too_few,
        "photos": [
            {
                "file": photo.file,
                "person": photo.person,
                "faces": int(photo.face is not None) + len(photo.others),
                "face": asdict(photo.face) if photo.face else None,
                "refused": photo.refusal.reason.value if photo.refusal else None,
                "detail": photo.refusal.detail if photo.refusal else None,
            }
            for photo in findings.photos
        ],
        "refused": {
            reason.value: [photo.file for photo in photos] for reason, photos in findings.refused.items()
        },
        "unlike": [photo.file for photo in findings.unlike],
        "copies": findings.copies,
        "mislabelled": [asdict(found) for found in findings.mislabelled],
        "same_person": [asdict(found) for found in findings.same_person],
        "distributions": {found.name: dict(found.counts) for found in findings.distributions},
        "left_out": [asdict(refusal) for refusal in folder.left_out],
    }


def show(console: Console, folder: LabelledFolder, findings: Findings) -> None:
    """Print a summary, the worst of each kind, and how good the faces are."""
    console.print(_summary(folder, findings))
    _list(console, "Likely mislabelled", [_mislabelled(found) for found in findings.mislabelled])
    _list(console, "People who look like one", [_same_person(found) for found in findings.same_person])
    _list(console, "Unlike their own", [photo.file for photo in findings.unlike])
    _list(console, "The same file more than once", [", ".join(files) for files in findings.copies])
    refusals = [photo for photos in findings.refused.values() for photo in photos]
    lines = [f"{photo.file}: {photo.refusal.detail}" for photo in refusals if photo.refusal]
    _list(console, "Would be refused", lines)
    _list(console, "Left out", [f"{refusal.file}: {refusal.sentence}" for refusal in folder.left_out])
    too_few = [f"{person}: {count}" for person, count in findings.too_few.items()]
    _list(console, "Too few photos", too_few)
    console.print(Columns([_histogram(found) for found in findings.distributions], padding=(0, 4)))


def _summary(folder: LabelledFolder, findings: Findings) -> Table:
    table = Table(title="Photos", show_header=False, title_justify="left")
    table.add_column("what")
    table.add_column("how many", justify="right")
    table.add_row("people", str(len(findings.usable)))
    table.add_row("photos", str(len(findings.photos)))
    table.add_row("… that enrollment would take", str(sum(findings.usable.values())))
    for reason, photos in findings.refused.items():
        what = reason.value.replace("_", " ")
        table.add_row(f"… that it would refuse: {what}", str(len(photos)), style="yellow")
    for what, count in (
        ("files left out: no pictures, or nobody's by their names", len(folder.left_out)),
        ("likely mislabelled photos", len(findings.mislabelled)),
        ("pairs of people who look like one", len(findings.same_person)),
        ("photos unlike their person's others", len(findings.unlike)),
        ("files that are there more than once", len(findings.copies)),
        (f"people with fewer than {ENOUGH_PHOTOS} photos that would be taken", len(findings.too_few)),
    ):
        table.add_row(what, str(count), style="yellow" if count else "")
    return table


def _mislabelled(found: Mislabelled) -> str:
    return f"{found.file} resembles {found.like} ({found.like_file}, {found.like_similarity:.1f} %)"


def _same_person(found: SamePerson) -> str:
    return f"{found.people[0]} and {found.people[1]} ({found.share:.0%} of the pairs of photos)"


def _list(console: Console, title: str, lines: list[str]) -> None:
    if not lines:
        return
    console.print(Text(title, style="bold"))
    for line in lines[:_MOST_LINES]:
        console.print(Text(f"  {line}"))
    if len(lines) > _MOST_LINES:
        console.print(Text(f"  and {len(lines) - _MOST_LINES} more", style="dim"))


def _histogram(found: Distribution) -> Table:
    table = Table(title=found.name, show_header=False, box=None, title_justify="left", title_style="bold")
    most = max(1, *(count for _, count in found.counts))
    for words, count in found.counts:
        table.add_row(f"  {words}", str(count), "█" * round(_BAR * count / most))
    return table
