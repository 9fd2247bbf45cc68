"""Decisions of the whole stack as they are made, told to those who watch.

Every process that decides writes a chain of the audit trail, in the order of its places, so what is new lies
behind the last place that was read: nothing is missed, however far the clocks of machines are apart. One
thread reads while anybody watches, and everybody who watches has a queue of their own.
"""

import secrets
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum, auto
from itertools import islice
from queue import Empty, Full, Queue
from threading import Lock, Thread
from typing import Protocol

import structlog

from services.audit.chain import Listed
from services.aws.errors import AwsError
from services.gateway.problems import TOO_MANY_WATCHERS, Problem
from services.gateway.recorded_decisions import CLOCKS_AHEAD, RecordedDecisionBody, recorded_decision

_log = structlog.stdlib.get_logger(__name__)

#: The processes that decide.
_WRITER = "recognize"
_INTERVAL_SECONDS = 1.0
#: Whoever begins to watch is told again what came so lately: their page was made a moment before.
_OVERLAP = timedelta(seconds=30)
_MOST_KEPT = 500
_MOST_MISSED = 200
_MOST_WAITING = 200
#: Chains of processes that are silent; more of them are read in turns.
_SILENT_AT_ONCE = 16
_RETRY_AFTER_SECONDS = "10"


class FollowedTrail(Protocol):
    """The audit trail, as the feed reads it."""

    def chains_of(self, day: date, writer: str) -> list[str]:
        """Name the chains that a kind of process began on a day."""
        ...

    def behind(self, chain: str, place: str) -> Iterator[Listed]:
        """List the records of a chain behind a place or a time of day, in order."""
        ...

    def between(
        self, begin: datetime, end: datetime, after: str | None = None, at_a_time: int | None = None
    ) -> Iterator[Listed]:
        """List records by time, those of all chains together."""
        ...


class Signal(StrEnum):
    """What there is to tell beside decisions."""

    #: The trail cannot be read now, so nothing new would be told.
    TROUBLE = auto()
    #: It can be read again.
    WELL = auto()
    #: More has come than is told one by one: read the list anew.
    BEHIND = auto()
    #: Nothing more will come.
    CLOSED = auto()


@dataclass(frozen=True)
class News:
    """A decision with the id by which a watcher that was cut off goes on behind it."""

    event_id: str
    decision: RecordedDecisionBody


@dataclass
class _Following:
    """How far a chain was read."""

    place: str
    silent: bool = False


@dataclass(eq=False)
class Watcher:
    """One who watches."""

    feed: "DecisionFeed"
    missed: list[News] = field(default_factory=list[News])
    waiting: "Queue[News | Signal]" = field(default_factory=lambda: Queue(_MOST_WAITING))
    behind: bool = False

    def next(self, seconds: float) -> News | Signal | None:
        """Wait for what comes next; None if nothing does in time."""
        if self.behind:
            return Signal.BEHIND
        with suppress(Empty):
            return self.waiting.get(timeout=seconds)
        return None

    def tell(self, news: News | Signal) -> None:
        """Put something into the queue; who has not read a whole queue is behind, and told no more."""
        try:
            self.waiting.put_nowait(news)
        except Full:
            self.behind = True

    def leave(self) -> None:
        """Watch no more. Doing it again changes nothing."""
        self.feed.forget(self)


