"""Files in folders, wherever they lie, and the people whom the folders and files name."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Protocol

from services.batches.items import BatchItem, PhotoFile, Refusal
from services.batches.naming import name_of_file, name_of_folder
from services.batches.photo import has_picture_name

#: The file that says whom the others show, where there is one.
MANIFEST = "manifest.csv"
#: What operating systems leave beside people's files.
_LITTER = frozenset(("__macosx", "desktop.ini", "thumbs.db"))


class Place(Protocol):
    """Where a manifest's files lie."""

    def find(self, path: str) -> PhotoFile | Refusal:
        """Find one file by its path; a refusal says why there is none."""
        ...


class Tree(Place, Protocol):
    """A folder or an archive."""

    def files(self) -> Iterator[PhotoFile | Refusal]:
        """Go through all files, in the order of their names."""
        ...


def by_layout(tree: Tree) -> Iterator[BatchItem | Refusal]:
    """Go through a tree that has a folder for each person, or files called ``Name_Surname_0001.jpg``."""
    for file in tree.files():
        if not _is_litter(file.file if isinstance(file, Refusal) else file.path):
            yield file if isinstance(file, Refusal) else _named(file)


def _is_litter(path: str) -> bool:
    """Whether an operating system put it there, not a person."""
    parts = PurePosixPath(path).parts
    return any((part.startswith(".") and part != "..") or part.casefold() in _LITTER for part in parts)


def _named(photo: PhotoFile) -> BatchItem | Refusal:
    if not has_picture_name(photo.path):
        return Refusal(photo.path, "it is no picture by its name; JPEG, PNG, WebP and HEIC are taken")
    *folders, file = PurePosixPath(photo.path).parts
    if len(folders) > 1:
        return Refusal(
            photo.path,
            "it lies in a folder within a folder; put it right into the folder with the person's name",
        )
    try:
        name = name_of_folder(folders[0]) if folders else name_of_file(file)
    except ValueError as error:
        what = "folder's name" if folders else "file's name"
        return Refusal(photo.path, f"the {what} is no person's: {error}")
    return BatchItem(photo, name)
