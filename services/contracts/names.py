"""People's names: read, compared, sorted, and as they travel in S3 metadata."""

import unicodedata
from email.errors import HeaderParseError
from email.header import Header, decode_header, make_header

#: S3 takes 2 KB of user metadata in all; encoded for it, a name of other scripts grows fourfold.
LONGEST_NAME = 200
#: Invisible, and part of how Persian and the scripts of India are spelt: zero width non-joiner and joiner.
_JOINERS = {0x200C: None, 0x200D: None}
#: DynamoDB takes 1,024 bytes of a sort key, and a letter may fold to eighteen.
_MOST_KEY_BYTES = 900


def parse_full_name(text: str) -> str:
    """Fold a name's white space.

    Raises
    ------
    ValueError
        If nothing is left, it is too long, or it has characters that no name has.
    """
    name = " ".join(text.split())
    if not name.translate(_JOINERS):
        raise ValueError("it is empty; give the person's full name")
    if len(name) > LONGEST_NAME:
        raise ValueError(f"it has {len(name)} characters; {LONGEST_NAME} are the most")
    if not name.translate(_JOINERS).isprintable():
        raise ValueError("it has characters that cannot be printed")
    return name


def fold_name(full_name: str) -> str:
    """Make names equal that differ in case, white space or Unicode's ways to compose a letter alone."""
    return unicodedata.normalize("NFKC", " ".join(full_name.split())).casefold()


def name_key(full_name: str, person_id: str) -> str:
    """Tell where a person stands in the index of names: sorted, and found by how the name begins."""
    return f"{sortable_name(full_name)}#{person_id}"


def sortable_name(full_name: str) -> str:
    """Fold a name, or a part of it, as it stands in the index of names; cut where it is too long for it."""
    return fold_name(full_name).encode(errors="ignore")[:_MOST_KEY_BYTES].decode(errors="ignore")


def to_metadata(text: str) -> str:
    """Write text of any script as S3 metadata, which is ASCII, as S3 itself returns it: RFC 2047."""
    # what looks as if it were encoded would be read as what it seems to encode
    as_it_is = text.isascii() and "=?" not in text
    return text if as_it_is else Header(text, "utf-8", maxlinelen=2**16).encode()


def from_metadata(value: str) -> str:
    """Read S3 metadata, whoever wrote it, with its white space folded."""
    try:
        text = str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, UnicodeDecodeError):
        text = value
    return " ".join(text.split())
