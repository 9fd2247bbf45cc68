"""Opening a batch, whatever it lies in."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from services.batches.archive import Archive
from services.batches.folder import Folder
from services.batches.items import BatchItem, PhotoFile, Refusal, UnreadableBatch
from services.batches.manifest import Manifest
from services.batches.photo import UNREADABLE
from services.batches.tree import MANIFEST, Tree, by_layout

Items = Iterator[BatchItem | Refusal]


class Source:
    """A batch that can be gone through as often as one likes, item by item."""

    def __init__(self, items: Callable[[], Items]) -> None:
        self._items = items

    def __iter__(self) -> Items:
        return self._items()

    def rest(self, position: int) -> Items:
        """Go through the batch without its first items, which are not opened."""
        return islice(self, position, None)

    def count(self) -> int:
        """Count items and refusals, without opening a photo.

        Raises
        ------
        UnreadableBatch
            If the batch as a whole cannot be read.
        """
        return sum(1 for _ in self)


@contextmanager
def open_source(path: Path) -> Generator[Source]:
    """Open a folder, a CSV manifest or a ZIP archive.

    Raises
    ------
    UnreadableBatch
        If it is none of them, or cannot be read as a whole.
    """
    if path.is_dir():
        yield Source(lambda: _of_tree(Folder(path)))
    elif path.suffix.lower() == ".csv":
        yield Source(lambda: _of_manifest(path.name, Folder(path.parent)))
    elif path.suffix.lower() == ".zip":
        try:
            opened = path.open("rb")
        except OSError as error:
            raise UnreadableBatch(f"{path.name} cannot be read: {error.strerror}") from error
        with opened:
            yield archive_source(path.name, opened, path.stat().st_size)
    else:
        raise UnreadableBatch(f"{path} is no folder, no CSV manifest and no ZIP archive")


def archive_source(name: str, opened: BinaryIO, size: int) -> Source:
    """Make a batch of a ZIP archive that is open, and stays open while it is gone through.

    Raises
    ------
    UnreadableBatch
        If it is none, or one that unpacks to far more than it holds.
    """
    archive = Archive(name, opened, size)
    return Source(lambda: _of_tree(archive))


def _of_tree(tree: Tree) -> Items:
    """Follow the manifest where there is one, otherwise the names of folders and files."""
    if isinstance(tree.find(MANIFEST), PhotoFile):
        return _of_manifest(MANIFEST, tree)
    return by_layout(tree)


def _of_manifest(name: str, tree: Tree) -> Items:
    manifest = tree.find(name)
    if isinstance(manifest, Refusal):
        raise UnreadableBatch(f"{name}: {manifest.sentence}")
    try:
        with manifest.open() as opened:
            yield from Manifest(name, opened, tree)
    except UNREADABLE as error:
        raise UnreadableBatch(f"{name} cannot be read: {error}") from error
