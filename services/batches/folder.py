"""A folder on disk."""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from stat import S_ISREG
from typing import BinaryIO, cast

from services.batches.items import PhotoFile, Refusal, UnreadableBatch

#: Deeper folders are refused by the layout; without an end, links could lead round in circles.
_DEEPEST = 8


class Folder:
    """All files below a folder, and nothing outside it, whatever links say."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._real = root.resolve()

    def files(self) -> Iterator[PhotoFile | Refusal]:
        """Go through all files, in the order of their names; one folder's names are in memory at a time.

        Raises
        ------
        UnreadableBatch
            If the folder cannot be listed.
        """
        try:
            names = sorted(os.listdir(self.root))
        except OSError as error:
            raise UnreadableBatch(f"{self.root} cannot be listed: {error.strerror}") from error
        yield from self._below("", names, _DEEPEST)

    def find(self, path: str) -> PhotoFile | Refusal:
        """Find one file by its path, which may use either slash."""
        parts = PurePosixPath(path.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts or _has_drive(path):
            return Refusal(path, "it leads out of the folder; only files below it are taken")
        return self._file(str(parts))

    def _below(self, folder: str, names: list[str], depth: int) -> Iterator[PhotoFile | Refusal]:
        for name in names:
            path = f"{folder}{name}"
            place = self.root / path
            if not place.is_dir():
                yield self._file(path)
            elif depth == 0 or not self._contains(place):
                yield Refusal(
                    _shown(path), "the folder leads out of the batch, or lies too deep; copy it there"
                )
            else:
                try:
                    inner = sorted(os.listdir(place))
                except OSError as error:
                    yield Refusal(_shown(path), f"the folder cannot be listed: {error.strerror}")
                else:
                    yield from self._below(f"{path}/", inner, depth - 1)

    def _file(self, path: str) -> PhotoFile | Refusal:
        if not _is_unicode(path):
            return Refusal(_shown(path), "its name is not UTF-8; rename it")
        place = self.root / path
        try:
            described = place.stat()
        except FileNotFoundError:
            return Refusal(path, "there is no such file")
        except (OSError, ValueError) as error:  # ValueError: a NUL in the name
            return Refusal(_shown(path), f"it cannot be read: {error}")
        if not self._contains(place):
            return Refusal(path, "it is a link that leads out of the folder; copy the file there")
        if not S_ISREG(described.st_mode):
            return Refusal(path, "it is no regular file")
        return PhotoFile(path, described.st_size, cast("partial[BinaryIO]", partial(place.open, "rb")))

    def _contains(self, place: Path) -> bool:
        return place.resolve().is_relative_to(self._real)


def _has_drive(path: str) -> bool:
    return path[1:2] == ":"


def _is_unicode(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(path: str) -> str:
    """Undecodable bytes of a name as question marks, which every terminal and report can take."""
    return path.encode(errors="replace").decode()
