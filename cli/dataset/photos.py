"""The photos of a folder, and whom each is said to show."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.batches.items import BatchItem, Refusal
from services.batches.source import open_source


class NoPhotos(Exception):
    """The folder holds no photo that names a person."""


@dataclass(frozen=True, slots=True)
class LabelledFolder:
    """What a folder holds.

    Attributes
    ----------
    photos : mapping of str to BatchItem
        By the file's path below the folder.
    left_out : tuple of Refusal
        Files that are no pictures by their names, or name nobody.
    """

    folder: Path
    photos: Mapping[str, BatchItem]
    left_out: tuple[Refusal, ...]


def read_folder(folder: Path) -> LabelledFolder:
    """Read which photos a folder holds, as `facegate enroll` would.

    Raises
    ------
    NoPhotos
        If there is none, with what was expected.
    UnreadableBatch
        If the folder or its manifest cannot be read.
    """
    photos: dict[str, BatchItem] = {}
    left_out: list[Refusal] = []
    with open_source(folder) as source:
        for found in source:
            if isinstance(found, Refusal):
                left_out.append(found)
            else:
                photos[found.file] = found
    if not photos:
        raise NoPhotos(
            f"{folder} holds no photos: put those of each person into a folder with the person's name, "
            "or name them like Grace_Hopper_0001.jpg"
        )
    return LabelledFolder(folder, photos, tuple(left_out))
