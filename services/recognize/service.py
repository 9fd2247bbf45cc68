"""From a job to a decision: search, look up, decide, record once, reply."""

import time
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import ParamSpec, TypeVar

import structlog
from tenacity import Retrying, retry_if_exception_type, wait_random_exponential

from services.aws.collection import NoFaceInImage, UnreadableImage
from services.aws.errors import AwsUnavailable
from services.contracts.domain import Decision, FaceMatch, Person
from services.contracts.messages import DecisionReply, FrameSource, RecognizeJob
from services.contracts.reasons import DecisionReason
from services.recognize.agreement import agree
from services.recognize.collaborators import Decisions, FaceSearch, Kiosks, People, Replies
from services.recognize.policy import Policy, Verdict, decide

_P = ParamSpec("_P")
_T = TypeVar("_T")

#: Between attempts: seconds, at random and longer each time, so that throttled workers do not come back
#: together (AWS's "exponential backoff and jitter").
_PAUSES = wait_random_exponential(multiplier=0.05, max=0.5)

log = structlog.stdlib.get_logger(__name__)


class RecognitionFailed(Exception):
    """Deciding failed; a denial stands for it."""


class _TooLate(Exception):
    """The deadline has passed, or will before AWS may be asked again."""


class RecognizeService:
    """Decides about visitors; about each recognition at most once."""

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
        door_id = job.door_id
        try:
            if door_id is None:
                kiosk = self._in_time(job.deadline, self._kiosks.get, job.kiosk_id)
                if kiosk is None:
                    return Verdict(DecisionReason.UNKNOWN_KIOSK), None
                door_id = kiosk.door_id
            verdict = self._agreement(job, timings)
            # Whoever stood there may have gone and somebody else come.
            self._refuse_if_late(job.deadline)
        except _TooLate:
            return Verdict(DecisionReason.EXPIRED), door_id
        return verdict, door_id

    def _agreement(self, job: RecognizeJob, timings: "_Timings") -> Verdict:
        """Look at one frame after the other, until the outcome is known: each costs a search."""
        people = _PeopleOfJob(self._people)
        verdicts: list[Verdict] = []
        while (agreement := agree(verdicts, len(job.frames))) is None:
            frame = job.frames[len(verdicts)]
            verdicts.append(self._look_at(frame, job.deadline, people, timings))
        return agreement

    def _look_at(
        self, frame: FrameSource, deadline: datetime, people: "_PeopleOfJob", timings: "_Timings"
    ) -> Verdict:
        try:
            with timings.step("search_ms"):
                matches = self._in_time(deadline, self._faces.search, frame, self._policy.search_threshold)
        except NoFaceInImage:
            return Verdict(DecisionReason.NO_FACE)
        except UnreadableImage:
            return Verdict(DecisionReason.INVALID_FRAME)
        with timings.step("people_ms"):
            known = self._in_time(deadline, people.behind, matches)
        return decide(matches, known, self._policy)

    def _in_time(self, deadline: datetime, call: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Call AWS, and again while it is not available, as long as an answer is worth something."""
        self._refuse_if_late(deadline)
        attempts = Retrying(
            retry=retry_if_exception_type(AwsUnavailable),
            wait=_PAUSES,
            stop=lambda attempt: self._now() + timedelta(seconds=attempt.upcoming_sleep) >= deadline,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return attempts(call, *args, **kwargs)
        except AwsUnavailable as error:
            log.warning("given_up_at_the_deadline", error=str(error))
            raise _TooLate from error

    def _refuse_if_late(self, deadline: datetime) -> None:
        if self._now() >= deadline:
            raise _TooLate

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
            agreed=verdict.agreed,
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
            frames=decision.frames,
            agreed=decision.agreed,
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


class _PeopleOfJob:
    """The people behind the faces that a job has met so far; none is read twice."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._asked: set[str] = set()
        self._by_face: dict[str, Person] = {}

    def behind(self, matches: Iterable[FaceMatch]) -> Mapping[str, Person]:
        """Look up whom the tables know, by face id."""
        unread = [match for match in matches if match.face_id not in self._asked]
        if unread:
            self._by_face |= self._people.people_by_face(unread, self._by_face.values())
            self._asked |= {match.face_id for match in unread}
        return self._by_face


class _Timings:
    """How long each step took in all, in milliseconds."""

    def __init__(self, queue_ms: float) -> None:
        self._values = {"queue_ms": queue_ms}

    @contextmanager
    def step(self, name: str) -> Generator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self._values[name] = self._values.get(name, 0.0) + (time.perf_counter() - began) * 1000

    def rounded(self) -> dict[str, float]:
        return {name: round(value, 1) for name, value in self._values.items()}
