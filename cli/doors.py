"""``facegate doors``: what decisions open, and locking it."""

from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from cli.access import add, change, lock, made, register_of, remove, unlock
from cli.connection import OnAws, connect, console
from cli.zones import Reason
from services.contracts.access import AccessKind, AccessState, Door, Locked

doors = typer.Typer(help="The doors, each of which belongs to a zone.", no_args_is_help=True)
DoorId = Annotated[str, typer.Argument(metavar="DOOR", help="Letters, digits, dots, - and _.")]
Name = Annotated[str | None, typer.Option(help="What to call it; its id, if left out.")]
Threshold = Annotated[
    float | None, typer.Option(help="Least similarity in percent at this door; that of all, if left out.")
]


@doors.command("list")
def show(aws: OnAws = False) -> None:
    """List the doors."""
    rules, state = register_of(connect(aws)).rules()
    if not rules.configuration.doors:
        console.print("There is no door: facegate doors add DOOR --zone ZONE")
        return
    table = Table("Door", "Name", "Zone", "Threshold", "")
    for door_id, door in sorted(rules.configuration.doors.items()):
        threshold = "" if door.threshold is None else f"{door.threshold:g} %"
        table.add_row(door_id, escape(door.name), door.zone_id, threshold, _lockdown(door, state))
    console.print(table)


@doors.command("add")
def doors_add(
    door_id: DoorId,
    *,
    zone: Annotated[str, typer.Option(help="The zone that it belongs to.")],
    name: Name = None,
    threshold: Threshold = None,
    aws: OnAws = False,
) -> None:
    """Add a door; it lets somebody in when a rule names it or its zone."""
    fields = {"door_id": door_id, "name": name or door_id, "zone_id": zone, "threshold": threshold}
    add(connect(aws), made(Door, fields))


@doors.command("change")
def doors_change(
    door_id: DoorId,
    *,
    zone: Annotated[str | None, typer.Option(help="The zone that it belongs to.")] = None,
    name: Annotated[str | None, typer.Option(help="What to call it.")] = None,
    threshold: Threshold = None,
    usual_threshold: Annotated[
        bool, typer.Option("--usual-threshold", help="Give it the threshold of all doors.")
    ] = False,
    aws: OnAws = False,
) -> None:
    """Change a door; what no option is given for stays."""
    given = {"zone_id": zone, "name": name, "threshold": threshold}
    fields: dict[str, Any] = {field: value for field, value in given.items() if value is not None}
    if usual_threshold:
        fields["threshold"] = None
    change(connect(aws), AccessKind.DOOR, door_id, fields)


@doors.command("remove")
def doors_remove(door_id: DoorId, aws: OnAws = False) -> None:
    """Remove a door that no rule names."""
    remove(connect(aws), AccessKind.DOOR, door_id)


@doors.command("lock")
def doors_lock(door_id: DoorId, reason: Reason, aws: OnAws = False) -> None:
    """Lock a door to everybody, from the next frame on."""
    lock(connect(aws), Locked.DOOR, door_id, reason)


@doors.command("unlock")
def doors_unlock(door_id: DoorId, aws: OnAws = False) -> None:
    """End a door's lockdown; the rules decide again."""
    unlock(connect(aws), Locked.DOOR, door_id)


def _lockdown(door: Door, state: AccessState) -> str:
    if state.site_locked:
        return "[red]site locked[/]"
    if door.zone_id in state.locked_zones:
        return "[red]zone locked[/]"
    return "[red]locked[/]" if door.door_id in state.locked_doors else ""
