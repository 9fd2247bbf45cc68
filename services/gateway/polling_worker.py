"""A gunicorn worker whose threads wait for no client that is slow to ask or slow to leave.

gthread gives every connection a thread before a byte of its request has come, and closes connections in
its main loop, where each may take two seconds. A few clients that send their headers byte by byte, or
leave connections half closed, then keep everybody out. Here the worker's poller watches such connections.
"""

import socket
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from enum import Enum, auto
from functools import partial
from http import HTTPStatus
from selectors import EVENT_READ
from typing import Any, Protocol

from gunicorn.errors import ConfigError
from gunicorn.http.body import ChunkedReader
from gunicorn.http.message import Request
from gunicorn.workers.gthread import TConn, ThreadWorker

from services.gateway.bare_problems import status_of, write_problem

_CHUNK_BYTES = 64 * 1024
_END_OF_HEAD = b"\r\n\r\n"
#: gunicorn reads up to 100 fields of 8 kB; no kiosk, browser or proxy sends as much.
_MOST_HEAD_BYTES = 32 * 1024
#: How long a client that still sends may go on after its answer, or it would see a reset connection instead
#: of it (RFC 9112, section 9.6); gunicorn's own time.
_LINGER_SECONDS = 2.0
_MOST_LINGERING = 64
_STOPPING_WAIT_SECONDS = 0.1


class _Head(Enum):
    """How far the head of a request has come."""

    UNFINISHED = auto()
    WHOLE = auto()
    TOO_LONG = auto()
    #: The client has gone.
    NEVER = auto()


class Refusals(Protocol):
    """Which requests are refused from their heads alone."""

    def body_of(self, head: bytes) -> int | None:
        """Tell how many bytes of body follow the head of a request that is refused; None if it is not."""
        ...

    def answer(self) -> bytes:
        """Write the response that refuses one, after which the connection stays."""
        ...

    def report(self) -> None:
        """Say now and then how many were refused."""
        ...


class ThoroughRequest(Request):
    """A request that closes its connection, and says so, unless its body was read to the end.

    gunicorn would spend a thread and up to 5 s on reading what nobody wants.
    """

    def should_close(self) -> bool:
        """Whether the connection ends with this request."""
        return super().should_close() or self._body_left()

    def _body_left(self) -> bool:
        body = getattr(self, "body", None)
        if body is None:
            return False
        if isinstance(body.reader, ChunkedReader):
            return body.reader.parser is not None
        return body.reader.length > 0


