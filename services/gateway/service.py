"""From frames to their decision."""

from collections.abc import Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from services.aws.errors import AwsError
from services.contracts.domain import Decision, majority
from services.contracts.kiosks import Kiosk
from services.contracts.messages import FrameSource, InlineFrame, RecognizeJob
from services.gateway.admission import Admission, Overloaded, Passage
from services.gateway.backlog import Backlog
from services.gateway.collaborators import Decisions, Frames, Jobs
from services.gateway.frames import Frame
from services.gateway.problems import FRAME_TOO_SLOW, UNKNOWN_RECOGNITION, Problem
from services.gateway.replies import ReplyListener
from services.gateway.settings import MOST_INLINE_FRAME_BYTES
from services.gateway.uuid7 import parse_uuid7, time_of, uuid7
from services.operations.measures import Measures

_log = structlog.stdlib.get_logger(__name__)

#: How long an id without a decision counts as pending: as long as the queue of recognize jobs keeps one.
PENDING_FOR = timedelta(hours=1)
_CLOCK_SKEW = timedelta(minutes=1)


@dataclass(frozen=True)
class Recognition:
    """What a kiosk asks for: to know the visitor in these frames."""

    recognition_id: str
    kiosk: Kiosk
    frames: tuple[Frame, ...]
    received_at: datetime


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
        Frames up to this size, on average, travel in their message.
    deadline : timedelta
        How long after it was received a recognition is worth deciding about, however long its kiosk waits.
    """

    jobs: Jobs
    frames: Frames
    decisions: Decisions
    replies: ReplyListener
    admission: Admission
    backlog: Backlog
    measures: Measures
    inline_frame_bytes: int
    deadline: timedelta

    def request(
        self, kiosk: Kiosk, frames: tuple[Frame, ...], received_at: datetime, wait: float = 0
    ) -> Decision | Pending:
        """Queue a recognition, and wait up to `wait` seconds for its decision.

        Raises
        ------
        Problem
            If the frames took longer to arrive than they are worth anything.
        Overloaded
            If it would be decided too late; nothing was stored or queued then.
        AwsError
            If it could not be queued; nothing will be decided about it then.
        """
        recognition = self.prepare(kiosk, frames, received_at)
        with self.admit(recognition, wait) as passage:
            return self.queue(recognition, wait, passage)

    def prepare(self, kiosk: Kiosk, frames: tuple[Frame, ...], received_at: datetime) -> Recognition:
        """Give a recognition its id.

        Raises
        ------
        Problem
            If the frames took longer to arrive than they are worth anything.
        """
        if datetime.now(UTC) >= received_at + self.deadline:
            raise _worthless()
        return Recognition(str(uuid7()), kiosk, frames, received_at)

    @contextmanager
    def admit(self, recognition: Recognition, wait: float) -> Generator[Passage]:
        """Have a recognition under way, or among those that wait for the workers if nobody waits for it.

        Raises
        ------
        Overloaded
            If it would be decided too late.
        """
        with ExitStack() as admitted:
            try:
                if wait:
                    searches = majority(len(recognition.frames))
                    passage = admitted.enter_context(self.admission.passage(searches))
                else:
                    self.admission.check()
                    self.backlog.join(self.admission.proven)
                    passage = Passage()
            except Overloaded:
                self.measures.turned_away()
                raise
            yield passage

    def queue(
        self,
        recognition: Recognition,
        wait: float,
        passage: Passage,
        queuing: AbstractContextManager[None] | None = None,
    ) -> Decision | Pending:
        """Queue a recognition that was admitted, and wait up to `wait` seconds for its decision.

        Parameters
        ----------
        queuing : context manager, optional
            Entered to queue the job, and left when it is queued.

        Raises
        ------
        AwsError
            If it could not be queued; nothing will be decided about it then.
        """
        if not wait:
            with queuing or nullcontext():
                self.jobs.send(self._job(recognition, None))
            return Pending(recognition.recognition_id)
        with self.replies.expect(recognition.recognition_id) as awaited:
            with queuing or nullcontext():
                self.jobs.send(self._job(recognition, self.replies.reply_to))
            decision = awaited.wait(wait)
            passage.answered = decision is not None
            if decision is not None:
                self.measures.answered((datetime.now(UTC) - recognition.received_at).total_seconds())
        return decision or self.look_up(recognition.recognition_id) or Pending(recognition.recognition_id)

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

    def look_up(self, recognition_id: str) -> Decision | None:
        """Look once for the decision on a recognition whose job is queued; its reply may be lost."""
        try:
            return self.decisions.get(recognition_id)
        except AwsError as error:
            # saying "unavailable" now would make the kiosk send the frames twice
            _log.warning("decision_not_read", recognition_id=recognition_id, error=str(error))
            return None

    def _job(self, recognition: Recognition, reply_to: str | None) -> RecognizeJob:
        return RecognizeJob(
            recognition_id=recognition.recognition_id,
            kiosk_id=recognition.kiosk.kiosk_id,
            door_id=recognition.kiosk.door_id,
            frames=self._sources(recognition),
            received_at=recognition.received_at,
            deadline=recognition.received_at + self.deadline,
            reply_to=reply_to,
        )

    def _sources(self, recognition: Recognition) -> tuple[FrameSource, ...]:
        frames = recognition.frames
        inline_bytes = min(self.inline_frame_bytes * len(frames), MOST_INLINE_FRAME_BYTES)
        if sum(len(frame.data) for frame in frames) <= inline_bytes:
            return tuple(InlineFrame(data=frame.data) for frame in frames)
        kiosk_id, recognition_id = recognition.kiosk.kiosk_id, recognition.recognition_id
        return tuple(
            self.frames.put(kiosk_id, recognition_id, number, frame.data, frame.content_type)
            for number, frame in enumerate(frames, 1)
        )


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
