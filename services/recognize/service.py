"""From a job to a decision: search, look up, decide, record once, reply."""

import time
from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog
from tenacity import Retrying, retry_if_exception_type, wait_random_exponential

from services.aws.collection import NoFaceInImage, UnreadableImage
from services.aws.errors import AwsUnavailable
from services.contracts.domain import Decision, FaceMatch, Kiosk, Person
from services.contracts.messages import DecisionReply, InlineFrame, RecognizeJob, StoredObject
from services.contracts.reasons import DecisionReason
from services.recognize.policy import Policy, Verdict, decide

#: Between attempts: seconds, at random and longer each time, so that throttled workers do not come back
#: together (AWS's "exponential backoff and jitter").
_PAUSES = wait_random_exponential(multiplier=0.05, max=0.5)

log = structlog.stdlib.get_logger(__name__)


class RecognitionFailed(Exception):
    """Deciding failed; a denial stands for it."""


class FaceSearch(Protocol):
    """The collection."""

    def search(self, image: InlineFrame | StoredObject, threshold: float) -> list[FaceMatch]:
        """Search the picture's largest face."""
        ...


class People(Protocol):
    """Whose face it is."""

    def people_by_face(self, face_ids: Collection[str]) -> dict[str, Person]:
        """Look up the person behind each face."""
        ...


class Kiosks(Protocol):
    """The registered kiosks."""

    def get(self, kiosk_id: str) -> Kiosk | None:
        """Look a kiosk up."""
        ...


class Decisions(Protocol):
    """Where decisions are kept, each written once."""

    def record(self, decision: Decision) -> bool:
        """Write it unless there is one already."""
        ...

    def get(self, recognition_id: str) -> Decision | None:
        """Look one up."""
        ...


class Replies(Protocol):
    """The way back to the gateway process that waits."""

    def send(self, queue_url: str, reply: DecisionReply) -> None:
        """Send the decision."""
        ...


class RecognizeService:
    """Decides about frames; each at most once."""

    def __init__(
        self,
        *,
        faces: FaceSearch,
        people: People,
        kiosks: Kiosks,
        decisions: Decisions,
        replies: Replies,
        policy: Policy,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._faces = faces
        self._people = people
        self._kiosks = kiosks
        self._decisions = decisions
        self._replies = replies
        self._policy = policy
        self._now = now
        self._sleep = sleep

    def handle(self, job: RecognizeJob) -> Decision:
        """Decide, record the decision, and tell whoever waits.

        Returns
        -------
        Decision
            The one that stands, which an earlier delivery of the same job may have made.

        Raises
        ------
        RecognitionFailed
            If deciding failed, after a denial was recorded for it: the door stays shut at once, and the
            caller keeps the message as a trace.
        AwsError
            If the decision could not be recorded.
        """
        timings = _Timings(queue_ms=(self._now() - job.received_at).total_seconds() * 1000)
        try:
            verdict, door_id = self._verdict(job, timings)
        except Exception as error:
            self._conclude(job, Verdict(DecisionReason.INTERNAL_ERROR), job.door_id, timings)
            raise RecognitionFailed(f"denied, because of {type(error).__name__}: {error}") from error
        return self._conclude(job, verdict, door_id, timings)

    def _verdict(self, job: RecognizeJob, timings: "_Timings") -> tuple[Verdict, str | None]:
        if self._now() >= job.deadline:
            return Verdict(DecisionReason.EXPIRED), job.door_id
        door_id = job.door_id
        if door_id is None:
            kiosk = self._kiosks.get(job.kiosk_id)
            if kiosk is None:
                return Verdict(DecisionReason.UNKNOWN_KIOSK), None
            door_id = kiosk.door_id
        verdict = self._recognize(job, timings)
        if self._now() >= job.deadline:
            # Whoever stood there may have gone and somebody else come.
            verdict = Verdict(DecisionReason.EXPIRED)
        return verdict, door_id

    def _recognize(self, job: RecognizeJob, timings: "_Timings") -> Verdict:
        try:
            with timings.step("search_ms"):
                matches = self._search_until(job.deadline, job.frames[0])
        except NoFaceInImage:
            return Verdict(DecisionReason.NO_FACE)
        except UnreadableImage:
            return Verdict(DecisionReason.INVALID_FRAME)
        with timings.step("people_ms"):
            people = self._people.people_by_face({match.face_id for match in matches})
        return decide(matches, people, self._policy)

    def _search_until(self, deadline: datetime, frame: InlineFrame | StoredObject) -> list[FaceMatch]:
        """Search, and search again while Rekognition throttles and an answer is still worth something."""
        attempts = Retrying(
            retry=retry_if_exception_type(AwsUnavailable),
            wait=_PAUSES,
            stop=lambda attempt: self._now() + timedelta(seconds=attempt.upcoming_sleep) >= deadline,
            sleep=self._sleep,
            reraise=True,
        )
        return attempts(self._faces.search, frame, self._policy.search_threshold)

    def _conclude(
        self, job: RecognizeJob, verdict: Verdict, door_id: str | None, timings: "_Timings"
    ) -> Decision:
        decision = Decision(
            recognition_id=job.recognition_id,
            reason=verdict.reason,
            kiosk_id=job.kiosk_id,
            door_id=door_id,
            person_id=verdict.person.person_id if verdict.person else None,
            full_name=verdict.person.full_name if verdict.person else None,
            face_id=verdict.match.face_id if verdict.match else None,
            similarity=verdict.match.similarity if verdict.match else None,
            threshold=self._policy.threshold,
            frames=len(job.frames),
            received_at=job.received_at,
            decided_at=self._now(),
            timings_ms=timings.rounded(),
        )
        if not self._decisions.record(decision):
            decision = self._standing(job.recognition_id)
        log.info(
            "decided",
            recognition_id=decision.recognition_id,
            kiosk_id=decision.kiosk_id,
            outcome=decision.outcome.value,
            reason=decision.reason.value,
            similarity=decision.similarity,
            **decision.timings_ms,
        )
        if job.reply_to is not None:
            self._replies.send(job.reply_to, DecisionReply(decision=decision))
        return decision

    def _standing(self, recognition_id: str) -> Decision:
        log.info("decided_before", recognition_id=recognition_id)
        standing = self._decisions.get(recognition_id)
        if standing is None:
            raise LookupError(f"decision {recognition_id} was there when it was written and is gone now")
        return standing


class _Timings:
    """How long each step took, in milliseconds."""

    def __init__(self, queue_ms: float) -> None:
        self._values = {"queue_ms": queue_ms}

    @contextmanager
    def step(self, name: str) -> Generator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self._values[name] = (time.perf_counter() - began) * 1000

    def rounded(self) -> dict[str, float]:
        return {name: round(value, 1) for name, value in self._values.items()}
