"""Refusing frames before anything is spent on them, while as much is under way as can be answered in time.

A frame that is refused like every other request costs its thread, its body's decoding and a log line: two
milliseconds, which under overload are taken from the frames that are decided. What is refused here costs a
quarter of that. Only what is plain at a glance is; everything else goes the usual way, where the admission
says the same.
"""

import re
import time
from email.utils import formatdate
from http import HTTPStatus

import structlog
from flask import Flask, Response

from services.gateway.admission import Admission
from services.operations.measures import Measures

_log = structlog.stdlib.get_logger(__name__)

_REQUEST_LINE = b"POST /v1/recognitions HTTP/1.1\r\n"
#: The fields that say where the request ends and whether it may be a retry.
_TELLING_FIELD = re.compile(
    rb"\r\n(content-length|transfer-encoding|expect|connection|upgrade|idempotency-key)[ \t]*:"
    rb"[ \t]*([^\r\n]*?)[ \t]*(?=\r\n)",
    re.IGNORECASE,
)
_REPORT_SECONDS = 1.0
_EXTENSION = "facegate_turning_away"


class TurningAway:
    """Tells which requests are refused from their heads alone, and what they are answered.

    Parameters
    ----------
    admission : Admission
        Knows whether one more would be answered in time.
    refusal : Response
        What is answered.
    most_bytes : int
        Longest body that is heard to its end; a longer one is another problem.
    measures : Measures
        Counts what is refused.
    """

    def __init__(
        self, admission: Admission, refusal: Response, most_bytes: int, *, measures: Measures
    ) -> None:
        self._admission = admission
        self._answer = _written(refusal)
        self._most_bytes = most_bytes
        self._measures = measures
        self._refused = 0
        self._reported_at = 0.0

    def body_of(self, head: bytes) -> int | None:
        """Tell the length of the body of a request that is refused, in bytes; None if it is not.

        Parameters
        ----------
        head : bytes
            The whole head of a request, its empty line included.
        """
        if not head.startswith(_REQUEST_LINE) or not self._admission.full:
            return None
        # who takes a single line feed for a line's end reads another request than we
        if head.count(b"\n") != head.count(b"\r\n"):
            return None
        fields = [(name.lower(), value) for name, value in _TELLING_FIELD.findall(head)]
        match [field for field in fields if field != (b"connection", b"keep-alive")]:
            case [(b"content-length", length)] if length.isdigit() and int(length) <= self._most_bytes:
                return int(length)
        return None

    def answer(self) -> bytes:
        """Write the response that refuses a request, and count it."""
        self._refused += 1
        return self._answer % formatdate(usegmt=True).encode()

    def report(self) -> None:
        """Write a line about those refused since the last one, once a second at most."""
        now = time.monotonic()
        if self._refused and now - self._reported_at >= _REPORT_SECONDS:
            self._measures.turned_away(self._refused)
            _log.info("frames_turned_away", frames=self._refused, limit=round(self._admission.limit, 1))
            self._refused, self._reported_at = 0, now


def turn_away(app: Flask, turning_away: TurningAway) -> None:
    """Have the worker that serves `app` refuse what `turning_away` says."""
    app.extensions[_EXTENSION] = turning_away


def turning_away_of(app: object) -> TurningAway | None:
    """Find what `turn_away` set."""
    return app.extensions.get(_EXTENSION) if isinstance(app, Flask) else None


def _written(response: Response) -> bytes:
    """Write a response as HTTP/1.1, with a place for its date."""
    status = HTTPStatus(response.status_code)
    fields = [("Date", "%s"), ("Connection", "keep-alive")]
    fields += [(name, value.replace("%", "%%")) for name, value in response.headers.items()]
    head = f"HTTP/1.1 {status.value} {status.phrase}\r\n" + "".join(f"{n}: {v}\r\n" for n, v in fields)
    return head.encode("latin-1") + b"\r\n" + response.get_data().replace(b"%", b"%%")