class PollingWorker(ThreadWorker):
    """gthread, except that a thread gets a request whose headers are there, and nothing else.

    Attributes
    ----------
    head_timeout : float
        Seconds from the beginning of a connection, or of another request on it, to the end of the headers;
        and as many for the body of a request that is refused from its head alone.
    refusals : Refusals, optional
        Which those are. They get no thread either.
    """

    head_timeout = 5.0
    refusals: Refusals | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # connections and their deadlines, in order, since each of a kind has equally long
        self._asking: dict[TConn, float] = {}
        self._leaving: dict[TConn, float] = {}
        self._refused: dict[TConn, float] = {}
        #: how many bytes are still to come of the bodies of requests that are refused
        self._to_come: dict[TConn, int] = {}

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        """Refuse what would put something else before a request's headers.

        Raises
        ------
        gunicorn.errors.ConfigError
            If gunicorn is to speak TLS, HTTP/2 or the PROXY protocol.
        """
        if cfg.is_ssl or cfg.proxy_protocol != "off" or cfg.http2_cleartext != "off":
            raise ConfigError("The gateway speaks plain HTTP/1.1: end TLS, HTTP/2 and PROXY in front of it.")
        super().check_config(cfg, log)

    def enqueue_req(self, conn: TConn) -> None:
        """Wait for the head of a connection's first or next request."""
        conn.init()
        _parser(conn).mesg_class = ThoroughRequest
        conn.sock.setblocking(False)
        head = _take_head(conn)
        if head is _Head.WHOLE:
            self._serve(conn)
        else:
            self._watch(conn, self._asking, self.head_timeout, self._hear)
            self._follow(conn, head)

    def _hear(self, conn: TConn, _client: socket.socket) -> None:
        self._follow(conn, _take_head(conn))

    def _follow(self, conn: TConn, head: "_Head") -> None:
        """Go on with a connection that is watched, as far as its head has come."""
        match head:
            case _Head.WHOLE:
                self._unwatch(conn, self._asking)
                self._serve(conn)
            case _Head.NEVER:
                self._unwatch(conn, self._asking)
                self._close(conn)
            case _Head.TOO_LONG:
                self._refuse(conn, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            case _Head.UNFINISHED:
                pass

    def _serve(self, conn: TConn) -> None:
        """Give a request whose head is there to a thread, unless its head is enough to refuse it."""
        if self.refusals is not None and self.alive:
            unreader = _parser(conn).unreader
            came: bytes = unreader.buf.getvalue()
            head = came[: came.index(_END_OF_HEAD) + len(_END_OF_HEAD)]
            body = self.refusals.body_of(head)
            if body is not None:
                unreader.take_buffered()
                self._turn_away(conn, self.refusals, came[len(head) :], body)
                return
        super().enqueue_req(conn)

    def _turn_away(self, conn: TConn, refusals: Refusals, came: bytes, body: int) -> None:
        """Refuse a request when its body has come: a client that still sends would not see its answer."""
        _parser(conn).unreader.unread(came[body:])
        self._to_come[conn] = max(0, body - len(came))
        self._watch(conn, self._refused, self.head_timeout, partial(self._pass_over, refusals=refusals))
        self._pass_over(conn, conn.sock, refusals=refusals)

    def _pass_over(self, conn: TConn, client: socket.socket, *, refusals: Refusals) -> None:
        while to_come := self._to_come[conn]:
            came = _receive(client, min(to_come, _CHUNK_BYTES))
            if came is None:
                return
            if not came:
                self._give_up(conn)
                return
            self._to_come[conn] -= len(came)
        answer = refusals.answer()
        try:
            whole = client.send(answer) == len(answer)
        except OSError:
            whole = False
        if not whole:
            # it does not even take a few hundred bytes
            self._give_up(conn)
            return
        self._unwatch(conn, self._refused)
        del self._to_come[conn]
        stays: Future[bool] = Future()
        stays.set_result(True)
        self.finish_request(conn, stays)

    def _give_up(self, conn: TConn) -> None:
        self._unwatch(conn, self._refused)
        del self._to_come[conn]
        self._close(conn)

    def finish_request(self, conn: TConn, fs: "Future[Any]") -> None:
        """Keep the connection for its next request, or see the client off."""
        if fs.cancelled() or fs.exception() or fs.result():
            super().finish_request(conn, fs)
        else:
            self._linger(conn)

    def wait_for_and_dispatch_events(self, timeout: float | None) -> None:
        """Let the poller wait for events, less long when the worker is to stop."""
        # a whole second more than its time and gunicorn kills it
        super().wait_for_and_dispatch_events(timeout if self.alive else _STOPPING_WAIT_SECONDS)

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:  # noqa: ARG002 -- gunicorn's signature
        """Answer a request that gunicorn cannot read, or whose answer it cannot write."""
        status = status_of(exc)
        if status is HTTPStatus.INTERNAL_SERVER_ERROR:
            self.log.exception("Error handling request %s", getattr(req, "path", "that was not read"))
        else:
            self.log.warning("Invalid request: %s", type(exc).__name__)
        with suppress(OSError):
            write_problem(client, status)

    def murder_pending(self) -> None:
        """Close the connections whose time is over; gthread's loop calls it at least once a second."""
        super().murder_pending()
        for conn in _overdue(self._asking):
            if _parser(conn).unreader.buf.getvalue():
                self._refuse(conn, HTTPStatus.REQUEST_TIMEOUT)
            else:
                self._unwatch(conn, self._asking)
                self._close(conn)
        for conn in _overdue(self._leaving):
            self._see_off(conn)
        for conn in _overdue(self._refused):
            self._give_up(conn)
        if self.refusals is not None:
            self.refusals.report()

    def _refuse(self, conn: TConn, status: HTTPStatus) -> None:
        self._unwatch(conn, self._asking)
        with suppress(OSError):
            write_problem(conn.sock, status)
        self._linger(conn)

    def _linger(self, conn: TConn) -> None:
        """Send no more, and hear the client out for a while."""
        conn.sock.setblocking(False)
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(conn)
            return
        if len(self._leaving) >= _MOST_LINGERING:
            self._see_off(next(iter(self._leaving)))
        self._watch(conn, self._leaving, _LINGER_SECONDS, self._discard)

    def _discard(self, conn: TConn, client: socket.socket) -> None:
        if _receive(client) == b"":
            self._see_off(conn)

    def _see_off(self, conn: TConn) -> None:
        self._unwatch(conn, self._leaving)
        self._close(conn)

    def _watch(
        self,
        conn: TConn,
        watched: dict[TConn, float],
        seconds: float,
        on_readable: Callable[[TConn, socket.socket], None],
    ) -> None:
        watched[conn] = time.monotonic() + seconds
        self.poller.register(conn.sock, EVENT_READ, partial(on_readable, conn))

    def _unwatch(self, conn: TConn, watched: dict[TConn, float]) -> None:
        del watched[conn]
        self.poller.unregister(conn.sock)

    def _close(self, conn: TConn) -> None:
        self.nr_conns -= 1
        conn.close()


def _parser(conn: TConn) -> Any:
    # HTTP/1.1's, whose types say less than they do
    return conn.parser


def _take_head(conn: TConn) -> _Head:
    """Take what has come of the next request's head, and keep it for the parser."""
    unreader = _parser(conn).unreader
    # a client may have sent it along with its last request
    head: bytes = unreader.take_buffered()
    if not _is_whole(head):
        came = _receive(conn.sock)
        if came == b"":
            return _Head.NEVER
        head += came or b""
    unreader.unread(head)
    if _is_whole(head):
        return _Head.WHOLE
    return _Head.TOO_LONG if len(head) > _MOST_HEAD_BYTES else _Head.UNFINISHED


def _is_whole(head: bytes) -> bool:
    # before a request the parser passes over one empty line (RFC 9112, section 2.2), then it would wait
    return _END_OF_HEAD in head.removeprefix(b"\r\n")


def _receive(client: socket.socket, most: int = _CHUNK_BYTES) -> bytes | None:
    """Take what has come; None where nothing has, nothing (``b""``) where nothing will."""
    try:
        return client.recv(most)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def _overdue(watched: dict[TConn, float]) -> list[TConn]:
    now = time.monotonic()
    return [conn for conn, deadline in watched.items() if deadline <= now]
