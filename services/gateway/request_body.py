"""Reading what a kiosk sends, never more of it and never longer than allowed."""

import socket
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from io import BytesIO
from threading import Event, Timer
from typing import Any

from flask import Request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from services.gateway.problems import (
    FRAME_TOO_LARGE,
    FRAME_TOO_SLOW,
    NO_FRAME,
    UNSUPPORTED_FRAME_TYPE,
    Problem,
)

_CHUNK_BYTES = 64 * 1024
#: What a form's boundaries and part headers may add to the frame.
_FORM_OVERHEAD_BYTES = 16 * 1024
_FORM_PARTS = 8


def read_picture(request: Request, max_bytes: int, seconds: float) -> tuple[bytes, str]:
    """Take the picture out of a request.

    Parameters
    ----------
    request : flask.Request
        Its body is the picture, or a form with the picture as file ``image``.
    max_bytes : int
        Largest picture taken.
    seconds : float
        Time within which the body has to arrive.

    Returns
    -------
    tuple of (bytes, str)
        The picture and the content type that it is said to have.

    Raises
    ------
    Problem
        If there is none, or it is too large or too slow.
    """
    if request.mimetype == "multipart/form-data":
        body = _read(request, max_bytes + _FORM_OVERHEAD_BYTES, max_bytes, seconds)
        return _picture_of_form(body, request.mimetype_params)
    if not request.mimetype.startswith("image/"):
        raise Problem(
            UNSUPPORTED_FRAME_TYPE,
            "The request's content type is missing or not supported. Send image/jpeg, image/png, "
            "or multipart/form-data with the file 'image'.",
        )
    return _read(request, max_bytes, max_bytes, seconds), request.mimetype


def _read(request: Request, limit: int, max_bytes: int, seconds: float) -> bytes:
    """Read the whole body, which may have up to `limit` bytes."""
    too_large = Problem(
        FRAME_TOO_LARGE, f"The frame has more than the {max_bytes} bytes taken. Send a smaller picture."
    )
    if request.content_length is not None and request.content_length > limit:
        raise too_large
    body = bytearray()
    try:
        with _hung_up_after(seconds, request.environ) as hung_up:
            while chunk := request.stream.read(_CHUNK_BYTES):
                body += chunk
                if len(body) > limit:
                    raise too_large
    except TimeoutError as error:
        raise _too_slow(seconds) from error
    except (OSError, ValueError, ClientDisconnected) as error:
        raise _ended_early() from error
    if hung_up.is_set():
        raise _too_slow(seconds)
    if request.content_length is not None and len(body) < request.content_length:
        raise _ended_early()
    return bytes(body)


@contextmanager
def _hung_up_after(seconds: float, environ: Mapping[str, Any]) -> Generator[Event]:
    """Hear no more of the client after `seconds`, even in the middle of a read.

    A read returns only with all the bytes it wants, so a client that trickles outlives any deadline
    looked at between reads, and the server's timeout for silence, too.
    """
    connection: socket.socket | None = environ.get("gunicorn.socket")
    hung_up = Event()

    def hang_up() -> None:
        hung_up.set()
        if connection is not None:
            # it may have gone by itself
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RD)

    timer = Timer(seconds, hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield hung_up
    finally:
        timer.cancel()


def _ended_early() -> Problem:
    return Problem(NO_FRAME, "The request's body ended early or makes no sense. Send it again.")


def _too_slow(seconds: float) -> Problem:
    return Problem(
        FRAME_TOO_SLOW,
        f"The frame stopped on its way or took more than {seconds:g} s. Send it again, or a smaller one.",
    )


def _picture_of_form(body: bytes, options: dict[str, str]) -> tuple[bytes, str]:
    parser = FormDataParser(
        # parts stay in memory: they are bounded already, and frames do not belong on the gateway's disk
        stream_factory=lambda *_args, **_kwargs: BytesIO(),
        max_form_parts=_FORM_PARTS,
        silent=False,
    )
    try:
        _, _, files = parser.parse(BytesIO(body), "multipart/form-data", len(body), options)
    except (ValueError, RequestEntityTooLarge) as error:
        raise Problem(
            NO_FRAME, "The form cannot be read. Send multipart/form-data with the picture as file 'image'."
        ) from error
    image = files.get("image")
    if image is None:
        raise Problem(
            NO_FRAME, "The form has no file 'image'. Send the picture in a file field of this name."
        )
    return image.read(), image.mimetype
