"""Doors are opened beside the decisions: once, in time, and reported."""

from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from services.aws.errors import AwsUnavailable
from services.contracts.domain import Decision
from services.contracts.doors import DoorAction, EventBus, Queue, Webhook, new_secret
from services.contracts.reasons import DecisionReason
from services.doors.errors import Refused, Unreachable
from services.doors.opener import ACTIONS_BELIEVED_SECONDS, DoorOpener
from services.doors.sending import OrderSender
from services.doors.webhooks import WebhookSender
from tests.conftest import until
from tests.door_receiver import door_controller

pytestmark = pytest.mark.access
SECRET = new_secret()


class Actions:
    def __init__(self, *actions):
        self.actions = {action.door_id: action for action in actions}
        self.reads, self.noted, self.error = 0, [], None

    def all(self):
        self.reads += 1
        if self.error:
            raise self.error
        return dict(self.actions)

    def note(self, door_id, at, problem):
        self.noted.append((door_id, problem))


class Targets:
    def __init__(self):
        self.queued, self.put, self.troubles = [], [], []

    def send_to_queue(self, order, queue):
        self.queued.append((order.order_id, queue.queue_url))
        if self.troubles:
            raise self.troubles.pop()

    def put_event(self, order, bus):
        self.put.append((order.order_id, bus.event_bus))


class Trail(list):
    def record(self, entry):
        self.append(entry)
        return "chain#1"


class House:
    """An opener that is left, and with it everything that it began, before anything is looked at."""

    def __init__(self, *actions, useful=5.0):
        self.actions, self.targets, self.trail, self.clock = Actions(*actions), Targets(), Trail(), [0.0]
        sender = OrderSender(WebhookSender(plain_http=True), self.targets, 2.0)
        self.opener = DoorOpener(
            self.actions,
            sender,
            self.trail,
            at_once=4,
            useful=timedelta(seconds=useful),
            timer=lambda: self.clock[0],
        )

    def grant(self, *decisions):
        with self.opener:
            for decision in decisions:
                self.opener.granted(decision)


def decision(recognition_id="r-1", reason=DecisionReason.MATCH, door_id="front", ago=0.0):
    at = datetime.now(UTC) - timedelta(seconds=ago)
    return Decision(
        recognition_id=recognition_id,
        reason=reason,
        kiosk_id="lobby",
        door_id=door_id,
        person_id="ada",
        full_name="Ada Lovelace",
        face_id="f-1",
        similarity=99.7,
        threshold=99.0,
        agreed=1,
        received_at=at,
        decided_at=at,
    )


def at_front(target):
    secret = SECRET if isinstance(target, Webhook) else None
    return DoorAction(door_id="front", target=target, secret=secret, updated_at=datetime.now(UTC))


@pytest.fixture
def controller():
    with door_controller() as standing:
        yield standing


def test_a_granted_decision_is_one_signed_order(controller):
    house = House(at_front(Webhook(url=controller.url)))
    house.grant(decision())
    (received,) = controller.received
    assert received.is_signed_with(SECRET)
    assert (received.order["type"], received.order["data"]["recognition_id"]) == ("door.open", "r-1")
    assert "Ada" not in received.body.decode()
    assert house.actions.noted == [("front", None)]
    assert house.trail == []


def test_a_denied_decision_is_a_mistake_of_the_caller(controller):
    house = House(at_front(Webhook(url=controller.url)))
    with pytest.raises(ValueError, match="opens no door"):
        house.grant(decision(reason=DecisionReason.NO_MATCH))
    assert controller.received == []


def test_a_door_that_is_down_is_tried_again_and_the_order_stays_the_same(controller):
    controller.answers = [503, None]
    house = House(at_front(Webhook(url=controller.url)))
    house.grant(decision())
    assert [received.headers["webhook-id"] for received in controller.received] == ["r-1"] * 3
    assert house.actions.noted == [("front", None)]


def test_a_door_that_stays_down_is_reported_with_the_reason(controller):
    controller.answers = [503] * 100
    house = House(at_front(Webhook(url=controller.url)), useful=2.5)
    house.grant(decision())
    assert len(controller.received) > 1
    ((door_id, problem),) = house.actions.noted
    assert (door_id, bool(problem)) == ("front", True)
    (entry,) = house.trail
    assert (entry.actor, entry.what, entry.target, entry.outcome) == (
        "door front",
        "door.open",
        "r-1",
        "failed",
    )


def test_a_door_that_refuses_is_not_asked_again(controller):
    controller.answers = [404]
    house = House(at_front(Webhook(url=controller.url)))
    house.grant(decision())
    assert len(controller.received) == 1
    assert house.actions.noted == [("front", "it answered 404")]


def test_an_order_that_is_late_is_not_sent(controller):
    house = House(at_front(Webhook(url=controller.url)))
    house.grant(decision(ago=6))
    assert controller.received == []
    assert house.actions.noted == [("front", "it was too late before the first attempt")]


def test_leaving_waits_for_the_orders_under_way(controller):
    controller.hold = Event()
    house = House(at_front(Webhook(url=controller.url)))
    with house.opener:
        house.opener.granted(decision())
        controller.hold.set()
    assert house.actions.noted == [("front", None)]


def test_queues_and_buses_take_orders_too_and_are_tried_again():
    for target in (Queue(queue_url="https://sqs/door"), EventBus(event_bus="doors")):
        house = House(at_front(target))
        house.targets.troubles = [Unreachable("throttled")]
        house.grant(decision())
        expected = [("r-1", "https://sqs/door")] * 2 if isinstance(target, Queue) else [("r-1", "doors")]
        assert house.targets.queued + house.targets.put == expected
        assert house.actions.noted == [("front", None)]


def test_what_a_queue_refuses_is_reported():
    house = House(at_front(Queue(queue_url="https://sqs/door")))
    house.targets.troubles = [Refused("access denied")]
    house.grant(decision())
    assert house.actions.noted == [("front", "access denied")]


def test_doors_that_do_nothing_are_left_alone_and_a_new_action_counts_within_two_seconds(controller):
    house = House()
    with house.opener:
        house.opener.granted(decision("r-1"))
        until(house.opener._are_known)
        house.opener.granted(decision("r-2"))
        house.actions.actions["front"] = at_front(Webhook(url=controller.url))
        house.clock[0] += ACTIONS_BELIEVED_SECONDS
        house.opener.granted(decision("r-3"))
    assert house.actions.reads == 2
    assert [received.headers["webhook-id"] for received in controller.received] == ["r-3"]


def test_what_cannot_be_looked_up_is_reported_and_hurts_nobody():
    house = House(at_front(Queue(queue_url="https://sqs/door")))
    house.actions.error = AwsUnavailable("throttled")
    house.grant(decision())
    assert house.targets.queued == []
    assert house.actions.noted == [("front", "AwsUnavailable")]
