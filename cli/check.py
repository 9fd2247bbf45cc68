"""``facegate check``: whether the collection has the faces that the tables say, and no others."""

from functools import partial
from typing import Annotated

import typer
from rich.markup import escape

from cli.connection import OnAws, connect, console
from cli.recording import recorded
from services.aws.census import take_census
from services.aws.face_index import UnlikeUser
from services.aws.mending import Mending
from services.drift.finding import Drift, DriftKind, standing_drift


def check(
    mend: Annotated[bool, typer.Option("--mend", help="Put right what can be put right.")] = False,
    aws: OnAws = False,
) -> None:
    """Compare the face collection with the tables; exit status 1 where they differ and were not mended."""
    connection = connect(aws)
    found = standing_drift(partial(take_census, connection))
    if not found:
        console.print("[green]Collection and tables agree.[/]")
        return
    if mend:
        with recorded(connection, "check --mend", differences=len(found)):
            left = _tell(found, Mending(connection))
    else:
        left = _tell(found, None)
    if left:
        console.print(f"{left} of {len(found)} are left" + ("." if mend else ": facegate check --mend"))
        raise typer.Exit(1)
    console.print(f"[green]{len(found)} mended.[/]")


def _tell(found: list[Drift], mending: Mending | None) -> int:
    """Tell what differs, and put it right if there is something to do it with; return how many are left."""
    left = 0
    for drift in found:
        obstacle = _mend(mending, drift) if mending else None
        mended = mending is not None and obstacle is None
        left += not mended
        console.print(f"[{'green' if mended else 'yellow'}]{drift.kind.value}[/] {escape(drift.sentence)}")
        if obstacle is not None:
            console.print(f"  Not mended: {escape(obstacle)}")
    return left


def _mend(mending: Mending, drift: Drift) -> str | None:
    """Put it right; if that cannot be done, say why and what can be."""
    person_id = drift.person_id
    match drift.kind:
        case DriftKind.FACE_OF_NOBODY:
            mending.take_out(drift.subject, person_id)
        case DriftKind.USER_OF_NOBODY:
            mending.delete_user(drift.subject)
        case DriftKind.FACE_GONE if person_id is not None:
            mending.give_up(drift.subject, person_id)
        case DriftKind.FACE_OUTSIDE_USER if person_id is not None:
            return _associated(mending, drift.subject, person_id)
        case DriftKind.PHOTOS_MISCOUNTED if drift.counted is not None:
            mending.count_photos(drift.subject, drift.counted)
        case DriftKind.ENROLLMENT_STUCK:
            mending.fail(drift.subject)
        case DriftKind.DELETION_STUCK if person_id is not None:
            mending.resume_deletion(drift.subject, person_id)
        case DriftKind.UPLOAD_LOST if drift.upload is not None:
            mending.enroll(drift.upload)
        case _:
            return "nothing says whom it is about; look into the tables"
    return None


def _associated(mending: Mending, face_id: str, person_id: str) -> str | None:
    try:
        mending.associate(face_id, person_id)
    except UnlikeUser:
        return (
            "it does not resemble the person's other photos, so one of them shows somebody else: "
            f"facegate people show {person_id}"
        )
    return None
