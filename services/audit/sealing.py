"""Making the seals of a day that is over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.audit.verification import KeptSeal
from services.contracts.audit import Head, Seal, hash_of

#: A seal's text stays far below the 400 KB that DynamoDB takes of an item.
CHAINS_IN_A_SEAL = 1000


@dataclass(frozen=True)
class DayEnd:
    """What a day's chains were at its end.

    Attributes
    ----------
    heads : sequence of Head
        The end of every chain.
    expires_on : date
        When the last of the records leave.
    """

    day: date
    heads: Sequence[Head]
    expires_on: date


def seal_day(ended: DayEnd, previous: str, chains_in_a_seal: int = CHAINS_IN_A_SEAL) -> list[KeptSeal]:
    """Make a day's seals: whoever makes them of the same chains makes the same.

    Parameters
    ----------
    previous : str
        The hash of the last seal of the day before.
    """
    heads = sorted(ended.heads, key=lambda head: head.chain)
    some = [heads[first : first + chains_in_a_seal] for first in range(0, len(heads), chains_in_a_seal)]
    seals: list[KeptSeal] = []
    for part, chains in enumerate(some or [[]], start=1):
        says = Seal(
            day=ended.day,
            part=part,
            parts=max(len(some), 1),
            chains=tuple(chains),
            expires_on=ended.expires_on,
            previous=previous,
        )
        text = says.model_dump_json(exclude_none=True)
        previous = hash_of(text)
        seals.append(KeptSeal(text, previous, says))
    return seals
