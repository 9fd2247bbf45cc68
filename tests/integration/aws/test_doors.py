"""What doors do, and emergencies, in the table; orders by SQS and EventBridge; the commands for all of it."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from cli import door_actions as action_commands
from cli import emergency as emergency_commands
from cli.main import app
from cli.opening import open_to_everyone
from services.aws.access import AccessStore
from services.aws.door_actions import DoorActionStore
from services.aws.door_targets import DoorTargets
from services.aws.emergencies import EmergencyStore
from services.contracts.doors import (
    Command,
    DoorAction,
    DoorOrder,
    EventBus,
    Queue,
    Webhook,
    key_of,
    new_secret,
)
from services.contracts.emergencies import Emergency, EmergencyAction
from services.doors.errors import Refused, Unreachable
from tests.door_receiver import door_controller

pytestmark = pytest.mark.access
NOW = datetime(2027, 5, 6, 7, 8, 9, tzinfo=UTC)
ORDER = DoorOrder(
    order_id="r-1",
    command=Command.OPEN,
    door_id="front",
    ordered_at=NOW,
    valid_until=NOW + timedelta(seconds=5),
)


@pytest.fixture
def actions(aws):
    return DoorActionStore(aws)


@pytest.fixture
def commands(aws, monkeypatch):
    for module in (action_commands, emergency_commands):
        monkeypatch.setattr(module, "connect", lambda _aws: aws)
    monkeypatch.setenv("FACEGATE_DOORS_PLAIN_HTTP", "true")
    open_to_everyone(aws, "front", "back")
    return lambda *arguments, **options: CliRunner().invoke(app, [*arguments], **options)


def action_at(url="https://127.0.0.1/", **fields):
    webhook = {"target": Webhook(url=url), "secret": new_secret(), "updated_at": NOW}
    return DoorAction(**({"door_id": "front"} | webhook | fields))


def test_an_action_comes_back_as_it_was_set_and_is_replaced_by_whoever_saw_it(actions):
    first = action_at()
    assert actions.put(first, None)
    assert actions.get("front") == first
    assert actions.all() == {"front": first}
    second = action_at(target=EventBus(event_bus="doors"), secret=None, version=2)
    assert not actions.put(second, None)
    assert not actions.put(second, 2)
    assert actions.put(second, 1)
    assert actions.get("front") == second
    assert actions.remove("front")
    assert not actions.remove("front")


def test_what_became_of_orders_is_counted_beside_the_action(actions):
    actions.put(action_at(), None)
    actions.note("front", NOW, None)
    actions.note("front", NOW + timedelta(seconds=1), None)
    actions.note("front", NOW + timedelta(seconds=2), "it answered 503" + "!" * 1000)
    noted = actions.get("front")
    assert (noted.opened, noted.failed) == (2, 1)
    assert (noted.last_opened_at, noted.last_failed_at) == (
        NOW + timedelta(seconds=1),
        NOW + timedelta(seconds=2),
    )
    assert noted.last_failure.startswith("it answered 503")
    assert len(noted.last_failure) == 300


def test_an_action_that_is_gone_is_not_brought_back_by_what_became_of_its_orders(actions):
    actions.note("front", NOW, None)
    assert actions.get("front") is None


def test_actions_are_no_part_of_the_rules(aws, actions):
    open_to_everyone(aws, "front")
    before = AccessStore(aws).load()
    actions.put(action_at(), None)
    EmergencyStore(aws).add(_emergency("e-1"))
    assert AccessStore(aws).load() == before


def test_a_queue_gets_the_order_as_a_webhook_would(aws):
    url = aws.sqs.create_queue(QueueName="facegate-door-front")["QueueUrl"]
    DoorTargets(aws).send_to_queue(ORDER, Queue(queue_url=url))
    (message,) = aws.sqs.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"]) == json.loads(ORDER.text())


def test_a_fifo_queue_gets_an_order_once(aws):
    url = aws.sqs.create_queue(QueueName="facegate-door-x.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    for _ in range(2):
        DoorTargets(aws).send_to_queue(ORDER, Queue(queue_url=url))
    assert len(aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]) == 1


def test_a_queue_that_is_not_there_refuses(aws):
    with pytest.raises(Refused):
        DoorTargets(aws).send_to_queue(ORDER, Queue(queue_url="https://sqs.us-east-1.amazonaws.com/1/none"))


class Events:
    """EventBridge, of which moto's extra is not installed."""

    def __init__(self, failing=0):
        self.failing, self.entries = failing, []

    def put_events(self, Entries):  # noqa: N803  # AWS's name
        self.entries += Entries
        return {"FailedEntryCount": self.failing, "Entries": [{"ErrorCode": "ThrottlingException"}]}


