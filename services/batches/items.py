"""What a batch consists of: photos of named people, and refusals that say what to do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO


class UnreadableBatch(Exception):
    """The batch as a whole cannot be read; the message names the file or line, and the way out."""


@dataclass(frozen=True)
class PhotoFile:
    """A file of the batch, not read yet.

    Attributes
    ----------
    path : str
        Its name in the batch, with ``/`` between folders.
    size : int
        Bytes, as declared by the file system or the archive.
    open : callable
        Opens it for reading; may raise OSError or what the archive raises.
    """

    path: str
    size: int
    open: Callable[[], BinaryIO]


@dataclass(frozen=True)
class BatchItem:
    """A photo and whom it shows."""

    photo: PhotoFile
    full_name: str
    groups: tuple[str, ...] = ()
    external_id: str | None = None

    @property
    def file(self) -> str:
        """The photo's name in the batch."""
        return self.photo.path


@dataclass(frozen=True)
class Refusal:
    """Something that will not be enrolled as it is.

    Attributes
    ----------
    file : str
        The file, or the manifest's line: ``manifest.csv, line 7``.
    sentence : str
        Why, and the way out.
    """

    file: str
    sentence: str
