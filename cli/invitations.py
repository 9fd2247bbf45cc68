"""``facegate people invite | invitations | uninvite``: links by which people send photos of themselves."""

import getpass
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.table import Table

from cli.connection import OnAws, connect, console
from cli.people import Whom, find_person
from cli.recording import recorded
from localaws.machine import MachineSettings
from services.aws.invitations import InvitationStore
from services.aws.people import PeopleStore
from services.contracts.domain import Person, PersonStatus
from services.contracts.invitations import (
    LONGEST_VALIDITY,
    MOST_PHOTOS,
    USUAL_PHOTOS,
    USUAL_VALIDITY,
    Invitation,
    link_of,
)
from services.contracts.invitations import invite as make_invitation

_HOUR = timedelta(hours=1)
_MOST_LISTED = 100


class InvitationUnknown(Exception):
    """The person has no such invitation, or it is forgotten."""


class PersonGoing(Exception):
    """The person is being deleted."""


def invite(
    whom: Whom,
    *,
    hours: Annotated[
        int, typer.Option(help="How long the link is good for.", min=1, max=LONGEST_VALIDITY // _HOUR)
    ] = USUAL_VALIDITY // _HOUR,
    photos: Annotated[
        int, typer.Option(help="How many photos may count.", min=1, max=MOST_PHOTOS)
    ] = USUAL_PHOTOS,
    gateway: Annotated[
        str | None,
        typer.Option(
            "--gateway", help="The gateway's URL as the person sees it; this machine's if not given."
        ),
    ] = None,
    aws: OnAws = False,
) -> None:
    """Print a link by which a person agrees to be recognised and sends photos; it is shown this once.

    Whoever has the link can send photos for the person: give it to nobody else.
    """
    connection = connect(aws)
    person = _invitable(find_person(PeopleStore(connection), whom))
    by = f"cli {getpass.getuser()}"
    invitation, token = make_invitation(
        person, by, datetime.now(UTC), validity=hours * _HOUR, most_photos=photos
    )
    with recorded(
        connection, "people invite", person_id=person.person_id, invitation_id=invitation.invitation_id
    ):
        InvitationStore(connection).add(invitation)
    print(link_of(gateway or MachineSettings.from_environment().gateway_url, token))


def invitations(whom: Whom, aws: OnAws = False) -> None:
    """List a person's invitations, the newest first, those included that ended within a month."""
    connection = connect(aws)
    person = find_person(PeopleStore(connection), whom)
    listed, more = InvitationStore(connection).of_person(person.person_id, limit=_MOST_LISTED)
    if not listed:
        console.print("Nobody was invited: facegate people invite PERSON")
        return
    table, now = Table("Invitation", "Status", "Until", "Photos sent", "Made by"), datetime.now(UTC)
    for one in listed:
        table.add_row(
            one.invitation_id,
            _status(one, person, now),
            f"{one.valid_until:%Y-%m-%d %H:%M}",
            f"{len(one.photos)} of {one.most_photos}",
            one.created_by,
        )
    console.print(table)
    if more is not None:
        console.print(f"There are more than {_MOST_LISTED}.")


def uninvite(
    whom: Whom,
    invitation_id: Annotated[
        str, typer.Argument(metavar="INVITATION", help="Its id, as facegate people invitations tells it.")
    ],
    aws: OnAws = False,
) -> None:
    """Take an invitation back: its link leads nowhere any more; the photos that were sent stay."""
    connection = connect(aws)
    store, person = InvitationStore(connection), find_person(PeopleStore(connection), whom)
    invitation = store.get(invitation_id) if invitation_id else None
    if invitation is None or invitation.person_id != person.person_id:
        raise InvitationUnknown(f"{person.full_name} has no invitation {invitation_id}")
    with recorded(
        connection, "people uninvite", person_id=person.person_id, invitation_id=invitation.invitation_id
    ):
        store.revoke(invitation.invitation_id, datetime.now(UTC))
    console.print("[green]taken back[/]")


def _invitable(person: Person) -> Person:
    if person.status is PersonStatus.DELETING:
        raise PersonGoing(f"{person.full_name} is being deleted")
    return person


def _status(invitation: Invitation, person: Person, now: datetime) -> str:
    if invitation.revoked_at is not None:
        return "[yellow]taken back[/]"
    if invitation.has_expired(now) or not invitation.invites(person):
        return "[yellow]expired[/]"
    return "[green]open[/]"
