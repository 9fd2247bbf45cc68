"""From the bytes of a file to RGB pixels, with bounded memory."""

import struct

import cv2
import numpy as np
import simplejpeg  # pyright: ignore[reportMissingTypeStubs]  # ships no type hints

from localaws.rekognition.engine import exif
from localaws.rekognition.engine.errors import ImageDimensionsError, InvalidImageError
from localaws.rekognition.engine.types import Pixels

#: Pixels of the largest picture that is decoded: 8192 x 8192, above today's phones; 200 MB as RGB.
MAX_PIXELS = 2**26

#: A JPEG whose longer side is at least twice this is decoded at 1/2, 1/4 or 1/8: the detector sees
#: 320 x 240 anyway, and the smallest face it finds still has 80 pixels here.
ENOUGH_PIXELS = 1600

#: libjpeg-turbo decodes to the eighths between them, too, but three times as slowly.
_SCALES = (8, 4, 2)

#: Encoders write chunks of 8 kB or more: enough for 800 MB.
_MAX_CHUNKS = 100_000

_JPEG = b"\xff\xd8\xff"
_PNG = b"\x89PNG\r\n\x1a\n"


def decode_image(data: bytes) -> Pixels:
    """Decode a JPEG or PNG file.

    Dimensions are read from the header and checked before anything is decoded. The Exif orientation
    of a JPEG is applied; a large JPEG is scaled down while decoding.

    Parameters
    ----------
    data : bytes
        The file.

    Returns
    -------
    ndarray, shape (height, width, 3), dtype uint8
        RGB pixels.

    Raises
    ------
    InvalidImageError
        Neither JPEG nor PNG, damaged or truncated.
    ImageDimensionsError
        More than `MAX_PIXELS` pixels.
    """
    if data.startswith(_JPEG):
        return _decode_jpeg(data)
    if data.startswith(_PNG):
        return _decode_png(data)
    raise InvalidImageError("The file is neither a JPEG nor a PNG picture.")


def _decode_jpeg(data: bytes) -> Pixels:
    try:
        header = simplejpeg.decode_jpeg_header(data)
    except ValueError as error:
        raise InvalidImageError("The JPEG header cannot be read.") from error
    height, width, colorspace = int(header[0]), int(header[1]), header[2]
    _check_dimensions(height, width)
    if colorspace in {"CMYK", "YCCK"}:  # libjpeg-turbo has no conversion to RGB for these
        return _decode_with_cv2(data)
    divisor = next((scale for scale in _SCALES if max(height, width) >= scale * ENOUGH_PIXELS), 1)
    minimum = (height // divisor, width // divisor)
    try:
        pixels = simplejpeg.decode_jpeg(data, "RGB", min_height=minimum[0], min_width=minimum[1])
    except ValueError as error:
        # Webcams pad their frames; the picture is whole all the same.
        if "extraneous bytes" not in str(error):
            raise InvalidImageError("The JPEG is damaged or truncated.") from error
        pixels = simplejpeg.decode_jpeg(
            data, "RGB", min_height=minimum[0], min_width=minimum[1], strict=False
        )
    return exif.upright(pixels, exif.orientation(data))


def _decode_png(data: bytes) -> Pixels:
    if len(data) < 24 or data[12:16] != b"IHDR":
        raise InvalidImageError("The PNG header cannot be read.")
    width, height = struct.unpack(">II", data[16:24])
    _check_dimensions(height, width)
    _check_chunks(data)
    return _decode_with_cv2(data)


def _check_chunks(png: bytes) -> None:
    """Refuse a PNG whose chunks do not fit into the file: OpenCV reserves what a chunk's length says."""
    at = len(_PNG)
    for _ in range(_MAX_CHUNKS):
        if at + 12 > len(png):
            break
        length, kind = struct.unpack_from(">I4s", png, at)
        at += 12 + length
        if kind == b"IEND" and at <= len(png):
            return
    raise InvalidImageError("The PNG is damaged or truncated.")


def _decode_with_cv2(data: bytes) -> Pixels:
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    except cv2.error as error:
        raise InvalidImageError("The picture cannot be decoded.") from error
    if pixels is None:
        raise InvalidImageError("The picture is damaged or truncated.")
    return pixels.astype(np.uint8, copy=False)


def _check_dimensions(height: int, width: int) -> None:
    if height < 1 or width < 1:
        raise InvalidImageError("The picture has no pixels.")
    if height * width > MAX_PIXELS:
        raise ImageDimensionsError(
            f"The picture has {width} x {height} pixels; at most {MAX_PIXELS} are decoded."
        )
