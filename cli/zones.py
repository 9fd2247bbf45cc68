"""``facegate zones``: the areas that doors lead into, and locking them."""

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from cli.access import add, change, lock, made, register_of, remove, unlock
from cli.connection import OnAws, connect, console
from services.contracts.access import AccessKind, Locked, Zone

zones = typer.Typer(help="The areas that doors lead into.", no_args_is_help=True)
ZoneId = Annotated[str, typer.Argument(metavar="ZONE", help="Letters, digits, dots, - and _.")]
Reason = Annotated[str, typer.Option(help="Why, for whoever asks later.")]


@zones.command("list")
def show(aws: OnAws = False) -> None:
    """List the zones."""
    register = register_of(connect(aws))
    rules, state = register.rules()
    if not rules.configuration.zones:
        console.print("There is no zone: facegate zones add ZONE")
        return
    table = Table("Zone", "Name", "Doors", "")
    for zone_id, zone in sorted(rules.configuration.zones.items()):
        doors = [door.door_id for door in rules.configuration.doors.values() if door.zone_id == zone_id]
        locked = state.site_locked or zone_id in state.locked_zones
        table.add_row(
            zone_id, escape(zone.name), ", ".join(sorted(doors)), "[red]locked[/]" if locked else ""
        )
    console.print(table)


@zones.command("add")
def zones_add(
    zone_id: ZoneId,
    name: Annotated[str | None, typer.Option(help="What to call it; its id, if left out.")] = None,
    aws: OnAws = False,
) -> None:
    """Add a zone."""
    add(connect(aws), made(Zone, {"zone_id": zone_id, "name": name or zone_id}))


@zones.command("change")
def zones_change(
    zone_id: ZoneId, name: Annotated[str, typer.Option(help="What to call it.")], aws: OnAws = False
) -> None:
    """Call a zone something else."""
    change(connect(aws), AccessKind.ZONE, zone_id, {"name": name})


@zones.command("remove")
def zones_remove(zone_id: ZoneId, aws: OnAws = False) -> None:
    """Remove a zone that no door belongs to and no rule names."""
    remove(connect(aws), AccessKind.ZONE, zone_id)


@zones.command("lock")
def zones_lock(zone_id: ZoneId, reason: Reason, aws: OnAws = False) -> None:
    """Lock all doors of a zone, from the next frame on."""
    lock(connect(aws), Locked.ZONE, zone_id, reason)


@zones.command("unlock")
def zones_unlock(zone_id: ZoneId, aws: OnAws = False) -> None:
    """End a zone's lockdown; the rules decide again."""
    unlock(connect(aws), Locked.ZONE, zone_id)
