"""Reading what a kiosk sends, never more of it and never longer than allowed."""

import socket
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO
from threading import Event
from typing import Any

from flask import Request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from services.gateway.problems import (
    FRAME_TOO_LARGE,
    FRAME_TOO_SLOW,
    NO_FRAME,
    TOO_MANY_FRAMES,
    UNSUPPORTED_FRAME_TYPE,
    Problem,
)
from services.gateway.watchdog import Watchdog

_CHUNK_BYTES = 64 * 1024
#: What a form's boundaries and part headers may add to the frames.
_FORM_OVERHEAD_BYTES = 16 * 1024
_FORM_PARTS = 16


@dataclass(frozen=True)
class Picture:
    """A file as a kiosk sent it.

    Attributes
    ----------
    content_type : str
        What it is said to be.
    """

    data: bytes = field(repr=False)
    content_type: str


@dataclass(frozen=True)
class BodyLimits:
    """What a request's body may measure.

    Attributes
    ----------
    picture_bytes : int
        Largest body that is a picture.
    form_bytes : int
        Most bytes of all pictures of a form together.
    pictures : int
        Most pictures of a form.
    watchdog : Watchdog
        Knows the time within which the body has to arrive.
    """

    picture_bytes: int
    form_bytes: int
    pictures: int
    watchdog: Watchdog


def read_pictures(request: Request, limits: BodyLimits) -> list[Picture]:
    """Take the pictures out of a request.

    Parameters
    ----------
    request : flask.Request
        Its body is the picture, or a form with the pictures as files ``image``.
    limits : BodyLimits
        How large and how slow it may be.

    Raises
    ------
    Problem
        If there is none or too many, or the body is too large or too slow.
    """
    if request.mimetype == "multipart/form-data":
        too_large = Problem(
            FRAME_TOO_LARGE,
            f"The form has more than the {limits.form_bytes} bytes taken. Send fewer or smaller pictures.",
        )
        body = _read(request, limits.form_bytes + _FORM_OVERHEAD_BYTES, too_large, limits.watchdog)
        return _pictures_of_form(body, request.mimetype_params, limits.pictures)
    if not request.mimetype.startswith("image/"):
        raise Problem(
            UNSUPPORTED_FRAME_TYPE,
            "The request's content type is missing or not supported. Send image/jpeg, image/png, "
            "or multipart/form-data with the file 'image'.",
        )
    too_large = Problem(
        FRAME_TOO_LARGE,
        f"The frame has more than the {limits.picture_bytes} bytes taken. Send a smaller picture.",
    )
    return [Picture(_read(request, limits.picture_bytes, too_large, limits.watchdog), request.mimetype)]


def _read(request: Request, limit: int, too_large: Problem, watchdog: Watchdog) -> bytes:
    """Read the whole body, which may have up to `limit` bytes."""
    if request.content_length is not None and request.content_length > limit:
        raise too_large
    body = bytearray()
    try:
        with _hung_up_in_the_end(watchdog, request.environ) as hung_up:
            while chunk := request.stream.read(_CHUNK_BYTES):
                body += chunk
                if len(body) > limit:
                    raise too_large
    except TimeoutError as error:
        raise _too_slow(watchdog.seconds) from error
    except (OSError, ValueError, ClientDisconnected) as error:
        raise _ended_early() from error
    if hung_up.is_set():
        raise _too_slow(watchdog.seconds)
    if request.content_length is not None and len(body) < request.content_length:
        raise _ended_early()
    return bytes(body)


@contextmanager
def _hung_up_in_the_end(watchdog: Watchdog, environ: Mapping[str, Any]) -> Generator[Event]:
    """Hear no more of the client when its time is over, even in the middle of a read.

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

    with watchdog.watch(hang_up):
        yield hung_up


def _ended_early() -> Problem:
    return Problem(NO_FRAME, "The request's body ended early or makes no sense. Send it again.")


def _too_slow(seconds: float) -> Problem:
    return Problem(
        FRAME_TOO_SLOW,
        f"The frame stopped on its way or took more than {seconds:g} s. Send it again, or a smaller one.",
    )


def _pictures_of_form(body: bytes, options: dict[str, str], most: int) -> list[Picture]:
    parser = FormDataParser(
        # parts stay in memory: they are bounded already, and frames do not belong on the gateway's disk
        stream_factory=lambda *_args, **_kwargs: BytesIO(),
        max_form_parts=_FORM_PARTS,
        silent=False,
    )
    try:
        _, _, files = parser.parse(BytesIO(body), "multipart/form-data", len(body), options)
    except RequestEntityTooLarge as error:
        raise Problem(
            TOO_MANY_FRAMES,
            f"The form has more than {_FORM_PARTS} parts. Send up to {most} pictures as files 'image'.",
        ) from error
    except ValueError as error:
        raise Problem(
            NO_FRAME, "The form cannot be read. Send multipart/form-data with the pictures as files 'image'."
        ) from error
    images = files.getlist("image")
    if not images:
        raise Problem(
            NO_FRAME, "The form has no file 'image'. Send the picture in a file field of this name."
        )
    if len(images) > most:
        raise Problem(
            TOO_MANY_FRAMES,
            f"The form has {len(images)} files 'image'. Send up to {most} pictures of one visitor.",
        )
    return [Picture(image.read(), image.mimetype) for image in images]
