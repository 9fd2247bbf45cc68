"""From a frame to its decision."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from services.aws.errors import AwsError
from services.contracts.domain import Decision, Kiosk
from services.contracts.messages import InlineFrame, RecognizeJob
from services.gateway.admission import Admission
from services.gateway.backlog import Backlog
from services.gateway.collaborators import Decisions, Frames, Jobs
from services.gateway.frames import Frame
from services.gateway.problems import FRAME_TOO_SLOW, UNKNOWN_RECOGNITION, Problem
from services.gateway.replies import ReplyListener
from services.gateway.uuid7 import parse_uuid7, time_of, uuid7

_log = structlog.stdlib.get_logger(__name__)

#: How long an id without a decision counts as pending: as long as the queue of recognize jobs keeps one.
PENDING_FOR = timedelta(hours=1)
_CLOCK_SKEW = timedelta(minutes=1)


@dataclass(frozen=True)
class Pending:
    """A recognition that is not decided yet."""

    recognition_id: str


@dataclass(frozen=True)
class Recognitions:
    """The recognitions that kiosks ask for.

    Attributes
    ----------
    inline_frame_bytes : int
        Frames up to this size travel in their message.
    deadline : timedelta
        How long after it was received a frame is worth deciding about.
    """

    jobs: Jobs
    frames: Frames
    decisions: Decisions
    replies: ReplyListener
    admission: Admission
    backlog: Backlog
    inline_frame_bytes: int
    deadline: timedelta

    def request(self, kiosk: Kiosk, frame: Frame, received_at: datetime, wait: int = 0) -> Decision | Pending:
        """Queue a recognition, and wait up to `wait` seconds for its decision.

        Raises
        ------
        Problem
            If the frame took longer to arrive than it is worth anything.
        Overloaded
            If it would be decided too late; nothing was stored or queued then.
        AwsError
            If the frame could not be queued; nothing will be decided about it then.
        """
        if datetime.now(UTC) >= received_at + self.deadline:
            raise _worthless()
        recognition_id = str(uuid7())
        if not wait:
            self.admission.check()
            self.backlog.join(self.admission.proven)
            self.jobs.send(self._job(recognition_id, kiosk, frame, received_at))
            return Pending(recognition_id)
        with self.admission.passage() as passage, self.replies.expect(recognition_id) as awaited:
            job = self._job(recognition_id, kiosk, frame, received_at)
            self.jobs.send(job.model_copy(update={"reply_to": self.replies.reply_to}))
            decision = awaited.wait(wait)
            passage.answered = decision is not None
        return decision or self._unheard(recognition_id)

    def find(self, kiosk: Kiosk, recognition_id: str) -> Decision | Pending:
        """Tell what became of a recognition of this kiosk.

        Raises
        ------
        Problem
            If the id is not one of its recognitions.
        AwsError
            If the decisions cannot be read.
        """
        uuid = parse_uuid7(recognition_id)
        if uuid is None:
            raise _unknown()
        decision = self.decisions.get(recognition_id)
        if decision is None:
            # the id tells its own age, so that a queued job needs no record before its decision
            try:
                age = datetime.now(UTC) - time_of(uuid)
            except ValueError as error:
                raise _unknown() from error
            if -_CLOCK_SKEW <= age <= PENDING_FOR:
                return Pending(recognition_id)
        if decision is None or decision.kiosk_id != kiosk.kiosk_id:
            raise _unknown()
        return decision

    def _job(self, recognition_id: str, kiosk: Kiosk, frame: Frame, received_at: datetime) -> RecognizeJob:
        if len(frame.data) <= self.inline_frame_bytes:
            source = InlineFrame(data=frame.data)
        else:
            source = self.frames.put(kiosk.kiosk_id, recognition_id, frame.data, frame.content_type)
        return RecognizeJob(
            recognition_id=recognition_id,
            kiosk_id=kiosk.kiosk_id,
            door_id=kiosk.door_id,
            frames=(source,),
            received_at=received_at,
            deadline=received_at + self.deadline,
        )

    def _unheard(self, recognition_id: str) -> Decision | Pending:
        """Look once for a decision whose reply was lost."""
        try:
            decision = self.decisions.get(recognition_id)
        except AwsError as error:
            # the job is queued: saying "unavailable" now would make the kiosk send the frame twice
            _log.warning("decision_not_read", recognition_id=recognition_id, error=str(error))
            return Pending(recognition_id)
        return decision or Pending(recognition_id)


def _worthless() -> Problem:
    return Problem(
        FRAME_TOO_SLOW,
        "The frame took too long to arrive to be decided in time. Send a new one, or a smaller one.",
    )


def _unknown() -> Problem:
    return Problem(
        UNKNOWN_RECOGNITION,
        "No recognition of this kiosk has this id. Check the id, or send the frame again.",
    )
