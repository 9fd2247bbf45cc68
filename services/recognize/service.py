"""From a job to a decision: search, look up, decide, ask the rules, record once, reply."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import structlog

from services.access.current import REFRESH_SECONDS, CurrentRules
from services.aws.collection import NoFaceInImage, UnreadableImage
from services.aws.errors import AwsError
from services.contracts.domain import Decision
from services.contracts.messages import DecisionReply, FrameSource, RecognizeJob
from services.contracts.reasons import DecisionReason, Outcome
from services.operations.measures import Measures
from services.recognize.agreement import agree
from services.recognize.collaborators import (
    Decisions,
    DeniedFrames,
    Doors,
    FaceSearch,
    Kiosks,
    People,
    Replies,
)
from services.recognize.deadline import Deadline, TooLate
from services.recognize.doorway import Doorway
from services.recognize.policy import Policy, Verdict, decide
from services.recognize.search import SearchKind, VisitorSearch
from services.recognize.timings import Timings

log = structlog.stdlib.get_logger(__name__)


#: Who was let in, and what was decided without a look at a face.
_SHOWING_NOBODY_DENIED = frozenset(
    {
        DecisionReason.MATCH,
        DecisionReason.NO_FACE,
        DecisionReason.INVALID_FRAME,
        DecisionReason.UNKNOWN_KIOSK,
        DecisionReason.EXPIRED,
        DecisionReason.INTERNAL_ERROR,
    }
)


class RecognitionFailed(Exception):
    """Deciding failed; a denial stands for it."""


@dataclass(frozen=True)
class _Judged:
    verdict: Verdict
    door_id: str | None
    threshold: float


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
        rules: CurrentRules,
        doors: Doors,
        policy: Policy,
        search: SearchKind,
        measures: Measures,
        denied_frames: DeniedFrames | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._faces = faces
        self._people = people
        self._kiosks = kiosks
        self._decisions = decisions
        self._replies = replies
        self._rules = rules
        self._doors = doors
        self._policy = policy
        self._search = search
        self._measures = measures
        self._denied_frames = denied_frames
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
        timings = Timings(queue_ms=(self._now() - job.received_at).total_seconds() * 1000)
        try:
            judged = self._judged(job, timings)
        except Exception as error:
            failed = _Judged(Verdict(DecisionReason.INTERNAL_ERROR), job.door_id, self._policy.threshold)
            self._conclude(job, failed, timings)
            raise RecognitionFailed(f"denied, because of {type(error).__name__}: {error}") from error
        decision = self._conclude(job, judged, timings)
        self._refresh_rules()
        return decision

    def _refresh_rules(self) -> None:
        """See to it that a changed door is known also where for a while nobody was found and looked up."""
        try:
            self._rules.refresh(REFRESH_SECONDS)
        except AwsError as error:
            # the next decision that the rules are asked for reads them, or denies
            log.warning("rules_not_refreshed", error=str(error))

    def _judged(self, job: RecognizeJob, timings: Timings) -> _Judged:
        door_id, threshold = job.door_id, self._policy.threshold
        deadline = Deadline(job.deadline, self._now, self._sleep)
        try:
            if door_id is None:
                kiosk = deadline.call(self._kiosks.get, job.kiosk_id)
                if kiosk is None or not kiosk.may_upload:
                    return _Judged(Verdict(DecisionReason.UNKNOWN_KIOSK), None, threshold)
                door_id = kiosk.door_id
            doorway = Doorway(door_id, self._policy, self._rules, deadline)
            search = VisitorSearch(
                self._search, self._faces, self._people, doorway, deadline=deadline, timings=timings
            )
            verdict = self._admitted(self._agreement(job, search, doorway), doorway)
            threshold = doorway.policy.threshold
            # Whoever stood there may have gone and somebody else come.
            deadline.check()
        except TooLate:
            return _Judged(Verdict(DecisionReason.EXPIRED), door_id, threshold)
        return _Judged(verdict, door_id, threshold)

    def _agreement(self, job: RecognizeJob, search: VisitorSearch, doorway: Doorway) -> Verdict:
        """Look at one frame after the other, until the outcome is known: each costs a search."""
        verdicts: list[Verdict] = []
        while (agreement := agree(verdicts, len(job.frames))) is None:
            verdicts.append(self._look_at(job.frames[len(verdicts)], search, doorway))
        return agreement

    def _admitted(self, verdict: Verdict, doorway: Doorway) -> Verdict:
        """Ask the rules about somebody who was recognised."""
        if verdict.reason is not DecisionReason.MATCH or verdict.person is None:
            return verdict
        passage = doorway.passage(verdict.person, self._now())
        return replace(verdict, reason=passage.reason, rule_id=passage.rule_id)

    def _look_at(self, frame: FrameSource, search: VisitorSearch, doorway: Doorway) -> Verdict:
        try:
            matches = search.matches(frame)
        except NoFaceInImage:
            return Verdict(DecisionReason.NO_FACE)
        except UnreadableImage:
            return Verdict(DecisionReason.INVALID_FRAME)
        return decide(matches, doorway.policy)

    def _conclude(self, job: RecognizeJob, judged: _Judged, timings: Timings) -> Decision:
        verdict = judged.verdict
        decision = Decision(
            recognition_id=job.recognition_id,
            reason=verdict.reason,
            kiosk_id=job.kiosk_id,
            door_id=judged.door_id,
            person_id=verdict.person.person_id if verdict.person else None,
            full_name=verdict.person.full_name if verdict.person else None,
            matched=verdict.match.matched if verdict.match else None,
            face_id=verdict.match.face_id if verdict.match else None,
            similarity=verdict.match.similarity if verdict.match else None,
            threshold=judged.threshold,
            frames=len(job.frames),
            agreed=verdict.agreed,
            rule_id=verdict.rule_id,
            received_at=job.received_at,
            decided_at=self._now(),
            timings_ms=timings.rounded(),
        )
        ours = self._decisions.record(decision)
        if not ours:
            decision = self._standing(job.recognition_id)
        elif decision.outcome is Outcome.GRANTED:
            # written by us, just now: whoever finds it written leaves the door alone
            self._doors.granted(decision)
        if ours:
            # a frame that was uploaded came without its door
            self._measures.decided(decision, uploaded=job.door_id is None)
        log.info(
            "decided",
            recognition_id=decision.recognition_id,
            kiosk_id=decision.kiosk_id,
            outcome=decision.outcome.value,
            reason=decision.reason.value,
            matched=decision.matched and decision.matched.value,
            similarity=decision.similarity,
            frames=decision.frames,
            agreed=decision.agreed,
            rule_id=decision.rule_id,
            **decision.timings_ms,
        )
        if job.reply_to is not None:
            self._replies.send(job.reply_to, DecisionReply(decision=decision))
        if ours and self._denied_frames is not None and decision.reason not in _SHOWING_NOBODY_DENIED:
            self._keep(decision, job, self._denied_frames)
        return decision

    def _keep(self, decision: Decision, job: RecognizeJob, denied_frames: DeniedFrames) -> None:
        try:
            denied_frames.keep(decision, job.frames)
        except AwsError as error:
            # the decision stands; done again, it would be found made
            log.warning("denied_frame_not_kept", recognition_id=decision.recognition_id, error=str(error))

    def _standing(self, recognition_id: str) -> Decision:
        log.info("decided_before", recognition_id=recognition_id)
        standing = self._decisions.get(recognition_id)
        if standing is None:
            raise LookupError(f"decision {recognition_id} was there when it was written and is gone now")
        return standing
