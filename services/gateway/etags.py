"""Versions of what can be changed, as ETags (RFC 9110, section 8.8.3)."""

import re

from services.gateway.problems import Problem, ProblemType

_ETAG = re.compile(r'"(?P<version>[1-9][0-9]{0,15})"')


def etag(version: int) -> str:
    """Write a version."""
    return f'"{version}"'


def wanted_version(if_match: str | None, changed: ProblemType) -> int | None:
    """Read the version that is to be changed.

    Parameters
    ----------
    if_match : str, optional
        The header field ``If-Match``.
    changed : ProblemType
        What a version that does not stand ends in.

    Returns
    -------
    int or None
        None if it may be any.

    Raises
    ------
    Problem
        If nothing ever had this ETag.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    found = _ETAG.fullmatch(if_match.strip())
    if found is None:
        raise Problem(changed, "No version has this ETag. Read it again, and try again.")
    return int(found["version"])
