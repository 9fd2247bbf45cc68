"""``facegate people export``: everything that is kept about a person, for them."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from cli.connection import OnAws, connect, console
from cli.new_files import in_a_folder
from cli.people import Whom, find_person
from cli.recording import recorded
from services.aws.exports import PersonExports
from services.aws.people import PeopleStore
from services.contracts.audit import AuditKind


def export_person(
    whom: Whom,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", help="The ZIP to write.", dir_okay=False, callback=in_a_folder),
    ],
    aws: OnAws = False,
) -> None:
    """Write everything that is kept about a person into a ZIP; that it was done is on record."""
    connection = connect(aws)
    person = find_person(PeopleStore(connection), whom)
    with (
        recorded(connection, "people export", person_id=person.person_id, kind=AuditKind.LOOK),
        output.open("wb") as file,
    ):
        file.writelines(PersonExports(connection).archive(person))
    console.print(f"[green]wrote[/] everything about {escape(person.full_name)} to {escape(str(output))}")
