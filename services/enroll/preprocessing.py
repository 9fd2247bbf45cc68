"""From whatever a camera wrote to the photo that is indexed and kept: an upright JPEG without metadata."""

import re
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO

import pi_heif
from PIL import Image, ImageFile, ImageOps

from services.contracts.reasons import RejectionReason

#: What is taken, by Pillow's names; HEIF is what iPhones write (.heic).
FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")
#: Rekognition refuses pictures with a shorter side: "Guidelines and quotas in Amazon Rekognition".
LEAST_SIDE = 80
#: IndexFaces takes 5 MB of bytes.
_MOST_JPEG_BYTES = 5_000_000
_QUALITIES = (92, 80, 60)
#: Of the longest side. What the decoder made smaller, but not smaller than this, is kept so: to make it
#: exactly as long as the limit would take longer than decoding it.
_LEAST_SCALE = 0.75
_ORIENTATION = 0x0112
#: Stand-alone markers and what is data: everything else after FF begins a segment.
_NEXT_SEGMENT = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_START_OF_SCAN, _END_OF_IMAGE, _COMMENT = 0xDA, 0xD9, 0xFE
_JFIF, _ADOBE, _LAST_APPLICATION = 0xE0, 0xEE, 0xEF


@dataclass(frozen=True)
class PhotoLimits:
    """What a photo may measure, and how large it is kept.

    Attributes
    ----------
    max_pixels : int
        Width times height.
    longest_side : int
        Larger photos are made smaller, pixels.
    """

    max_pixels: int
    longest_side: int


@dataclass(frozen=True)
class Photo:
    """A JPEG as it is indexed.

    Attributes
    ----------
    width, height : int
        In pixels.
    """

    jpeg: bytes = field(repr=False)
    width: int
    height: int


class UnusablePhoto(Exception):
    """The file is no photo that can be enrolled.

    Attributes
    ----------
    reason : RejectionReason
    detail : str
        A sentence with figures.
    """

    def __init__(self, reason: RejectionReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def normalize(data: bytes, limits: PhotoLimits) -> Photo:
    """Make a photo upright, as large as needed, a JPEG, and free of metadata (GPS above all).

    A JPEG that is small enough and upright keeps its pixels: only the segments with metadata are cut out.

    Parameters
    ----------
    data : bytes
        JPEG, PNG, WebP or HEIC.

    Raises
    ------
    UnusablePhoto
        If it is none of these, damaged, cut off, too large or too small.
    """
    _teach_pillow_heic()
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            _check_dimensions(image, limits)
            return _normalized(image, data, limits)
    except UnusablePhoto:
        raise
    except Image.DecompressionBombError as error:
        raise UnusablePhoto(RejectionReason.TOO_LARGE, _too_many_pixels(limits)) from error
    except Exception as error:
        # damaged files make Pillow raise SyntaxError, struct.error, zlib.error, ValueError and more
        raise UnusablePhoto(
            RejectionReason.INVALID_IMAGE,
            "The file is no picture of these kinds, or it is damaged or cut off.",
        ) from error


@cache
def _teach_pillow_heic() -> None:
    pi_heif.register_heif_opener(thumbnails=False)


def _check_dimensions(image: Image.Image, limits: PhotoLimits) -> None:
    """Look at what the header says, before anything is decoded."""
    if image.width * image.height > limits.max_pixels:
        raise UnusablePhoto(RejectionReason.TOO_LARGE, _too_many_pixels(limits))
    if min(image.size) < LEAST_SIDE:
        raise UnusablePhoto(
            RejectionReason.TOO_SMALL,
            f"The photo is {image.width}x{image.height} pixels; a side has to have {LEAST_SIDE} or more.",
        )


def _too_many_pixels(limits: PhotoLimits) -> str:
    return f"The photo has more than {limits.max_pixels // 1_000_000} megapixels."


def _normalized(image: ImageFile.ImageFile, data: bytes, limits: PhotoLimits) -> Photo:
    upright = image.getexif().get(_ORIENTATION, 1) == 1
    as_it_is = image.format == "JPEG" and upright and max(image.size) <= limits.longest_side
    if as_it_is and image.mode in {"RGB", "L"} and len(data) <= _MOST_JPEG_BYTES:
        size = image.size
        # decoded to an eighth of its size it is read to its end all the same, in a third of the time
        image.draft("L", (1, 1))
        image.load()
        return Photo(without_metadata(data), *size)
    # a JPEG is decoded to one of its own scales at once: to half its sides in half the time
    scale = min(1.0, _LEAST_SCALE * limits.longest_side / max(image.size))
    image.draft("RGB", (round(image.width * scale), round(image.height * scale)))
    ImageOps.exif_transpose(image, in_place=True)
    picture = _flattened(image)
    picture.thumbnail((limits.longest_side, limits.longest_side), reducing_gap=2.0)
    return Photo(_encoded(picture), *picture.size)


def _flattened(image: Image.Image) -> Image.Image:
    """Make white what is transparent, as it looks on paper."""
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        white.alpha_composite(image)
        image = white
    return image if image.mode == "RGB" else image.convert("RGB")


def _encoded(picture: Image.Image) -> bytes:
    # Pillow would write a comment that it had read
    picture.info = {}
    jpeg = b""
    for quality in _QUALITIES:
        file = BytesIO()
        picture.save(file, "JPEG", quality=quality)
        jpeg = file.getvalue()
        if len(jpeg) <= _MOST_JPEG_BYTES:
            break
    return jpeg


def without_metadata(jpeg: bytes) -> bytes:
    """Cut a JPEG's comments and application segments out: Exif, XMP, IPTC, GPS, thumbnails, what follows it.

    JFIF's own segment stays, and Adobe's, which says how colours are coded. Segments are those of ITU-T T.81,
    annex B.

    Raises
    ------
    ValueError
        If the segments do not lead to the end of the picture.
    """
    kept = [jpeg[:2]]
    position, in_scan = 2, False
    while found := _NEXT_SEGMENT.search(jpeg, position):
        start, marker = found.start(), jpeg[found.start() + 1]
        if in_scan:
            kept.append(jpeg[position:start])
        if marker == _END_OF_IMAGE:
            return b"".join([*kept, b"\xff\xd9"])
        position = start + 2 + int.from_bytes(jpeg[start + 2 : start + 4])
        if position < start + 4 or position > len(jpeg):
            break
        in_scan = marker == _START_OF_SCAN
        if not _tells_of_the_photo(marker, jpeg[start + 4 : position]):
            kept.append(jpeg[start:position])
    raise ValueError("the JPEG's segments do not lead to its end")


def _tells_of_the_photo(marker: int, payload: bytes) -> bool:
    if marker == _JFIF:
        # longer than 14 bytes it holds a thumbnail, and JFXX is nothing but one
        return not payload.startswith(b"JFIF\0") or len(payload) > 14
    if marker == _ADOBE:
        return not payload.startswith(b"Adobe") or len(payload) > 12
    return marker == _COMMENT or _JFIF < marker <= _LAST_APPLICATION
