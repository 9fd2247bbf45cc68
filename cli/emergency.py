"""``facegate emergency``: open all doors, lock all doors, and end it; without a gateway or a worker."""

import getpass
from typing import Annotated
from uuid import UUID

import typer
from rich.markup import escape
from rich.table import Table

from cli.connection import OnAws, connect, console
from cli.recording import recorded
from services.access.register import AccessRegister
from services.access.site import Site
from services.aws.access import AccessStore
from services.aws.connection import Aws
from services.aws.door_actions import DoorActionStore
from services.aws.door_targets import DoorTargets
from services.aws.emergencies import EmergencyStore
from services.contracts.emergencies import DoorState, Emergency, EmergencyAction
from services.doors.emergencies import Emergencies
from services.doors.sending import OrderSender
from services.doors.settings import DoorSettings
from services.doors.webhooks import WebhookSender
from services.gateway.uuid7 import uuid7

emergency = typer.Typer(help="Open all doors, lock all doors, and end it.", no_args_is_help=True)
Zone = Annotated[str | None, typer.Option("--zone", help="A zone instead of the whole site.")]
Confirmed = Annotated[
    str | None,
    typer.Option("--confirm", help="What would have to be typed, for programs that have no terminal."),
]
_COLOURS = {DoorState.ARRIVED: "green", DoorState.FAILED: "bold red", DoorState.NO_ACTION: "yellow"}


@emergency.command("open-all")
def open_all(zone: Zone = None, confirm: Confirmed = None, aws: OnAws = False) -> None:
    """Tell all doors that act to stand open, for everybody."""
    _carry_out(EmergencyAction.OPEN_ALL, zone, confirm, aws)


@emergency.command("lock-all")
def lock_all(zone: Zone = None, confirm: Confirmed = None, aws: OnAws = False) -> None:
    """Let nobody in from the next decision on, and tell doors that act to shut."""
    _carry_out(EmergencyAction.LOCK_ALL, zone, confirm, aws)


@emergency.command("end")
def end(zone: Zone = None, confirm: Confirmed = None, aws: OnAws = False) -> None:
    """Have the rules decide again, and tell doors that act to shut as usual."""
    _carry_out(EmergencyAction.END, zone, confirm, aws)


def _carry_out(action: EmergencyAction, zone: str | None, confirmed: str | None, on_aws: bool) -> None:
    aws = connect(on_aws)
    site = Site(AccessRegister(AccessStore(aws)))
    doors = len(site.doors_of(zone))
    wanted = f"{action.replace('_', ' ')} {zone or 'site'}"
    console.print(f"This is about {doors} doors of {f'zone {escape(zone)}' if zone else 'the whole site'}.")
    typed = confirmed or typer.prompt(f"Type '{wanted}' to do it")
    if typed.strip() != wanted:
        console.print("Nothing was done.")
        raise typer.Exit(1)
    emergency_id: UUID = uuid7()
    with recorded(aws, f"emergency {action.replace('_', '-')}", emergency_id=str(emergency_id), zone_id=zone):
        emergencies = _emergencies(aws, site)
        begun = emergencies.begin(str(emergency_id), action, zone, f"cli {getpass.getuser()}")
        finished = emergencies.carry_out(begun) if begun else None
    if finished is not None:
        _show(finished)
    if finished is None or any(door.state is DoorState.FAILED for door in finished.doors):
        raise typer.Exit(2)


def _emergencies(aws: Aws, site: Site) -> Emergencies:
    settings = DoorSettings()
    sender = OrderSender(
        WebhookSender(plain_http=settings.plain_http), DoorTargets(aws), settings.attempt_seconds
    )
    return Emergencies(EmergencyStore(aws), site, DoorActionStore(aws), sender, at_once=settings.at_once)


def _show(finished: Emergency) -> None:
    table = Table("Door", "Told", "Attempts", "Problem")
    for door in finished.doors:
        colour = _COLOURS.get(door.state, "white")
        state = f"[{colour}]{door.state.replace('_', ' ')}[/]"
        table.add_row(escape(door.door_id), state, str(door.attempts), escape(door.problem or ""))
    console.print(table)
