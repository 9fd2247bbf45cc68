"""The bytes of one photo of a batch, bounded and looked at before anything is done with them."""

import zipfile
import zlib
from pathlib import PurePosixPath

from services.batches.items import PhotoFile

#: More than any camera's JPEG or telephone's HEIC; a photo is read into memory whole.
LARGEST_PHOTO_BYTES = 30_000_000
#: What a photo may be, by its name.
CONTENT_TYPES = {
    ".heic": "image/heic",
    ".heif": "image/heif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
}
#: What opening and reading may raise, of a file and of a member of an archive (RuntimeError: a password).
UNREADABLE = (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
_TAKEN = "JPEG, PNG, WebP and HEIC are taken"
#: Brands of HEIF still pictures, ISO/IEC 23008-12.
_HEIF_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"))


class UnusablePhoto(Exception):
    """The file cannot be a photo; the message says why and what to do."""


def has_picture_name(path: str) -> bool:
    """Whether the file calls itself a picture of a kind that is taken."""
    return PurePosixPath(path).suffix.lower() in CONTENT_TYPES


def content_type_of(path: str) -> str:
    """Tell a photo's content type by its name.

    Raises
    ------
    UnusablePhoto
        If it is no picture by its name.
    """
    try:
        return CONTENT_TYPES[PurePosixPath(path).suffix.lower()]
    except KeyError:
        raise UnusablePhoto(f"it is no picture by its name; {_TAKEN}") from None


def require_acceptable_size(size: int) -> None:
    """Refuse what is empty or too large.

    Parameters
    ----------
    size : int
        Bytes.

    Raises
    ------
    UnusablePhoto
        If it is either.
    """
    if size == 0:
        raise UnusablePhoto("it is empty; copy it again")
    if size > LARGEST_PHOTO_BYTES:
        raise UnusablePhoto(
            f"it has {size / 1e6:.1f} MB; {LARGEST_PHOTO_BYTES / 1e6:.0f} MB are the most. Make it smaller"
        )


def read_photo(photo: PhotoFile) -> bytes:
    """Read a photo, never more than `LARGEST_PHOTO_BYTES` whatever its size is said to be.

    Raises
    ------
    UnusablePhoto
        If it is empty, too large, no picture by its first bytes, or cannot be read.
    """
    require_acceptable_size(photo.size)
    try:
        with photo.open() as opened:
            data = opened.read(LARGEST_PHOTO_BYTES + 1)
    except UNREADABLE as error:
        raise UnusablePhoto(f"it cannot be read: {error}; copy it again") from error
    require_acceptable_size(len(data))
    if not _looks_like_a_picture(data):
        raise UnusablePhoto(
            f"it is not the picture that its name says: its first bytes are another's. {_TAKEN}"
        )
    return data


def _looks_like_a_picture(data: bytes) -> bool:
    return (
        data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"))
        or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")
        or (data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS)
    )
