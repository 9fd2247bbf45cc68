"""``facegate people``: who is enrolled, who may be recognised, and removing somebody for good."""

import getpass
import time
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError
from rich.markup import escape
from rich.table import Column, Table

from cli.access import made
from cli.connection import OnAws, connect, console, whole_id
from cli.moments import parse_moment
from cli.recording import recorded
from services.aws.connection import Aws
from services.aws.deletions import DeletionStore
from services.aws.enrollments import EnrollmentStore
from services.aws.people import PeopleStore, PersonUnknown
from services.aws.photo_removal import PhotoRemovalStore
from services.contracts.access import Group
from services.contracts.domain import ENOUGH_PHOTOS, Deletion, Person, PersonStatus
from services.contracts.names import fold_name

people = typer.Typer(help="The people enrolled.", no_args_is_help=True)
Whom = Annotated[str, typer.Argument(metavar="PERSON", help="The person's id or full name.")]

_COLOURS = {PersonStatus.ACTIVE: "green", PersonStatus.DISABLED: "yellow", PersonStatus.DELETING: "red"}
_POLL_SECONDS = 0.2
_GROUPS: TypeAdapter[tuple[str, ...]] = TypeAdapter(tuple[Group, ...])
_MOST_PHOTOS = 100
#: Longer than any person's; DynamoDB takes no key of more than 2,048 bytes.
_LONGEST_ID = 100


class NobodyFound(PersonUnknown):
    """Nobody has the id or the name."""

    def __init__(self, whom: str) -> None:
        Exception.__init__(
            self, f"nobody has the id or name {whom[:_LONGEST_ID]!r}; facegate people list shows everybody"
        )


class SeveralPeople(Exception):
    """Several people have the name."""


class DeletionPending(Exception):
    """What is to be removed counts no more, but not all of it is gone yet."""


@people.command("list")
def people_list(
    search: Annotated[str, typer.Argument(help="How the name, or a word of it, begins.")] = "",
    limit: Annotated[int, typer.Option(help="Most people to show.", min=1, max=10_000)] = 100,
    aws: OnAws = False,
) -> None:
    """List people by name."""
    page = PeopleStore(connect(aws)).page(search, limit=limit)
    if not page.people:
        console.print("Nobody's name begins so." if search else "Nobody is enrolled.")
        return
    # what nobody has would leave a narrow terminal no room for names
    groups = any(person.groups for person in page.people)
    external_ids = any(person.external_id for person in page.people)
    table = Table(
        Column("Name", overflow="fold"), whole_id("Person"), Column("Status", no_wrap=True), "Photos"
    )
    if groups:
        table.add_column("Groups")
    if external_ids:
        table.add_column("External id")
    for person in page.people:
        cells = [escape(person.full_name), person.person_id, _status(person), _photos(person)]
        cells += [escape(", ".join(person.groups))] * groups
        cells += [escape(person.external_id or "")] * external_ids
        table.add_row(*cells)
    console.print(table)
    if page.cursor is not None:
        console.print(f"There are more than {limit}: say how the name begins, or --limit more.")


@people.command()
def show(whom: Whom, aws: OnAws = False) -> None:
    """Show one person, and what became of their photos."""
    connection = connect(aws)
    person = find_person(PeopleStore(connection), whom)
    table = Table.grid(padding=(0, 2))
    for name, value in (
        ("name", escape(person.full_name)),
        ("person", person.person_id),
        ("status", _status(person)),
        ("photos", _photos(person)),
        ("groups", escape(", ".join(person.groups))),
        ("external id", escape(person.external_id or "")),
        ("valid", _validity(person)),
        ("consent", _consent(person)),
        ("enrolled", f"{person.created_at:%Y-%m-%d %H:%M}"),
    ):
        table.add_row(f"[dim]{name}[/]", value)
    console.print(table)
    _show_photos(connection, person)
    if person.wants_more_photos:
        console.print(
            f"With {ENOUGH_PHOTOS} photos or more {escape(person.full_name)} is recognised more surely."
        )


