"""Whether the bytes a kiosk sent are a picture worth recognising."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from threading import BoundedSemaphore

from PIL import Image, ImageOps

from services.gateway.problems import (
    FRAME_DIMENSIONS,
    FRAME_TOO_LARGE,
    NO_FRAME,
    UNREADABLE_FRAME,
    UNSUPPORTED_FRAME_TYPE,
    Problem,
)
from services.gateway.request_body import Picture

#: Pillow's format for each content type that is taken.
FRAME_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG"}
_JPEG_QUALITY = 90


@dataclass(frozen=True)
class FrameLimits:
    """What a frame may measure.

    Attributes
    ----------
    max_bytes : int
        Size of the file.
    max_pixels : int
        Width times height, in pixels.
    min_side : int
        Width and height each, in pixels.
    needed_side : int
        Longest side that recognition gains from, in pixels; larger frames are made smaller, unless the other
        side would fall below `min_side`.
    """

    max_bytes: int
    max_pixels: int
    min_side: int
    needed_side: int


@dataclass(frozen=True)
class Frame:
    """A picture that was read from beginning to end.

    Attributes
    ----------
    data : bytes
        The file as it was sent, or a smaller JPEG of it.
    content_type : str
        ``image/jpeg`` or ``image/png``.
    width, height : int
        In pixels, as stored (before any EXIF rotation).
    """

    data: bytes = field(repr=False)
    content_type: str
    width: int
    height: int


class FrameReader:
    """Reads the frames of a process, so many at once and no more.

    Parameters
    ----------
    limits : FrameLimits
        What each frame may measure.
    at_once : int
        Decoded at the same time.
    """

    def __init__(self, limits: FrameLimits, at_once: int) -> None:
        self._limits = limits
        self._free = BoundedSemaphore(at_once)

    def read(self, pictures: Sequence[Picture]) -> tuple[Frame, ...]:
        """Read the pictures of one visitor.

        Raises
        ------
        Problem
            Which says what is wrong with the first bad one, and which it is of several.
        """
        return tuple(self._read(number, len(pictures), picture) for number, picture in enumerate(pictures, 1))

    def _read(self, number: int, count: int, picture: Picture) -> Frame:
        try:
            with self._free:
                return read_frame(picture.data, picture.content_type, self._limits)
        except Problem as problem:
            if count == 1:
                raise
            raise Problem(problem.type, f"Frame {number} of {count}: {problem.detail}") from problem


def read_frame(data: bytes, content_type: str, limits: FrameLimits) -> Frame:
    """Check that `data` is a whole picture of the type it says, within the limits; shrink what is too large.

    Raises
    ------
    Problem
        Which says what is wrong with it.
    """
    _check_envelope(data, content_type, limits)
    try:
        with Image.open(BytesIO(data), formats=[FRAME_FORMATS[content_type]]) as image:
            width, height = image.size
            _check_dimensions(width, height, limits)
            if _fitting((width, height), limits) != (width, height):
                return _shrunk(image, limits)
            # a JPEG decoded to an eighth of its size is read to its end all the same, in a third of the time
            image.draft("L", (1, 1))
            image.load()
    except Problem:
        raise
    except Image.DecompressionBombError as error:
        raise Problem(FRAME_DIMENSIONS, _too_many_pixels(limits)) from error
    except Exception as error:
        # damaged files make Pillow raise SyntaxError, struct.error, zlib.error, ValueError and more
        raise Problem(
            UNREADABLE_FRAME,
            f"The frame is not a picture of type {content_type}, or it is damaged or cut off. Send it again.",
        ) from error
    return Frame(data, content_type, width, height)


def _shrunk(image: Image.Image, limits: FrameLimits) -> Frame:
    """Make a picture as small as needed, upright and without its metadata."""
    # a JPEG is decoded to the next of its own scales at once
    image.draft("RGB", _fitting(image.size, limits))
    upright = ImageOps.exif_transpose(image).convert("RGB")
    smaller = upright.resize(_fitting(upright.size, limits), reducing_gap=2.0)
    file = BytesIO()
    smaller.save(file, "JPEG", quality=_JPEG_QUALITY)
    return Frame(file.getvalue(), "image/jpeg", smaller.width, smaller.height)


def _fitting(size: tuple[int, int], limits: FrameLimits) -> tuple[int, int]:
    """Tell the size that is needed of a picture: neither side grows, and none falls below the least.

    A very long picture keeps more than the needed side: refusing it would not change the camera at the door.
    """
    scale = min(1.0, max(limits.needed_side / max(size), limits.min_side / min(size)))
    width, height = (max(limits.min_side, round(side * scale)) for side in size)
    return width, height


def _check_envelope(data: bytes, content_type: str, limits: FrameLimits) -> None:
    if content_type not in FRAME_FORMATS:
        raise Problem(
            UNSUPPORTED_FRAME_TYPE,
            "The frame's content type is missing or not supported. Send image/jpeg or image/png.",
        )
    if not data:
        raise Problem(NO_FRAME, "The frame has 0 bytes. Send one JPEG or PNG picture.")
    if len(data) > limits.max_bytes:
        raise Problem(
            FRAME_TOO_LARGE, f"The frame has more than {limits.max_bytes} bytes. Send a smaller picture."
        )


def _check_dimensions(width: int, height: int, limits: FrameLimits) -> None:
    if width * height > limits.max_pixels:
        raise Problem(FRAME_DIMENSIONS, _too_many_pixels(limits))
    if min(width, height) < limits.min_side:
        raise Problem(
            FRAME_DIMENSIONS,
            f"The frame is {width}x{height} pixels; a side has to have {limits.min_side} or more.",
        )


def _too_many_pixels(limits: FrameLimits) -> str:
    return f"The frame has more than {limits.max_pixels} pixels. Send one of about 640x480."
