"""``facegate people consent``: that a person agreed to be recognised, or does no more."""

import getpass
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.markup import escape

from cli.connection import OnAws, connect, console
from cli.moments import parse_moment
from cli.people import Whom, find_person
from cli.recording import recorded
from services.aws.people import PeopleStore
from services.contracts.domain import Consent

_LONGEST_VERSION = 100


def consent(
    whom: Whom,
    *,
    text: Annotated[str | None, typer.Option(help="The version of the text that they agreed to.")] = None,
    given_at: Annotated[
        str | None, typer.Option(help="When: a date, or a date and time; now if not given.")
    ] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="They agree no more.")] = False,
    aws: OnAws = False,
) -> None:
    """Record that a person agreed to be recognised, or does no more: then no door opens to them."""
    if withdraw == (text is not None) or (withdraw and given_at is not None):
        raise typer.BadParameter("say --text VERSION, or --withdraw", param_hint="--text")
    if text is not None and not (0 < len(text) <= _LONGEST_VERSION and text.isprintable()):
        raise typer.BadParameter("give a version of up to 100 characters", param_hint="--text")
    connection, now, by = connect(aws), datetime.now(UTC), f"cli {getpass.getuser()}"
    store = PeopleStore(connection)
    person = find_person(store, whom)
    given = Consent(
        given_at=parse_moment(given_at) if given_at else now, text_version=text, recorded_by=by
    )  # fmt: skip
    changed = person.withdrawn_consent(by, now) if withdraw else given
    with recorded(connection, "people consent", person_id=person.person_id, text=text, withdraw=withdraw):
        store.update(person.model_copy(update={"consent": changed}), now)
    console.print(
        f"[yellow]withdrawn[/]: no door opens to {escape(person.full_name)} any more"
        if withdraw
        else f"[green]recorded[/] the consent of {escape(person.full_name)}"
    )
