"""A CSV manifest: file, full name, groups, external id."""

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from services.batches.items import BatchItem, PhotoFile, Refusal, UnreadableBatch
from services.batches.photo import has_picture_name
from services.batches.tree import Place
from services.contracts.names import parse_full_name

#: As people call the columns; case, spaces, hyphens and underscores make no difference.
_COLUMNS = {
    "file": "file",
    "filename": "file",
    "photo": "file",
    "fullname": "full name",
    "name": "full name",
    "group": "groups",
    "groups": "groups",
    "externalid": "external id",
}
_REQUIRED = ("file", "full name")
_DELIMITERS = ",;\t"
_LONGEST_LINE = 20_000
_LONGEST_WORD = 100
_MOST_GROUPS = 20
_SAVE_AS_UTF8 = "save it as CSV in UTF-8"


@dataclass
class _Seen:
    """What earlier lines said, for those that say it again."""

    files: dict[str, int] = field(default_factory=dict[str, int])
    external_ids: dict[str, tuple[str | None, int]] = field(default_factory=dict[str, tuple[str | None, int]])


class Manifest:
    """The lines of a manifest, each a photo.

    Parameters
    ----------
    name : str
        What the manifest is called, for messages.
    opened : BinaryIO
        The file, which can be read again from its start.
    place : Place
        Where its files lie.

    Raises
    ------
    UnreadableBatch
        If the encoding is unknown or a column is missing.
    """

    def __init__(self, name: str, opened: BinaryIO, place: Place) -> None:
        self._name = name
        self._place = place
        self._lines = enumerate(_lines(name, opened), 1)
        self._delimiter, self._columns = self._header()
        self._seen = _Seen()

    def __iter__(self) -> Iterator[BatchItem | Refusal]:
        """Go through the lines once, one at a time."""
        for number, line in self._lines:
            if line.strip(f"{_DELIMITERS} \r\n"):
                yield self._item(number, line)

    def _header(self) -> tuple[str, dict[str, int]]:
        number, line = next(self._lines, (1, ""))
        if "\0" in line:
            raise UnreadableBatch(
                f"{self._name}, line {number}: it is in an unknown encoding, UTF-16 without its mark "
                f"perhaps; {_SAVE_AS_UTF8}"
            )
        if _undecodable(line):
            raise UnreadableBatch(f"{self._name}, line {number}: {_undecodable(line)}; {_SAVE_AS_UTF8}")
        delimiter = max(_DELIMITERS, key=line.count)
        columns: dict[str, int] = {}
        try:
            titles = _cells(line, delimiter)
        except ValueError as error:
            raise UnreadableBatch(f"{self._name}, line {number}: {error}") from error
        for place, title in enumerate(titles):
            column = _COLUMNS.get(re.sub(r"[\s_-]", "", title.casefold()))
            if column in columns:
                raise UnreadableBatch(f"{self._name}, line {number}: there are two columns for the {column}")
            if column is not None:
                columns[column] = place
        lacking = [column for column in _REQUIRED if column not in columns]
        if lacking:
            raise UnreadableBatch(
                f"{self._name}, line {number}: there is no column {' and none '.join(map(repr, lacking))}; "
                "the first line names the columns: file, full name, and if you like groups, external id"
            )
        return delimiter, columns

    def _item(self, number: int, line: str) -> BatchItem | Refusal:
        where = f"{self._name}, line {number}"
        try:
            return self._photo(number, line)
        except ValueError as error:
            return Refusal(where, str(error))

    def _photo(self, number: int, line: str) -> BatchItem:
        if len(line) >= _LONGEST_LINE:
            raise ValueError(f"the line has more than {_LONGEST_LINE} characters")
        if problem := _undecodable(line):
            raise ValueError(f"{problem}; {_SAVE_AS_UTF8}")
        cells = _cells(line, self._delimiter)
        values = {
            column: unicodedata.normalize("NFC", cells[place].strip()) if place < len(cells) else ""
            for column, place in self._columns.items()
        }
        name = _name(values["full name"])
        groups = _groups(values.get("groups", ""))
        external_id = _word(values.get("external id", ""), "external id") or None
        photo = self._found(values["file"], cells[self._columns["file"]].strip(), number)
        self._require_one_external_id(name, external_id, number)
        return BatchItem(photo, name, groups, external_id)

    def _found(self, composed: str, written: str, number: int) -> PhotoFile:
        """Find the file under the name as written, or as other systems compose its letters."""
        if not composed:
            raise ValueError("it names no file")
        if not has_picture_name(composed):
            raise ValueError(f"{composed}: it is no picture by its name; JPEG, PNG, WebP and HEIC are taken")
        spellings = dict.fromkeys((written, composed, unicodedata.normalize("NFD", composed)))
        answers = [self._place.find(spelling) for spelling in spellings]
        match next((answer for answer in answers if isinstance(answer, PhotoFile)), answers[0]):
            case Refusal(file, sentence):
                raise ValueError(f"{file}: {sentence}")
            case PhotoFile(path=path) as found:
                first = self._seen.files.setdefault(path, number)
        if first != number:
            raise ValueError(f"{composed}: line {first} names this file already; a photo shows one person")
        return found

    def _require_one_external_id(self, name: str, external_id: str | None, number: int) -> None:
        key = unicodedata.normalize("NFKC", name).casefold()
        first, line = self._seen.external_ids.setdefault(key, (external_id, number))
        if first != external_id:
            raise ValueError(
                f"{name} has the external id {external_id or '(none)'} here and {first or '(none)'} in line "
                f"{line}: one name is one person. Write the same id, or tell two people apart by their names"
            )


def _lines(name: str, opened: BinaryIO) -> Iterator[str]:
    """Decode line by line; what cannot be decoded stays visible in its line, so that the others count."""
    start = opened.read(4)
    opened.seek(0)
    if start in (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE):
        raise UnreadableBatch(f"{name}, line 1: it is in UTF-32, which is not read; {_SAVE_AS_UTF8}")
    wide = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding, errors = ("utf-16", "replace") if wide else ("utf-8-sig", "surrogateescape")
    text = io.TextIOWrapper(opened, encoding, errors, newline="")
    while line := text.readline(_LONGEST_LINE):
        rest = line
        while len(rest) == _LONGEST_LINE and not rest.endswith(("\n", "\r")):
            rest = text.readline(_LONGEST_LINE)
        yield line


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        # a line at a time: a quote that is never closed then costs one line, not all that follow
        return next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        raise ValueError(f"the line cannot be read ({error}); look at its quotes") from error


def _undecodable(line: str) -> str | None:
    for place, letter in enumerate(line, 1):
        if "\udc80" <= letter <= "\udcff":
            return f"character {place}, byte 0x{ord(letter) - 0xDC00:02X}, is not UTF-8"
        if letter == "�":
            return f"character {place} cannot be decoded"
    return None


def _name(text: str) -> str:
    try:
        return parse_full_name(text)
    except ValueError as error:
        raise ValueError(f"the full name is wrong: {error}") from error


def _groups(text: str) -> tuple[str, ...]:
    groups = dict.fromkeys(_word(word.strip(), "group") for word in re.split(r"[;,|]", text) if word.strip())
    if len(groups) > _MOST_GROUPS:
        raise ValueError(f"there are {len(groups)} groups; {_MOST_GROUPS} are the most")
    return tuple(groups)


def _word(text: str, what: str) -> str:
    if len(text) > _LONGEST_WORD or not text.isprintable():
        raise ValueError(
            f"the {what} is longer than {_LONGEST_WORD} characters, or has some that cannot be printed"
        )
    return text
