"""One thread that hears the workers' answers and hands each to the requests that wait for it."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, InvalidStateError
from contextlib import contextmanager, suppress
from itertools import chain
from threading import Event, Lock, Thread

import structlog

from services.aws.errors import AwsError, AwsUnavailable
from services.contracts.domain import Decision
from services.gateway.collaborators import Replies

_log = structlog.stdlib.get_logger(__name__)

_LONG_POLL_SECONDS = 20
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 5.0
#: With so many awaited replies come faster than calls that take one each; nobody notices the pause.
_MANY_AWAITED = 8
_GATHERING_SECONDS = 0.06


class AwaitedDecision:
    """A decision that a request waits for."""

    def __init__(self, future: "Future[Decision | None]") -> None:
        self._future = future

    def wait(self, seconds: float) -> Decision | None:
        """Wait for the decision; None if it did not come within `seconds` or the gateway stops."""
        try:
            return self._future.result(timeout=seconds)
        except TimeoutError:
            return None


class ReplyListener:
    """Receives decisions on a reply queue of its own.

    Parameters
    ----------
    open_queue : callable
        Makes a reply queue; called once at the start, and again if the queue is lost.
    """

    def __init__(self, open_queue: Callable[[], Replies]) -> None:
        self._open_queue = open_queue
        self._queue = open_queue()
        self._awaited: defaultdict[str, list[Future[Decision | None]]] = defaultdict(list)
        self._lock = Lock()
        self._stopping = Event()
        self._hearing = Event()
        self._thread = Thread(target=self._listen, name="replies", daemon=True)

    @property
    def reply_to(self) -> str:
        """URL of the queue that workers answer on."""
        return self._queue.url

    @property
    def healthy(self) -> bool:
        """Whether answers would be heard now."""
        return self._thread.is_alive() and self._hearing.is_set() and not self._stopping.is_set()

    def start(self) -> None:
        """Begin to listen."""
        self._hearing.set()
        self._thread.start()

    def beat(self) -> None:
        """Say that the queue is in use.

        Raises
        ------
        AwsError
            If that cannot be said now.
        """
        self._queue.beat()

    def wait_closed(self, seconds: float) -> bool:
        """Wait until this is closed; False if it is open after `seconds` still."""
        return self._stopping.wait(seconds)

    def close(self) -> None:
        """Let go of every request that waits, and delete the queue. Doing it again changes nothing."""
        with self._lock:
            if self._stopping.is_set():
                return
            self._stopping.set()
            awaited = list(chain.from_iterable(self._awaited.values()))
        for future in awaited:
            _resolve(future, None)
        _delete(self._queue)

    @contextmanager
    def expect(self, recognition_id: str) -> Iterator[AwaitedDecision]:
        """Keep an ear open for one decision; enter it before the job is sent.

        Several requests may wait for the same decision, as a kiosk that tries again does: each is told.
        """
        future: Future[Decision | None] = Future()
        with self._lock:
            self._awaited[recognition_id].append(future)
            stopping = self._stopping.is_set()
        if stopping:
            _resolve(future, None)
        try:
            yield AwaitedDecision(future)
        finally:
            with self._lock:
                self._awaited[recognition_id].remove(future)
                if not self._awaited[recognition_id]:
                    del self._awaited[recognition_id]

    def _listen(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while not self._stopping.is_set():
            try:
                self._hear()
                pause = _FIRST_PAUSE_SECONDS
            except AwsError as error:
                if self._stopping.is_set():
                    return
                self._hearing.clear()
                _log.warning("replies_unheard", error=str(error), retry_in_seconds=pause)
                self._stopping.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
                if not isinstance(error, AwsUnavailable):
                    self._reopen()

    def _hear(self) -> None:
        # a queue known to answer may poll long; one that failed shows at once whether it is back
        replies = self._queue.receive(_LONG_POLL_SECONDS if self._hearing.is_set() else 0)
        self._hearing.set()
        for reply in replies:
            with self._lock:
                awaited = list(self._awaited.get(reply.decision.recognition_id, ()))
            if not awaited:
                _log.info("reply_nobody_waits_for", recognition_id=reply.decision.recognition_id)
            for future in awaited:
                _resolve(future, reply.decision)
        self._let_replies_gather(bool(replies))

    def _let_replies_gather(self, heard: bool) -> None:
        """Pause while replies come one after the other, so that one call brings several."""
        with self._lock:
            busy = len(self._awaited) >= _MANY_AWAITED
        if heard and busy:
            self._stopping.wait(_GATHERING_SECONDS)

    def _reopen(self) -> None:
        if self._stopping.is_set():
            return
        # SQS may have refused for another reason: no queue is left behind for each attempt
        _delete(self._queue)
        try:
            queue = self._open_queue()
        except AwsError as error:
            _log.warning("reply_queue_not_opened", error=str(error))
            return
        with self._lock:
            self._queue, stopping = queue, self._stopping.is_set()
        if stopping:
            _delete(queue)


def _delete(queue: Replies) -> None:
    try:
        queue.close()
    except AwsError as error:
        _log.warning("reply_queue_left_behind", error=str(error))


def _resolve(future: "Future[Decision | None]", decision: Decision | None) -> None:
    # the first answer counts: workers may reply twice, and a stop may cross with a reply
    with suppress(InvalidStateError):
        future.set_result(decision)
