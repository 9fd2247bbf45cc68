"""Whether every frame that was taken got one decision, and no frame two."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Self

from bench.kiosks.load import Answer


@dataclass(frozen=True)
class Tally:
    """What must not be.

    Attributes
    ----------
    lost : int
        Frames taken that were never decided.
    duplicates : int
        Decisions beyond one a frame.
    wrong : int
        Frames for which the door opened as somebody else.
    """

    lost: int = 0
    duplicates: int = 0
    wrong: int = 0

    def __add__(self, other: Self) -> "Tally":
        return Tally(self.lost + other.lost, self.duplicates + other.duplicates, self.wrong + other.wrong)


def taken(answers: Iterable[Answer]) -> list[str]:
    """Return the recognition ids of the frames that the gateway took: decided, or to be asked for."""
    return [
        answer.recognition_id
        for answer in answers
        if answer.status in (200, 202) and answer.recognition_id is not None
    ]


def tally(answers: Collection[Answer], decided: Collection[str]) -> Tally:
    """Compare the answers to all frames that were posted with all decisions in the table.

    A frame that was refused must have no decision, one that was taken has one, under the id that its kiosk
    was told. Only a frame whose answer was lost on its way (a broken connection, a gateway that failed) may
    have a decision that no kiosk knows of.

    Parameters
    ----------
    answers : collection of Answer
        One a posted frame.
    decided : collection of str
        Recognition ids in the table.
    """
    ids = taken(answers)
    known = set(ids)
    unheard = sum(answer.unheard for answer in answers)
    unknown = len(set(decided) - known)
    return Tally(
        lost=len(known - set(decided)),
        duplicates=len(ids) - len(known) + max(0, unknown - unheard),
        wrong=sum(answer.wrong for answer in answers),
    )