def test_an_event_bus_gets_the_order_and_may_fail_inside(aws):
    aws.__dict__["events"] = events = Events()
    DoorTargets(aws).put_event(ORDER, EventBus(event_bus="facegate-door"))
    (entry,) = events.entries
    assert (entry["EventBusName"], entry["Source"]) == ("facegate-door", "facegate")
    assert entry["DetailType"] == "door.open"
    assert json.loads(entry["Detail"]) == json.loads(ORDER.text())
    events.failing = 1
    with pytest.raises(Unreachable, match="Throttling"):
        DoorTargets(aws).put_event(ORDER, EventBus(event_bus="facegate-door"))


def _emergency(emergency_id):
    return Emergency(
        emergency_id=emergency_id, action=EmergencyAction.LOCK_ALL, ordered_by="cli root", ordered_at=NOW
    )


def test_emergencies_are_written_once_and_listed_the_newest_first(aws):
    store = EmergencyStore(aws)
    for emergency_id in ("e-1", "e-3", "e-2"):
        assert store.add(_emergency(emergency_id))
    assert not store.add(_emergency("e-1"))
    first, position = store.page(None, 2)
    rest, end = store.page(position, 2)
    assert [one.emergency_id for one in first + rest] == ["e-3", "e-2", "e-1"]
    assert end is None
    store.save(_emergency("e-1").model_copy(update={"finished_at": NOW}))
    assert store.get("e-1").finished_at == NOW


def test_an_action_is_set_shown_and_removed_from_the_command_line(actions, commands):
    made = commands("doors", "action", "set", "front", "--webhook", "http://127.0.0.1:9/open")
    assert made.exit_code == 0, made.output
    secret = made.stdout.strip()
    assert len(key_of(secret)) == 32
    assert actions.get("front").secret == secret
    shown = commands("doors", "action", "show", "front").stdout
    assert secret not in shown
    assert "http://127.0.0.1:9/open" in shown
    assert commands("doors", "action", "set", "front", "--event-bus", "doors").stdout == ""
    assert commands("doors", "action", "remove", "front").exit_code == 0
    assert actions.get("front") is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["set", "front"], "give one of"),
        (["set", "front", "--webhook", "http://8.8.8.8/"], "is public"),
        (["set", "front", "--webhook", "gopher://x/"], "should match"),
    ],
)
def test_what_a_door_cannot_do_is_refused_at_the_command_line(commands, arguments, said):
    answer = commands("doors", "action", *arguments)
    assert answer.exit_code == 2
    assert said in " ".join(answer.output.split())


def test_a_door_that_is_not_there_is_named(commands):
    answer = commands("doors", "action", "set", "moon", "--event-bus", "doors")
    assert "there is no door moon" in str(answer.exception)


def test_an_emergency_is_typed_twice_and_every_door_is_told(aws, actions, commands):
    with door_controller() as controller:
        secret = new_secret()
        actions.put(action_at(controller.url, secret=secret), None)
        kept_shut = commands("emergency", "open-all", input="open all\n")
        assert (kept_shut.exit_code, controller.received) == (1, [])

        opened = commands("emergency", "open-all", input="open all site\n")
        assert opened.exit_code == 0, opened.output
        assert "2 doors of the whole site" in opened.output
        (received,) = controller.received
        assert received.order["type"] == "door.hold_open"
        assert received.is_signed_with(secret)

        assert commands("emergency", "lock-all", "--confirm", "lock all site").exit_code == 0
        assert AccessStore(aws).state().site_locked
        assert commands("emergency", "end", "--confirm", "end site").exit_code == 0
        assert not AccessStore(aws).state().site_locked
        assert [one.order["type"] for one in controller.received[1:]] == ["door.release"] * 2

        controller.answers = [404]
        failed = commands("emergency", "open-all", "--confirm", "open all site")
        assert (failed.exit_code, "it answered 404" in failed.output) == (2, True)
    newest, _ = EmergencyStore(aws).page(None, 1)
    assert newest[0].action is EmergencyAction.OPEN_ALL
