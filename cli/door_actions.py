"""``facegate doors action``: what a door does when somebody may pass."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.markup import escape

from cli.connection import OnAws, complaints, connect, console
from cli.recording import recorded
from services.access.register import AccessRegister
from services.aws.access import AccessStore
from services.aws.connection import Aws
from services.aws.door_actions import DoorActionStore
from services.contracts.access import AccessKind
from services.contracts.doors import DoorAction, EventBus, Queue, Target, Webhook, new_secret
from services.doors.addresses import UnusableAddress, check_url
from services.doors.settings import DoorSettings

door_actions = typer.Typer(help="What a door does when somebody may pass.", no_args_is_help=True)
DoorId = Annotated[str, typer.Argument(metavar="DOOR", help="The door's id.")]


class NoAction(Exception):
    """The door is not there, or does nothing."""


@door_actions.command("set")
def set_action(
    door: DoorId,
    *,
    webhook: Annotated[str | None, typer.Option(help="A URL that takes signed POSTs.")] = None,
    queue: Annotated[str | None, typer.Option(help="The URL of a queue of SQS.")] = None,
    event_bus: Annotated[str | None, typer.Option(help="The name or ARN of a bus of EventBridge.")] = None,
    renew: Annotated[bool, typer.Option("--new-secret", help="Give the webhook another secret.")] = False,
    aws: OnAws = False,
) -> None:
    """Set what a door does, and print a webhook's secret if it is new: it is shown this once."""
    target, there = _target(webhook, queue, event_bus), connect(aws)
    _check_door(there, door)
    store = DoorActionStore(there)
    standing = store.get(door)
    known = standing.secret if standing and not renew else None
    secret = (known or new_secret()) if isinstance(target, Webhook) else None
    action = DoorAction(
        door_id=door,
        target=target,
        secret=secret,
        updated_at=datetime.now(UTC),
        version=standing.version + 1 if standing else 1,
    )
    with recorded(there, "doors action set", door_id=door, leads_to=target.kind):
        if not store.put(action, standing.version if standing else None):
            raise NoAction(f"somebody else set what door {door} does meanwhile; look, and try again")
    if secret is not None and known is None:
        print(secret)


@door_actions.command("show")
def show(door: DoorId, aws: OnAws = False) -> None:
    """Show what a door does, how often it was opened, and what went wrong last."""
    action = DoorActionStore(connect(aws)).get(door)
    if action is None:
        raise NoAction(f"door {door} does nothing: facegate doors action set {door} …")
    console.print_json(action.model_dump_json(exclude={"secret", "version"}, exclude_none=True))


@door_actions.command("remove")
def remove(door: DoorId, aws: OnAws = False) -> None:
    """Have a door do nothing any more; it holds within two seconds."""
    there = connect(aws)
    with recorded(there, "doors action remove", door_id=door):
        if not DoorActionStore(there).remove(door):
            raise NoAction(f"door {door} does nothing already")
    console.print("[green]removed[/] what", escape(door), "did")


def _check_door(aws: Aws, door: str) -> None:
    if AccessRegister(AccessStore(aws)).get(AccessKind.DOOR, door) is None:
        raise NoAction(f"there is no door {door}: facegate doors add {door} …")


def _target(webhook: str | None, queue: str | None, event_bus: str | None) -> Target:
    if sum(given is not None for given in (webhook, queue, event_bus)) != 1:
        raise typer.BadParameter("give one of --webhook, --queue and --event-bus")
    try:
        if queue is not None:
            return Queue(queue_url=queue)
        if event_bus is not None:
            return EventBus(event_bus=event_bus)
        target = Webhook(url=webhook or "")
    except ValidationError as error:
        raise typer.BadParameter(error.errors()[0]["msg"]) from error
    try:
        check_url(target.url, plain_http=DoorSettings().plain_http)
    except UnusableAddress as error:
        raise typer.BadParameter(
            f"{error}; plain http to private networks is allowed with FACEGATE_DOORS_PLAIN_HTTP=true",
            param_hint="--webhook",
        ) from error
    except OSError as error:
        complaints.print(f"[yellow]the URL's host is not known here: {escape(str(error))}[/]")
    return target
