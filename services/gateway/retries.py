"""Recognitions asked for with an ``Idempotency-Key``: asked for again, the same one is answered.

A request is written down before its job is queued, so that whichever gateway process hears it again knows the
recognition. It is held for a moment by the process that queues the job and then marked as queued. One that is
neither held nor marked belongs to a process that died: then the next one queues the job, under the same id.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import chain, repeat
from threading import BoundedSemaphore

import structlog

from services.aws.errors import AwsError
from services.aws.idempotency import KeyedRequest
from services.contracts.domain import Decision
from services.contracts.kiosks import Kiosk
from services.gateway.admission import Overloaded, Passage
from services.gateway.collaborators import Requests
from services.gateway.frames import Frame
from services.gateway.problems import IDEMPOTENCY_KEY_REUSED, UNAVAILABLE, Problem
from services.gateway.request_body import Picture
from services.gateway.service import Pending, Recognition, Recognitions

_log = structlog.stdlib.get_logger(__name__)

#: A job is queued within milliseconds. Where it takes longer than this it may be queued twice, which costs
#: a search and changes nothing; and so long a visitor may wait for a gateway that died to be replaced.
_HOLD = timedelta(seconds=2)
#: The first decision comes a few tenths of a second after the first request. Who waits longer asks less.
_PAUSES = (0.05, 0.1, 0.2, 0.3, 0.5)
_LONGEST_PAUSE = 1.0


def fingerprint(pictures: Sequence[Picture]) -> str:
    """Digest pictures as they were sent, so that they are known again: 64 hexadecimal digits."""
    return sha256(b"".join(sha256(picture.data).digest() for picture in pictures)).hexdigest()


class RepeatableRecognitions:
    """Recognitions that a kiosk may ask for several times, and gets once.

    Parameters
    ----------
    recognitions : Recognitions
        Those that are asked for once.
    requests : Requests
        Where all gateway processes write down what was asked for.
    now : callable
        The time.
    most_waiting : int
        Retries that may wait at the same time, each in a thread; others are told to look later. Nothing else
        keeps one kiosk from holding all threads of a process: retries are never refused for overload.
    """

    def __init__(
        self,
        recognitions: Recognitions,
        requests: Requests,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        most_waiting: int = 64,
    ) -> None:
        self._recognitions = recognitions
        self._requests = requests
        self._now = now
        self._places = BoundedSemaphore(most_waiting)

    def request(
        self,
        kiosk: Kiosk,
        frames: tuple[Frame, ...],
        received_at: datetime,
        wait: float = 0,
        *,
        key: str,
        frames_sha256: str,
    ) -> Decision | Pending:
        """Queue a recognition unless it was asked for before, and wait up to `wait` seconds for its decision.

        Parameters
        ----------
        key : str
            The kiosk's ``Idempotency-Key``.
        frames_sha256 : str
            The frames' `fingerprint`.

        Raises
        ------
        Problem
            If the kiosk used the key for other frames, or these took longer to arrive than they are worth.
        Overloaded
            If it would be decided too late; nothing was written down, stored or queued then. What is under
            way already is never refused.
        AwsError
            If it could not be queued; asked for again, it is the same recognition.
        """
        recognition = self._recognitions.prepare(kiosk, frames, received_at)
        mine = KeyedRequest(
            request_id=KeyedRequest.id_of(kiosk.kiosk_id, key),
            recognition_id=recognition.recognition_id,
            frames_sha256=frames_sha256,
            received_at=received_at,
            held_until=self._now() + _HOLD,
        )
        try:
            with self._recognitions.admit(recognition, wait) as passage:
                standing = self._requests.register(mine)
                if standing == mine:
                    return self._queue(recognition, mine, wait, passage)
                passage.withdrawn = True
        except Overloaded:
            earlier = self._requests.get(mine.request_id)
            if earlier is None:
                raise
            standing = earlier
        if standing.frames_sha256 != frames_sha256:
            raise _reused()
        recognition = replace(
            recognition, recognition_id=standing.recognition_id, received_at=standing.received_at
        )
        _log.info("asked_again", recognition_id=recognition.recognition_id, kiosk_id=kiosk.kiosk_id)
        with self._place(wait) as granted:
            return self._again(recognition, standing, self._now() + timedelta(seconds=granted))

    @contextmanager
    def _place(self, wait: float) -> Generator[float]:
        """Grant the wait while not too many wait already."""
        if not wait or not self._places.acquire(blocking=False):
            yield 0
            return
        try:
            yield wait
        finally:
            self._places.release()

    def _again(self, recognition: Recognition, request: KeyedRequest, end: datetime) -> Decision | Pending:
        """Answer with the recognition that stands, and queue its job if that was left undone."""
        while True:
            answer = self._follow(request, end)
            if not isinstance(answer, KeyedRequest):
                return answer
            wait = max(0.0, (end - self._now()).total_seconds())
            with self._recognitions.admit(recognition, wait) as passage:
                held = self._requests.hold(answer, self._now() + _HOLD)
                if held is not None:
                    _log.warning("queued_again", recognition_id=request.recognition_id)
                    return self._queue(recognition, held, wait, passage)
                passage.withdrawn = True
            request = self._requests.get(answer.request_id) or answer

    def _follow(self, request: KeyedRequest, end: datetime) -> Decision | Pending | KeyedRequest:
        """Wait for the decision until `end`, and at least until the job is queued.

        Its reply goes to the process that queued the job. Where that is another one, the table of decisions
        tells.

        Returns
        -------
        Decision or Pending or KeyedRequest
            The request, if nobody holds it any more and its job is not known to be queued.
        """
        with self._recognitions.replies.expect(request.recognition_id) as awaited:
            pauses = chain(_PAUSES, repeat(_LONGEST_PAUSE))
            while True:
                if decision := self._decision(request):
                    return decision
                until = end if request.queued else request.held_until
                left = (until - self._now()).total_seconds()
                if left <= 0:
                    return Pending(request.recognition_id) if request.queued else request
                if decision := awaited.wait(min(next(pauses), left)):
                    return decision
                if self._recognitions.replies.wait_closed(0):
                    return self._let_go(request)
                if not request.queued:
                    request = self._requests.get(request.request_id) or request

    def _decision(self, request: KeyedRequest) -> Decision | None:
        if request.queued:
            return self._recognitions.look_up(request.recognition_id)
        return self._recognitions.decisions.get(request.recognition_id)

    def _let_go(self, request: KeyedRequest) -> Pending:
        if request.queued:
            return Pending(request.recognition_id)
        raise Problem(
            UNAVAILABLE,
            "This gateway stops. Send the request again, with the same key.",
            {"Retry-After": "1"},
        )

    def _queue(
        self, recognition: Recognition, request: KeyedRequest, wait: float, passage: Passage
    ) -> Decision | Pending:
        return self._recognitions.queue(recognition, wait, passage, self._held(request))

    @contextmanager
    def _held(self, request: KeyedRequest) -> Generator[None]:
        """Mark the request when its job is queued, or let it go where that failed."""
        try:
            yield
        except Exception:
            # the job may be queued all the same: whoever tries again does so under the same id
            self._note(request, lambda: self._requests.hold(request, self._now()))
            raise
        self._note(request, lambda: self._requests.mark_queued(request))

    def _note(self, request: KeyedRequest, note: Callable[[], object]) -> None:
        try:
            note()
        except AwsError as error:
            # at worst the job is queued twice
            _log.warning("request_not_noted", recognition_id=request.recognition_id, error=str(error))


def _reused() -> Problem:
    return Problem(
        IDEMPOTENCY_KEY_REUSED,
        "This Idempotency-Key came with other frames before. Send a fresh key for every capture.",
    )
