"""People's names, as they travel in S3 metadata."""

#: S3 takes 2 KB of user metadata in all; encoded for it, a name of other scripts grows fourfold.
LONGEST_NAME = 200


def parse_full_name(text: str) -> str:
    """Fold a name's white space.

    Raises
    ------
    ValueError
        If nothing is left, it is too long, or it has characters that no name has.
    """
    name = " ".join(text.split())
    if not name:
        raise ValueError("it is empty; give the person's full name")
    if len(name) > LONGEST_NAME:
        raise ValueError(f"it has {len(name)} characters; {LONGEST_NAME} are the most")
    if not name.isprintable():
        raise ValueError("it has characters that cannot be printed")
    return name