@people.command("set")
def set_person(
    whom: Whom,
    *,
    group: Annotated[
        list[str] | None,
        typer.Option(help="A group that the person belongs to, in place of all; once for each."),
    ] = None,
    no_groups: Annotated[
        bool, typer.Option("--no-groups", help="Take the person out of all groups.")
    ] = False,
    valid_from: Annotated[
        str | None, typer.Option(help="When doors begin to open to them: a date, a date and time, or always.")
    ] = None,
    valid_until: Annotated[
        str | None, typer.Option(help="When doors open to them no more: a date, a date and time, or never.")
    ] = None,
    aws: OnAws = False,
) -> None:
    """Say which groups a person belongs to, and from when until when doors open to them."""
    fields: dict[str, Any] = {}
    if group or no_groups:
        fields["groups"] = _groups(group or [])
    if valid_from is not None:
        fields["valid_from"] = None if valid_from == "always" else parse_moment(valid_from)
    if valid_until is not None:
        fields["valid_until"] = None if valid_until == "never" else parse_moment(valid_until)
    if not fields:
        raise typer.BadParameter("say what to set: --group, --no-groups, --valid-from, --valid-until")
    connection = connect(aws)
    store = PeopleStore(connection)
    person = find_person(store, whom)
    changed = made(Person, person.model_dump() | fields)
    with recorded(connection, "people set", person_id=person.person_id, fields=", ".join(sorted(fields))):
        store.update(changed, datetime.now(UTC))
    console.print(f"[green]changed[/] {escape(person.full_name)}")


@people.command()
def disable(whom: Whom, aws: OnAws = False) -> None:
    """Let a person in no more, but keep their photos."""
    _set_status(connect(aws), whom, PersonStatus.DISABLED)


@people.command()
def enable(whom: Whom, aws: OnAws = False) -> None:
    """Let a disabled person in again."""
    _set_status(connect(aws), whom, PersonStatus.ACTIVE)


@people.command()
def delete(
    whom: Whom,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    timeout: Annotated[float, typer.Option(help="Seconds to wait until everything is removed.", min=0)] = 60,
    aws: OnAws = False,
) -> None:
    """Remove a person for good: faces, photos, and the name in enrollments and past decisions."""
    connection = connect(aws)
    person = find_person(PeopleStore(connection), whom)
    photos = f"{person.photos} {'photo' if person.photos == 1 else 'photos'}"
    if not yes:
        typer.confirm(f"Remove {person.full_name} ({photos}) for good?", abort=True)
    deletions = DeletionStore(connection)
    with recorded(connection, "people delete", person_id=person.person_id):
        asked = deletions.request(person.person_id, getpass.getuser(), datetime.now(UTC))
    receipt = _finished(deletions, asked, timeout)
    console.print(
        f"[green]removed[/] {escape(person.full_name)}: {receipt.faces} faces, {receipt.photos} versions of "
        f"photos, the name in {receipt.enrollments} enrollments, {receipt.decisions} decisions and "
        f"{receipt.audit_records} records of the audit trail; receipt {receipt.deletion_id}"
    )


