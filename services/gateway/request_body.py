"""Reading what kiosks and programs send, never more of it and never longer than allowed."""

import socket
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO
from threading import Event
from typing import Any

from flask import Request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from services.gateway.problems import (
    ARCHIVE_TOO_LARGE,
    BODY_TOO_LARGE,
    BODY_TOO_SLOW,
    FRAME_TOO_LARGE,
    FRAME_TOO_SLOW,
    INVALID_BATCH,
    INVALID_BODY,
    NO_FRAME,
    NO_PHOTO,
    PHOTO_TOO_LARGE,
    TOO_MANY_FRAMES,
    UNSUPPORTED_BODY_TYPE,
    UNSUPPORTED_FRAME_TYPE,
    UNSUPPORTED_PHOTO_TYPE,
    Problem,
    ProblemType,
)
from services.gateway.watchdog import Watchdog

_CHUNK_BYTES = 64 * 1024
#: What a form's boundaries and part headers may add to the frames.
_FORM_OVERHEAD_BYTES = 16 * 1024
_FORM_PARTS = 16


@dataclass(frozen=True)
class Content:
    """What a body is to be, and the problems it may have.

    Attributes
    ----------
    name : str
        What it is called in sentences.
    """

    name: str
    missing: ProblemType
    too_large: ProblemType
    too_slow: ProblemType
    unsupported: ProblemType
    too_many: ProblemType


FRAME = Content("frame", NO_FRAME, FRAME_TOO_LARGE, FRAME_TOO_SLOW, UNSUPPORTED_FRAME_TYPE, TOO_MANY_FRAMES)
PHOTO = Content("photo", NO_PHOTO, PHOTO_TOO_LARGE, BODY_TOO_SLOW, UNSUPPORTED_PHOTO_TYPE, NO_PHOTO)
ARCHIVE = Content(
    "archive", INVALID_BATCH, ARCHIVE_TOO_LARGE, BODY_TOO_SLOW, UNSUPPORTED_BODY_TYPE, INVALID_BATCH
)
JSON = Content("body", INVALID_BODY, BODY_TOO_LARGE, BODY_TOO_SLOW, UNSUPPORTED_BODY_TYPE, INVALID_BODY)


@dataclass(frozen=True)
class Picture:
    """A file as it was sent.

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
    content : Content
        What the pictures are.
    """

    picture_bytes: int
    form_bytes: int
    pictures: int
    watchdog: Watchdog
    content: Content = FRAME


def read_pictures(
    request: Request, limits: BodyLimits, check: Callable[[bytes], None] | None = None
) -> list[Picture]:
    """Take the pictures out of a request.

    Parameters
    ----------
    request : flask.Request
        Its body is the picture, or a form with the pictures as files ``image``.
    limits : BodyLimits
        How large and how slow it may be.
    check : callable, optional
        Told the whole body, before it is taken apart; may raise what is wrong with it.

    Raises
    ------
    Problem
        If there is none or too many, or the body is too large or too slow.
    """
    content = limits.content
    if request.mimetype == "multipart/form-data":
        most = limits.form_bytes + _FORM_OVERHEAD_BYTES
        body = _checked(read_body(request, most, limits.watchdog, content), check)
        return _pictures_of_form(body, request.mimetype_params, limits)
    if not request.mimetype.startswith("image/"):
        raise Problem(
            content.unsupported,
            "The request's content type is missing or not supported. Send a picture, image/jpeg for example, "
            "or multipart/form-data with the file 'image'.",
        )
    body = _checked(read_body(request, limits.picture_bytes, limits.watchdog, content), check)
    return [Picture(body, request.mimetype)]


def _checked(body: bytes, check: Callable[[bytes], None] | None) -> bytes:
    if check is not None:
        check(body)
    return body


def read_body(request: Request, limit: int, watchdog: Watchdog, content: Content) -> bytes:
    """Read the whole body of a request.

    Parameters
    ----------
    limit : int
        Most bytes it may have.

    Raises
    ------
    Problem
        If it is too large or too slow, or ends early.
    """
    too_large = Problem(
        content.too_large, f"The {content.name} has more than the {limit} bytes taken. Send a smaller one."
    )
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
        raise _too_slow(content, watchdog.seconds) from error
    except (OSError, ValueError, ClientDisconnected) as error:
        raise _ended_early(content) from error
    if hung_up.is_set():
        raise _too_slow(content, watchdog.seconds)
    if request.content_length is not None and len(body) < request.content_length:
        raise _ended_early(content)
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


def _ended_early(content: Content) -> Problem:
    return Problem(content.missing, "The request's body ended early or makes no sense. Send it again.")


def _too_slow(content: Content, seconds: float) -> Problem:
    return Problem(
        content.too_slow,
        f"The {content.name} stopped on its way or took more than {seconds:g} s. Send it again.",
    )


def _pictures_of_form(body: bytes, options: dict[str, str], limits: BodyLimits) -> list[Picture]:
    content, most = limits.content, limits.pictures
    parser = FormDataParser(
        # parts stay in memory: they are bounded already, and faces do not belong on the gateway's disk
        stream_factory=lambda *_args, **_kwargs: BytesIO(),
        max_form_parts=_FORM_PARTS,
        silent=False,
    )
    try:
        _, _, files = parser.parse(BytesIO(body), "multipart/form-data", len(body), options)
    except RequestEntityTooLarge as error:
        raise Problem(
            content.too_many,
            f"The form has more than {_FORM_PARTS} parts. Send up to {most} pictures as files 'image'.",
        ) from error
    except ValueError as error:
        raise Problem(
            content.missing,
            "The form cannot be read. Send multipart/form-data with the pictures as files 'image'.",
        ) from error
    images = files.getlist("image")
    if not images:
        raise Problem(
            content.missing, "The form has no file 'image'. Send the picture in a file field of this name."
        )
    if len(images) > most:
        raise Problem(
            content.too_many,
            f"The form has {len(images)} files 'image'. Send up to {most} of one person.",
        )
    return [Picture(image.read(), image.mimetype) for image in images]
