"""Whose photo it is, told by the names of folders and files."""

import re
import unicodedata
from pathlib import PurePosixPath

from services.contracts.names import parse_full_name

#: ``Name_Surname_0001``, ``Name Surname (2)``: what counts a person's photos.
_COUNTER = re.compile(r"[\s_-]*[(\[]?\d+[)\]]?$")
#: What cameras, scanners and telephones call every picture.
_NAMES_OF_CAMERAS = frozenset(
    ("dsc", "dscf", "dscn", "foto", "image", "img", "mvimg", "photo", "pic", "picture", "pxl", "scan")
)


def name_of_folder(folder: str) -> str:
    """Read the person's name from a folder: ``Name_Surname``.

    Raises
    ------
    ValueError
        If it is no name; the message says why.
    """
    return parse_full_name(unicodedata.normalize("NFC", folder).replace("_", " "))


def name_of_file(file: str) -> str:
    """Read the person's name from a file: ``Name_Surname_0001.jpg``.

    Raises
    ------
    ValueError
        If it is no name; the message says why.
    """
    stem = _COUNTER.sub("", unicodedata.normalize("NFC", PurePosixPath(file).stem))
    words = stem.replace("_", " ").split()
    if not any(letter.isalpha() for letter in stem):
        raise ValueError("it names nobody; call it Name_Surname_0001.jpg")
    if words[0].casefold() in _NAMES_OF_CAMERAS:
        raise ValueError(
            "it is a camera's name for a picture, not a person's; call it Name_Surname_0001.jpg, "
            "or put it into a folder with the person's name"
        )
    return parse_full_name(" ".join(words))
