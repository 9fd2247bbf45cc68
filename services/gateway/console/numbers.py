"""Numbers as each language writes them."""

#: What divides thousands, and what stands before decimals.
_MARKS = {"de": str.maketrans(",.", ".,")}


def written(value: float | None, digits: int, language: str) -> str:
    """Write a number with so many decimals; nothing where there is none."""
    if value is None:
        return ""
    return f"{value:,.{digits}f}".translate(_MARKS.get(language, {}))