@people.command("remove-photo")
def remove_photo(
    whom: Whom,
    enrollment_id: Annotated[
        str, typer.Argument(metavar="PHOTO", help="The photo's id, as facegate people show tells it.")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    timeout: Annotated[float, typer.Option(help="Seconds to wait until everything is removed.", min=0)] = 60,
    aws: OnAws = False,
) -> None:
    """Remove one photo of a person for good; the person stays."""
    connection = connect(aws)
    person = find_person(PeopleStore(connection), whom)
    if not yes:
        typer.confirm(f"Remove photo {enrollment_id} of {person.full_name} for good?", abort=True)
    removals = PhotoRemovalStore(connection)
    with recorded(connection, "people remove-photo", person_id=person.person_id, enrollment_id=enrollment_id):
        asked = removals.request(person.person_id, enrollment_id, getpass.getuser(), datetime.now(UTC))
    receipt = _finished(DeletionStore(connection), asked, timeout)
    console.print(
        f"[green]removed[/] a photo of {escape(person.full_name)}: {receipt.faces} faces, {receipt.photos} "
        f"versions of it; receipt {receipt.deletion_id}"
    )


def find_person(store: PeopleStore, whom: str) -> Person:
    """Find a person by id or full name.

    Raises
    ------
    NobodyFound
        If there is none.
    SeveralPeople
        If the name is several people's.
    AwsError
        If the table cannot be asked.
    """
    person = store.get(whom) if 0 < len(whom) <= _LONGEST_ID else None
    if person is not None:
        return person
    name = fold_name(whom)
    page = store.page(whom, limit=1000) if name else None
    namesakes = [person for person in page.people if fold_name(person.full_name) == name] if page else []
    if not namesakes:
        raise NobodyFound(whom)
    if len(namesakes) > 1:
        ids = ", ".join(person.person_id for person in namesakes)
        raise SeveralPeople(f"{len(namesakes)} people have the name {whom}; give one's id: {ids}")
    return namesakes[0]


def _set_status(aws: Aws, whom: str, status: PersonStatus) -> None:
    store = PeopleStore(aws)
    person_id = find_person(store, whom).person_id
    command = "people disable" if status is PersonStatus.DISABLED else "people enable"
    with recorded(aws, command, person_id=person_id):
        person = store.set_status(person_id, status, datetime.now(UTC))
    console.print(f"{escape(person.full_name)} is {_status(person)}")


def _finished(deletions: DeletionStore, asked: Deletion, timeout: float) -> Deletion:
    deadline = time.monotonic() + timeout
    while True:
        receipt = deletions.get(asked.deletion_id)
        if receipt is not None and receipt.finished_at is not None:
            return receipt
        if time.monotonic() >= deadline:
            raise DeletionPending(
                f"{'the photo' if asked.enrollment_id else 'the person'} is marked as deleted, but deletion "
                f"{asked.deletion_id} was not finished after {timeout:.0f} s and goes on by itself: does an "
                "enroll worker run?"
            )
        time.sleep(_POLL_SECONDS)


def _show_photos(aws: Aws, person: Person) -> None:
    photos, more = EnrollmentStore(aws).of_person(person.person_id, limit=_MOST_PHOTOS)
    if not photos:
        return
    table = Table("Photo", "Received", "Status", "Why", "Where")
    for photo in photos:
        why = photo.detail or (photo.rejection.sentence if photo.rejection else "")
        place = escape(photo.file or f"s3://{photo.bucket}/{photo.key}")
        table.add_row(
            photo.enrollment_id,
            f"{photo.received_at:%Y-%m-%d %H:%M}",
            photo.status.value,
            escape(why),
            place,
        )
    console.print(table)
    if more is not None:
        console.print(f"There are more than {_MOST_PHOTOS} photos.")


def _groups(given: list[str]) -> tuple[str, ...]:
    try:
        return _GROUPS.validate_python(given)
    except ValidationError as error:
        raise typer.BadParameter(
            "a group has up to 100 characters, and none of , ; and |", param_hint="--group"
        ) from error


def _consent(person: Person) -> str:
    consent = person.consent
    if consent is None:
        return "not recorded"
    if consent.withdrawn_at is not None:
        return f"[yellow]withdrawn[/] {consent.withdrawn_at:%Y-%m-%d}"
    return f"{escape(consent.text_version or '')}, {consent.given_at:%Y-%m-%d}"


def _validity(person: Person) -> str:
    begins = f"from {person.valid_from:%Y-%m-%d %H:%M %Z} " if person.valid_from else ""
    ends = f"until {person.valid_until:%Y-%m-%d %H:%M %Z}" if person.valid_until else ""
    return f"{begins}{ends}".strip() or "always"


def _status(person: Person) -> str:
    return f"[{_COLOURS[person.status]}]{person.status.value}[/]"


def _photos(person: Person) -> str:
    return f"[yellow]{person.photos}[/]" if person.wants_more_photos else str(person.photos)
