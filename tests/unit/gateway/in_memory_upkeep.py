"""What operators keep the machinery up with, in memory."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from services.aws.dead_letters import CannotRedrive, Counts, DeadLetterGone
from services.contracts.census import Census
from services.contracts.dead_letters import DeadLetter, DeadLetterQueueName, Redriven, contents_of
from services.contracts.drift_checks import DriftCheck
from services.gateway.dead_letters import DeadLetterDesk
from services.gateway.drift import DriftChecks

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NOTHING = Census({}, frozenset(), {}, {}, frozenset(), (), (), (), (), NOW)


class InMemoryDeadLetters:
    """One queue's."""

    def __init__(self) -> None:
        self.bodies: dict[str, str] = {}
        self.reasons: dict[str, str | None] = {}
        self.sent_again: list[str] = []
        self.useless: set[str] = set()

    def put(self, body: str, reason: str | None = None) -> str:
        message_id = str(uuid4())
        self.bodies[message_id], self.reasons[message_id] = body, reason
        return message_id

    def count(self) -> Counts:
        return Counts(len(self.bodies), 0)

    def look(self, most: int) -> list[DeadLetter]:
        return [
            DeadLetter(
                message_id=message_id,
                reason=self.reasons[message_id],
                failed_at=NOW,
                sent_at=NOW,
                first_received_at=None,
                expires_at=NOW + timedelta(days=14),
                receives=1,
                size=len(body),
                contents=contents_of(body),
            )
            for message_id, body in list(self.bodies.items())[:most]
        ]

    def redrive(self, message_id: str) -> None:
        if message_id in self.useless:
            raise CannotRedrive("It would do nothing.")
        self.sent_again.append(self._taken(message_id))

    def redrive_all(self, most: int) -> Redriven:
        chosen = list(self.bodies)[:most]
        for message_id in chosen:
            self.redrive(message_id)
        return Redriven(redriven=len(chosen), left=len(self.bodies))

    def delete(self, message_id: str) -> None:
        self._taken(message_id)

    def _taken(self, message_id: str) -> str:
        if message_id not in self.bodies:
            raise DeadLetterGone("It is not there.")
        return self.bodies.pop(message_id)


class InMemoryDrift:
    """Checks that are done when a test says so."""

    def __init__(self) -> None:
        self.check: DriftCheck | None = None
        self.census = NOTHING
        self.failure: Exception | None = None
        self.now = NOW
        self.waiting: list[Callable[[], None]] = []
        self.checks = DriftChecks(
            self, self._take_census, lambda: self.now, most_read=1000, start=self.waiting.append
        )

    def latest(self) -> DriftCheck | None:
        return self.check

    def replace(self, before: DriftCheck | None, check: DriftCheck) -> bool:
        if (before and before.check_id) != (self.check and self.check.check_id):
            return False
        self.check = check
        return True

    def work(self) -> None:
        self.waiting.pop(0)()

    def _take_census(self, progress: Callable[[int], None]) -> Census:
        if self.failure is not None:
            raise self.failure
        progress(len(self.census.collected) + len(self.census.people))
        return self.census


class InMemoryUpkeep:
    """All of it."""

    def __init__(self) -> None:
        self.recognize, self.enroll = InMemoryDeadLetters(), InMemoryDeadLetters()
        self.drift = InMemoryDrift()

    @property
    def parts(self) -> dict[str, Any]:
        queues = {DeadLetterQueueName.RECOGNIZE: self.recognize, DeadLetterQueueName.ENROLL: self.enroll}
        return {"dead_letters": DeadLetterDesk(queues), "drift": self.drift.checks}
