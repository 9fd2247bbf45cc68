"""A ZIP archive, of which nothing is believed."""

import zipfile
from collections.abc import Iterator
from functools import partial
from operator import itemgetter
from pathlib import PurePosixPath
from stat import S_IFMT, S_IFREG
from typing import BinaryIO, cast

from services.batches.items import PhotoFile, Refusal, UnreadableBatch

#: Pictures hardly shrink; what unpacks to more than this many times its size is not one.
HIGHEST_RATIO = 100
#: Below so many bytes a high ratio (one colour everywhere) does no harm.
_HARMLESS_BYTES = 1_000_000
_ENCRYPTED, _UTF8 = 0x1, 0x800
#: zipfile unpacks these piece by piece; a small piece of the others may become gigabytes at once.
_BOUNDED_METHODS = frozenset((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))


class Archive:
    """The members of an archive, unpacked in memory one at a time and never onto the disk.

    Parameters
    ----------
    name : str
        What the archive is called, for messages.
    opened : BinaryIO
        The file, which stays open while it is gone through.
    size : int
        Of the file, bytes.

    Raises
    ------
    UnreadableBatch
        If it is no ZIP archive, or one that unpacks to far more than it holds.
    """

    def __init__(self, name: str, opened: BinaryIO, size: int) -> None:
        try:
            self._zip = zipfile.ZipFile(opened)
        except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
            raise UnreadableBatch(f"{name} cannot be read as a ZIP archive: {error}") from error
        members = [member for member in self._zip.infolist() if not member.is_dir()]
        declared = sum(member.file_size for member in members)
        if declared > HIGHEST_RATIO * size + _HARMLESS_BYTES:
            raise UnreadableBatch(
                f"{name} says that it unpacks to {declared / 1e6:,.0f} MB, {declared // size} times its "
                "size: no archive of photos does. Make it again"
            )
        self._members = sorted(((_name(member), member) for member in members), key=itemgetter(0))
        self._by_name = dict(self._members)

    def files(self) -> Iterator[PhotoFile | Refusal]:
        """Go through all members, in the order of their names."""
        for name, member in self._members:
            yield self._file(name, member)

    def find(self, path: str) -> PhotoFile | Refusal:
        """Find one member by its name."""
        name = str(PurePosixPath(path.replace("\\", "/")))
        member = self._by_name.get(name)
        return Refusal(path, "the archive has no such file") if member is None else self._file(name, member)

    def _file(self, name: str, member: zipfile.ZipInfo) -> PhotoFile | Refusal:
        objection = _objection(name, member)
        if objection is None and self._by_name[name] is not member:
            objection = "the archive has two files of this name; the last one counts"
        if objection is not None:
            return Refusal(name.encode(errors="replace").decode(), objection)
        opener = cast("partial[BinaryIO]", partial(self._zip.open, member))
        return PhotoFile(name, member.file_size, opener)


def _objection(name: str, member: zipfile.ZipInfo) -> str | None:
    """Tell what speaks against a member, before anything of it is unpacked."""
    path = PurePosixPath(name)
    mode = member.external_attr >> 16
    objections = (
        (
            path.is_absolute() or ".." in path.parts or name[1:2] == ":",
            "its path leads out of the archive; make the archive from within the folder",
        ),
        ("�" in name, "its name is in an unknown encoding; make the archive with UTF-8 names"),
        (
            S_IFMT(mode) not in (0, S_IFREG),
            "it is a link or a device, not a file; put the file itself into the archive",
        ),
        (member.flag_bits & _ENCRYPTED, "it is encrypted; make the archive without a password"),
        (
            member.compress_type not in _BOUNDED_METHODS,
            "it is packed in an unusual way; make the archive with the usual method (deflate)",
        ),
        (
            member.file_size > max(_HARMLESS_BYTES, HIGHEST_RATIO * member.compress_size),
            f"it unpacks to {member.file_size / 1e6:,.0f} MB, far more than a picture of its size would",
        ),
    )
    return next((sentence for speaks_against, sentence in objections if speaks_against), None)


def _name(member: zipfile.ZipInfo) -> str:
    """Read the name as most programs mean it: UTF-8, whether or not they say so."""
    name = member.filename.replace("\\", "/")
    if member.flag_bits & _UTF8 or name.isascii():
        return name
    # without the flag zipfile reads code page 437, which can be undone
    return name.encode("cp437").decode(errors="replace")
