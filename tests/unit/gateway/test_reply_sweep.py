"""Which reply queues count as abandoned, and when a gateway may judge that."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from services.aws.errors import AwsUnavailable
from services.gateway.replies import ReplyListener
from services.gateway.reply_sweep import ReplySweep
from tests.conftest import until
from tests.unit.gateway.in_memory import InMemoryReplies, decision_on

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
OURS = "memory://ours"


class InMemoryReplyQueues:
    def __init__(self) -> None:
        self.alive_at: dict[str, datetime] = {}
        self.asked_for: list[int] = []
        self.on_remove: Callable[[], None] | None = None

    def heartbeats(self, most: int) -> Iterator[tuple[str, datetime]]:
        self.asked_for.append(most)
        yield from list(self.alive_at.items())[:most]

    def remove(self, url: str) -> None:
        del self.alive_at[url]
        if self.on_remove:
            self.on_remove()


class House:
    """A gateway whose clock a test turns, among the reply queues of others."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        self.replies = InMemoryReplies(OURS)
        self.queues = InMemoryReplyQueues()
        self.listener = ReplyListener(self.replies.open)
        self.listener.start()
        self.sweep = ReplySweep(self.listener, self.queues, HOUR, now=lambda: self.now)

    def other(self, name: str, *, silent_for: timedelta) -> str:
        self.queues.alive_at[f"memory://{name}"] = self.now - silent_for
        return f"memory://{name}"

    def pass_time(self, *, beats: int) -> None:
        for _ in range(beats):
            self.now += 10 * MINUTE
            self.sweep.beat()


@pytest.fixture
def house() -> Iterator[House]:
    house = House()
    yield house
    house.listener.close()


def test_a_gateway_that_starts_removes_the_queues_of_those_silent_for_too_long(house: House):
    house.other("killed", silent_for=61 * MINUTE)
    living = house.other("living", silent_for=59 * MINUTE)
    ahead = house.other("with a clock half an hour ahead", silent_for=-30 * MINUTE)
    house.sweep.beat()
    assert set(house.queues.alive_at) == {living, ahead}


def test_one_killed_later_is_noticed_within_two_hours(house: House):
    house.sweep.beat()
    house.other("killed now", silent_for=0 * MINUTE)
    house.pass_time(beats=5)
    assert house.queues.alive_at
    house.pass_time(beats=7)
    assert not house.queues.alive_at


def test_its_own_queue_is_never_abandoned_whatever_the_tag_says(house: House):
    house.queues.alive_at[OURS] = house.now - 10 * HOUR
    house.sweep.beat()
    assert OURS in house.queues.alive_at


def test_who_was_asleep_lets_the_others_wake_up_before_it_judges_them(house: House):
    house.sweep.beat()
    slept_too = house.other("slept too", silent_for=0 * MINUTE)
    killed = house.other("killed", silent_for=0 * MINUTE)
    house.now += 8 * HOUR
    house.sweep.beat()
    assert set(house.queues.alive_at) == {slept_too, killed}
    house.queues.alive_at[slept_too] = house.now
    house.pass_time(beats=6)
    assert set(house.queues.alive_at) == {slept_too}


def test_who_could_not_speak_itself_does_not_judge_others(house: House):
    house.other("out of reach too", silent_for=2 * HOUR)

    def out_of_reach() -> None:
        raise AwsUnavailable("tagging the reply queue: no answer")

    house.replies.beat = out_of_reach
    with pytest.raises(AwsUnavailable):
        house.sweep.beat()
    assert house.queues.asked_for == []


def test_a_sweep_is_bounded(house: House):
    for number in range(500):
        house.other(f"killed {number}", silent_for=2 * HOUR)
    house.sweep.beat()
    assert house.queues.asked_for == [100]
    assert len(house.queues.alive_at) == 400


def test_a_living_gateway_whose_queue_was_removed_hears_again(house: House):
    sleeper = InMemoryReplies("memory://sleeper")
    listener = ReplyListener(sleeper.open)
    listener.start()
    house.other("sleeper", silent_for=2 * HOUR)
    house.queues.on_remove = sleeper.close
    house.sweep.beat()
    until(lambda: sleeper.times_opened == 2)
    with listener.expect("r-1") as awaited:
        sleeper.answer(decision_on("r-1"))
        assert awaited.wait(5) == decision_on("r-1")
    listener.close()


def test_the_thread_beats_until_the_listener_is_closed(house: House):
    ReplySweep(house.listener, house.queues, timedelta(milliseconds=60)).start()
    until(lambda: house.replies.beats >= 3)
    house.listener.close()
    assert house.listener.wait_closed(0)
