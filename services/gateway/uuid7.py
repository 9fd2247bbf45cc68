"""UUIDs that carry their time, version 7 of RFC 9562 (Python has them from 3.14 on)."""

import secrets
import time
from datetime import UTC, datetime
from uuid import UUID

_RANDOM_BITS = 74


def uuid7(unix_ms: int | None = None, random: int | None = None) -> UUID:
    """Make a UUID of version 7.

    Parameters
    ----------
    unix_ms : int, optional
        Milliseconds since 1970; now if left out.
    random : int, optional
        The 74 bits of ``rand_a`` and ``rand_b``; from the system's source if left out.

    References
    ----------
    RFC 9562, section 5.7: 48 bits of time, the version, 12 random bits, the variant, 62 random bits.
    """
    milliseconds = time.time_ns() // 1_000_000 if unix_ms is None else unix_ms
    bits = secrets.randbits(_RANDOM_BITS) if random is None else random
    rand_a, rand_b = bits >> 62 & 0xFFF, bits & (1 << 62) - 1
    return UUID(int=milliseconds << 80 | 0x7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b)


def parse_uuid7(text: str) -> UUID | None:
    """Read a UUID in its canonical form; None if `text` is not one of version 7."""
    try:
        uuid = UUID(text)
    except ValueError:
        return None
    return uuid if uuid.version == 7 and str(uuid) == text else None


def time_of(uuid: UUID) -> datetime:
    """Tell when a UUID of version 7 was made, to the millisecond.

    Raises
    ------
    ValueError
        If its time lies beyond the year 9999, where Python's calendar ends.
    """
    try:
        return datetime.fromtimestamp((uuid.int >> 80) / 1000, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(f"the time of {uuid} is beyond the calendar") from error
