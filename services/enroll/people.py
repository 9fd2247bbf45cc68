"""Who a photo's name means."""

import unicodedata
from uuid import UUID, uuid5

_PEOPLE = UUID("0f3c1f0e-6a5e-5d0b-9d6b-3a1c6f0f5f2a")


def person_id(full_name: str) -> str:
    """Derive a person's id from the name alone.

    The plain S3 workflow knows nothing of a person but the FullName, so photos with the same name are
    photos of the same person, whoever put them and in whatever order they arrive. Case, white space and
    Unicode's ways to compose a letter make no difference.
    """
    folded = unicodedata.normalize("NFKC", " ".join(full_name.split())).casefold()
    return str(uuid5(_PEOPLE, folded))