class DecisionFeed:
    """Tells watchers of decisions within about a second.

    Parameters
    ----------
    wait_closed : callable
        Waits so many seconds; true once this process is to stop, when all watchers are let go.
    most : int
        Most who may watch.
    now : callable
        The time.
    """

    def __init__(
        self,
        trail: FollowedTrail,
        wait_closed: Callable[[float], bool],
        most: int,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._trail = trail
        self._wait_closed = wait_closed
        self._most = most
        self._now = now
        self._lock = Lock()
        self._watchers: set[Watcher] = set()
        self._reading = False
        self._run = ""
        self._number = 0
        self._kept: deque[News] = deque(maxlen=_MOST_KEPT)

    def watch(self, last_event_id: str | None) -> Watcher:
        """Begin to watch; what came since the event that was seen last is in `Watcher.missed`.

        Raises
        ------
        Problem
            If as many watch as may.
        AwsError
            If the trail cannot be read.
        """
        watcher = Watcher(self)
        with self._lock:
            if len(self._watchers) >= self._most:
                raise Problem(
                    TOO_MANY_WATCHERS,
                    f"{self._most} pages are told of decisions already. Close some, or ask for the list.",
                    {"Retry-After": _RETRY_AFTER_SECONDS},
                )
            self._watchers.add(watcher)
            known = self._behind_event(last_event_id)
            if not self._reading:
                self._reading = True
                Thread(target=self._read_on, name="decision-feed", daemon=True).start()
        try:
            watcher.missed = self._since(_time_of(last_event_id)) if known is None else known
        except AwsError:
            watcher.leave()
            raise
        watcher.behind = len(watcher.missed) > _MOST_MISSED
        return watcher

    def forget(self, watcher: Watcher) -> None:
        """Tell somebody no more."""
        with self._lock:
            self._watchers.discard(watcher)

    def _behind_event(self, event_id: str | None) -> list[News] | None:
        """Tell what came behind an event; None if that is not known."""
        kept = list(self._kept)
        for place, news in enumerate(kept):
            if news.event_id == event_id:
                return kept[place + 1 :]
        return None

    def _since(self, seen_at: datetime | None) -> list[News]:
        """Read what came lately, of an event of another process or before anybody watched."""
        now = self._now()
        begin = (seen_at or now) - _OVERLAP
        found = (recorded_decision(listed) for listed in self._trail.between(begin, now + CLOCKS_AHEAD))
        decisions = islice((one for one in found if one is not None), _MOST_MISSED + 1)
        return [News(_event_id("", 0, now), decision) for decision in decisions]

    def _read_on(self) -> None:
        try:
            with self._lock:
                # what came while nobody watched is not known
                self._run, self._number = secrets.token_hex(4), 0
                self._kept.clear()
            self._read_while_watched()
        finally:
            with self._lock:
                self._reading = False
            self._tell_all(Signal.CLOSED)

    def _read_while_watched(self) -> None:
        chains: dict[str, _Following] = {}
        begun_at, troubled, turn = self._now(), False, 0
        while self._watched() and not self._wait_closed(0):
            found: list[RecordedDecisionBody] = []
            try:
                self._follow(chains, begun_at)
                self._read_new(chains, turn, found)
            except AwsError as error:
                if not troubled:
                    _log.warning("decisions_not_read", error=str(error))
                    self._tell_all(Signal.TROUBLE)
                troubled = True
            else:
                if troubled:
                    self._tell_all(Signal.WELL)
                troubled = False
            # what was read before it failed is not read again
            self._tell(found)
            turn += 1
            self._wait_closed(_INTERVAL_SECONDS)

    def _watched(self) -> bool:
        with self._lock:
            return bool(self._watchers)

    def _follow(self, chains: dict[str, _Following], begun_at: datetime) -> None:
        """Find the chains of today, and of yesterday while its last records may still be on their way."""
        now = self._now()
        days = sorted({(now - CLOCKS_AHEAD).date(), now.date(), (now + CLOCKS_AHEAD).date()})
        for day in days:
            for chain in self._trail.chains_of(day, _WRITER):
                if chain not in chains:
                    begins = begun_at - _OVERLAP
                    place = begins.strftime("%H:%M:%S.%f") if day == begins.date() else ""
                    chains[chain] = _Following(place)
        for chain in [chain for chain in chains if not chain.startswith(tuple(map(str, days)))]:
            del chains[chain]

    def _read_new(self, chains: dict[str, _Following], turn: int, found: list[RecordedDecisionBody]) -> None:
        silent = [chain for chain, following in chains.items() if following.silent]
        first = turn * _SILENT_AT_ONCE % len(silent) if silent else 0
        turned = set((silent + silent)[first : first + _SILENT_AT_ONCE])
        for chain, following in chains.items():
            if following.silent and chain not in turned:
                continue
            following.silent = True
            for listed in self._trail.behind(chain, following.place):
                following.place, following.silent = listed.link.place, False
                if (decision := recorded_decision(listed)) is not None:
                    found.append(decision)

    def _tell(self, decisions: list[RecordedDecisionBody]) -> None:
        with self._lock:
            for decision in sorted(decisions, key=lambda one: one.decided_at):
                self._number += 1
                news = News(_event_id(self._run, self._number, self._now()), decision)
                self._kept.append(news)
                for watcher in self._watchers:
                    watcher.tell(news)

    def _tell_all(self, signal: Signal) -> None:
        with self._lock:
            for watcher in self._watchers:
                watcher.tell(signal)


def _event_id(run: str, number: int, now: datetime) -> str:
    """Name an event, with the time at which it was told for processes that know no more of it."""
    return f"{int(now.timestamp())}.{run}.{number}"


def _time_of(event_id: str | None) -> datetime | None:
    seconds = (event_id or "").partition(".")[0]
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= 10):
        return None
    return datetime.fromtimestamp(int(seconds), UTC)
