"""Decisions are told as they are made: none twice, none left out, and not to too many."""

from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Event
from threading import enumerate as enumerate_threads

import pytest

from services.audit.decisions import decision_entry
from services.contracts.domain import Decision
from services.contracts.reasons import DecisionReason
from services.gateway import decision_feed
from services.gateway.decision_feed import DecisionFeed, News, Signal, Watcher
from services.gateway.problems import TOO_MANY_WATCHERS, Problem
from tests.unit.gateway.in_memory_audit import InMemoryAudit
from tests.unit.gateway.serving import DEADLINE_SECONDS, until


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(decision_feed, "_INTERVAL_SECONDS", 0.01)


@pytest.fixture
def trail() -> InMemoryAudit:
    return InMemoryAudit()


@pytest.fixture
def feed(trail: InMemoryAudit) -> Iterator[DecisionFeed]:
    closed = Event()
    yield DecisionFeed(trail, closed.wait, most=2)
    closed.set()


def decide(trail: InMemoryAudit, recognition_id: str) -> None:
    now = datetime.now(UTC)
    decision = Decision(
        recognition_id=recognition_id,
        reason=DecisionReason.NO_MATCH,
        kiosk_id="lobby",
        door_id="front",
        threshold=99,
        received_at=now,
        decided_at=now,
    )
    trail.record(decision_entry(decision))


def told(watcher: Watcher) -> News | Signal | None:
    return watcher.next(DEADLINE_SECONDS)


def id_of(news: object) -> str:
    assert isinstance(news, News), news
    return news.decision.recognition_id


def ids_until(watcher: Watcher, last: str) -> list[str]:
    """What a watcher is told, up to a decision; those that its page had a moment before come again."""
    ids = [id_of(news) for news in watcher.missed]
    while last not in ids:
        ids.append(id_of(told(watcher)))
    return list(dict.fromkeys(ids))


def test_who_watches_is_told_what_is_decided(trail: InMemoryAudit, feed: DecisionFeed):
    watcher, another = feed.watch(None), feed.watch(None)
    decide(trail, "r-1")
    decide(trail, "r-2")
    assert ids_until(watcher, "r-2") == ids_until(another, "r-2") == ["r-1", "r-2"]


def test_a_decision_is_told_once(trail: InMemoryAudit, feed: DecisionFeed):
    watcher = feed.watch(None)
    decide(trail, "r-1")
    assert id_of(told(watcher)) == "r-1"
    decide(trail, "r-2")
    assert id_of(told(watcher)) == "r-2"


def test_who_was_cut_off_goes_on_behind_what_they_saw_last(trail: InMemoryAudit, feed: DecisionFeed):
    staying, cut_off = feed.watch(None), feed.watch(None)
    decide(trail, "r-1")
    seen = told(cut_off)
    assert isinstance(seen, News)
    cut_off.leave()
    decide(trail, "r-2")
    assert ids_until(staying, "r-2") == ["r-1", "r-2"]

    again = feed.watch(seen.event_id)
    assert [id_of(news) for news in again.missed] == ["r-2"]


def test_who_comes_from_another_process_is_told_what_came_since(trail: InMemoryAudit, feed: DecisionFeed):
    decide(trail, "r-1")
    again = feed.watch(f"{int(datetime.now(UTC).timestamp())}.other.17")
    assert [id_of(news) for news in again.missed] == ["r-1"]


@pytest.mark.parametrize("event_id", ["", "x", "9" * 30, "-1.a.1", "²"])
def test_an_event_that_never_was_is_taken_for_none(trail: InMemoryAudit, feed: DecisionFeed, event_id: str):
    decide(trail, "r-1")
    assert [id_of(news) for news in feed.watch(event_id).missed] == ["r-1"]


def test_only_so_many_may_watch(feed: DecisionFeed):
    first = feed.watch(None)
    feed.watch(None)
    with pytest.raises(Problem) as refused:
        feed.watch(None)
    assert refused.value.type is TOO_MANY_WATCHERS
    assert "Retry-After" in refused.value.headers
    first.leave()
    first.leave()
    feed.watch(None)


def test_who_does_not_read_is_told_that_they_are_behind(
    trail: InMemoryAudit, feed: DecisionFeed, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(decision_feed, "_MOST_WAITING", 2)
    watcher = feed.watch(None)
    for number in range(4):
        decide(trail, f"r-{number}")
    until(lambda: watcher.behind, "nobody is behind")
    assert told(watcher) is Signal.BEHIND


def test_that_the_trail_is_out_of_reach_is_told_and_that_it_is_back(trail: InMemoryAudit, feed: DecisionFeed):
    watcher = feed.watch(None)
    trail.out_of_reach = True
    assert told(watcher) is Signal.TROUBLE
    trail.out_of_reach = False
    assert told(watcher) is Signal.WELL


def test_all_who_watch_are_let_go_when_the_process_stops(trail: InMemoryAudit):
    closed = Event()
    watcher = DecisionFeed(trail, closed.wait, most=1).watch(None)
    closed.set()
    assert told(watcher) is Signal.CLOSED


def test_nothing_is_read_while_nobody_watches(trail: InMemoryAudit, feed: DecisionFeed):
    chains_of, read = trail.chains_of, []
    trail.chains_of = lambda *of: read.append(of) or chains_of(*of)
    watcher = feed.watch(None)
    until(lambda: read, "nothing is read")
    watcher.leave()
    until(lambda: "decision-feed" not in {thread.name for thread in enumerate_threads()}, "it goes on")
    read.clear()
    feed.watch(None)
    until(lambda: read, "nothing is read any more")
