"""What the commands of zones, doors and rules share."""

import getpass
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import typer
from pydantic import BaseModel, ValidationError
from rich.markup import escape

from cli.connection import console
from cli.recording import recorded
from services.access.changes import named
from services.access.register import AccessRegister, UnknownRecord
from services.aws.access import AccessStore
from services.aws.connection import Aws
from services.contracts.access import AccessKind, AccessRecord, Locked, id_of, kind_of

Record = TypeVar("Record", bound=BaseModel)


def register_of(aws: Aws) -> AccessRegister:
    """Make the register of zones, doors, rules and holidays."""
    return AccessRegister(AccessStore(aws))


def made(model: type[Record], fields: Mapping[str, Any]) -> Record:
    """Make a record of what was typed.

    Raises
    ------
    typer.BadParameter
        If it is none; the message names what is wrong.
    """
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        complaint = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(map(str, complaint["loc"]))
        raise typer.BadParameter(f"{place}: {complaint['msg']}" if place else complaint["msg"]) from error


def add(aws: Aws, record: AccessRecord) -> None:
    """Add a record.

    Raises
    ------
    AccessRefused
        If its id is taken, or it names what is not there.
    """
    what = named(kind_of(record), id_of(record))
    with recorded(aws, f"{kind_of(record)}s add", record=record.model_dump(mode="json")):
        register_of(aws).create(record)
    console.print("[green]added[/]", escape(what))


def change(aws: Aws, kind: AccessKind, record_id: str, fields: Mapping[str, Any]) -> None:
    """Change a record; what no field is given for stays.

    Raises
    ------
    UnknownRecord
        If there is none.
    AccessRefused
        If it names what is not there.
    """
    register = register_of(aws)
    standing = register.get(kind, record_id)
    if standing is None:
        raise UnknownRecord(f"there is no {named(kind, record_id)}")
    changed = made(type(standing), standing.model_dump() | dict(fields))
    with recorded(aws, f"{kind}s change", record=changed.model_dump(mode="json")):
        register.update(changed)
    console.print("[green]changed[/]", escape(named(kind, record_id)))


def remove(aws: Aws, kind: AccessKind, record_id: str) -> None:
    """Remove a record.

    Raises
    ------
    UnknownRecord
        If there is none.
    InUse
        If something names it, or it is locked.
    """
    with recorded(aws, f"{kind}s remove", id=record_id):
        register_of(aws).remove(kind, record_id)
    console.print("[green]removed[/]", escape(named(kind, record_id)))


def lock(aws: Aws, target: Locked, target_id: str | None, reason: str) -> None:
    """Lock, from the next decision on.

    Raises
    ------
    UnknownRecord
        If there is no such door or zone.
    """
    locked_by = f"cli {getpass.getuser()}"
    with recorded(aws, f"{target}s lock", id=target_id, reason=reason):
        register_of(aws).lock(target, target_id, reason=reason, locked_by=locked_by, now=datetime.now(UTC))
    console.print("[red]locked[/]", escape(_called(target, target_id)))


def unlock(aws: Aws, target: Locked, target_id: str | None) -> None:
    """End a lockdown."""
    with recorded(aws, f"{target}s unlock", id=target_id):
        ended = register_of(aws).unlock(target, target_id)
    told = "[green]unlocked[/]" if ended else "[yellow]was not locked:[/]"
    console.print(told, escape(_called(target, target_id)))


def _called(target: Locked, target_id: str | None) -> str:
    return "the whole site" if target_id is None else f"{target} {target_id}"
