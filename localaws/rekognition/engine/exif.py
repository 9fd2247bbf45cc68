"""The orientation a camera noted in a JPEG's Exif header.

Source: JEITA CP-3451 (Exif 2.3), 4.5.2 (APP1) and tag 0x0112; TIFF 6.0 for the directory's layout.
"""

import struct
from collections.abc import Iterator

import numpy as np

from localaws.rekognition.engine.types import Pixels

_ORIENTATION = 0x0112
_APP1 = 0xE1
_START_OF_SCAN = 0xDA
_BYTE_ORDERS = {b"II": "<", b"MM": ">"}


def orientation(jpeg: bytes) -> int:
    """Return the Exif orientation, 1 to 8; 1 (upright) where the file names none that is valid."""
    for marker, payload in _segments(jpeg):
        if marker == _APP1 and payload[:6] == b"Exif\0\0":
            return _orientation_tag(payload[6:])
    return 1


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """Turn and mirror `pixels` (height, width, 3) so that the Exif `orientation` becomes 1."""
    if orientation == 1:
        return pixels
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in {3, 4, 7, 8}:
        pixels = pixels[::-1]
    if orientation in {2, 3, 6, 7}:
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _segments(jpeg: bytes) -> Iterator[tuple[int, bytes]]:
    at = 2
    while at + 4 <= len(jpeg) and jpeg[at] == 0xFF:
        marker, length = jpeg[at + 1], int.from_bytes(jpeg[at + 2 : at + 4])
        if marker == _START_OF_SCAN or length < 2:
            return
        yield marker, jpeg[at + 4 : at + 2 + length]
        at += 2 + length


def _orientation_tag(tiff: bytes) -> int:
    order = _BYTE_ORDERS.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return 1
    (directory,) = struct.unpack_from(f"{order}I", tiff, 4)
    if directory + 2 > len(tiff):
        return 1
    (entries,) = struct.unpack_from(f"{order}H", tiff, directory)
    for entry in range(directory + 2, min(directory + 2 + 12 * entries, len(tiff) - 11), 12):
        tag, _, _, value = struct.unpack_from(f"{order}HHIH", tiff, entry)
        if tag == _ORIENTATION:
            return value if 1 <= value <= 8 else 1
    return 1
