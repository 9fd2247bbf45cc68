"""Sealing the days that are over."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

import structlog

from services.audit.chain import Opening
from services.audit.sealing import DayEnd, seal_day
from services.audit.verification import KeptSeal
from services.contracts.audit import NO_SEAL, Head

log = structlog.stdlib.get_logger(__name__)

#: After midnight, UTC. AWS refuses calls of whose clock is a quarter of an hour off, so nobody writes into a
#: day that has been over for longer than half an hour.
SEALED_AFTER = timedelta(hours=1)
#: One round's; the next goes on.
_MOST_DAYS = 400


class Trail(Protocol):
    """Where the trail is kept."""

    def first_day(self) -> date | None:
        """Tell the earliest day that has a chain."""
        ...

    def openings(self, first: date, last: date) -> Sequence[Opening]:
        """List the openings of the chains of some days."""
        ...

    def end(self, opening: Opening) -> Head:
        """Tell where a chain ends now."""
        ...

    def last_seal(self) -> KeptSeal | None:
        """Read the last seal."""
        ...

    def seals(self) -> Iterable[KeptSeal]:
        """Read all seals, the first day's first."""
        ...

    def add_seal(self, seal: KeptSeal) -> bool:
        """Write a seal unless there is one of its day and part."""
        ...


class Sealer:
    """Seals days, each once however many do it; a day without records too, so that none can vanish whole.

    Parameters
    ----------
    trail : Trail
        Where the trail is kept.
    now : callable
        The time of day.
    """

    def __init__(self, trail: Trail, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._trail = trail
        self._now = now

    def seal(self) -> list[KeptSeal]:
        """Seal what is over and is not sealed yet.

        Returns
        -------
        list of KeptSeal
            Those that were written by this call.

        Raises
        ------
        AwsError
            If the trail cannot be read or written; what is sealed by then stays so.
        """
        over = (self._now().astimezone(UTC) - SEALED_AFTER).date() - timedelta(days=1)
        last = self._trail.last_seal()
        if last is not None and last.says.day >= over and last.says.part == last.says.parts:
            return []
        day = self._next_day(last)
        written: list[KeptSeal] = []
        for _ in range(_MOST_DAYS):
            if day is None or day > over:
                break
            seals = seal_day(self._end_of(day), self._previous(day, last))
            wanted = [seal for seal in seals if last is None or _order(seal) > _order(last)]
            for seal in wanted:
                if not self._trail.add_seal(seal):
                    # another gateway is at it: the next round goes on behind what stands then
                    return written
                written.append(seal)
            last, day = seals[-1], day + timedelta(days=1)
        return written

    def run(self) -> None:
        """Seal, and say so in the log, which is kept elsewhere: each hash holds everything before it.

        Raises
        ------
        AwsError
            As `seal` does.
        """
        for seal in self.seal():
            log.info("day_sealed", day=str(seal.says.day), chains=len(seal.says.chains), hash=seal.hash)

    def _next_day(self, last: KeptSeal | None) -> date | None:
        if last is None:
            return self._trail.first_day()
        whole = last.says.part == last.says.parts
        return last.says.day + timedelta(days=1) if whole else last.says.day

    def _previous(self, day: date, last: KeptSeal | None) -> str:
        if last is None:
            return NO_SEAL
        if last.says.day < day:
            return last.hash
        # a gateway was ended between the parts of this day
        return next(seal.says.previous for seal in self._trail.seals() if seal.says.day == day)

    def _end_of(self, day: date) -> DayEnd:
        openings = self._trail.openings(day, day)
        expiries = [opening.says.expires_on for opening in openings]
        return DayEnd(day, [self._trail.end(opening) for opening in openings], max(expiries, default=day))


def _order(seal: KeptSeal) -> tuple[date, int]:
    return seal.says.day, seal.says.part
