"""Who is let in: a pure function of the people whom a frame resembles."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from services.contracts.access import Door
from services.contracts.domain import Matched, Person
from services.contracts.reasons import DecisionReason


@dataclass(frozen=True)
class PersonMatch:
    """Somebody enrolled whom a frame resembles.

    Attributes
    ----------
    similarity : float
        Rekognition's percentage, 0 to 100.
    face_id : str, optional
        The one face of theirs that resembles it; None where all of their photos together do.
    """

    person: Person
    similarity: float
    face_id: str | None = None

    @property
    def matched(self) -> Matched:
        """What of the person resembles the frame."""
        return Matched.USER if self.face_id is None else Matched.FACE


@dataclass(frozen=True)
class Policy:
    """How much resemblance opens a door.

    Attributes
    ----------
    threshold : float
        Least similarity in percent, 0 to 100.
    margin : float
        Another person whose similarity is at most this many points below the best makes the frame
        ambiguous.
    """

    threshold: float = 99.0
    margin: float = 0.5

    @property
    def search_threshold(self) -> float:
        """What the collection must be asked for, so that a rival just below the threshold is seen too."""
        return max(0.0, self.threshold - self.margin)

    def at(self, door: Door | None) -> Self:
        """Tell a door's policy: this one, with the threshold that it may have of its own."""
        return self if door is None or door.threshold is None else replace(self, threshold=door.threshold)

    def suffices(self, match: PersonMatch) -> bool:
        """Whether so much resemblance opens the door, as long as nobody else comes near."""
        return match.similarity >= self.threshold


@dataclass(frozen=True)
class Verdict:
    """The outcome and the evidence for it.

    Attributes
    ----------
    person : Person, optional
        Who was shown, also when disabled; nobody where it was doubtful.
    match : PersonMatch, optional
        The best match, also when it did not suffice.
    agreed : int, optional
        See `Decision`; a verdict on one frame of several has none.
    rule_id : str, optional
        The rule that lets the person pass; one on frames alone has none.
    """

    reason: DecisionReason
    person: Person | None = None
    match: PersonMatch | None = None
    agreed: int | None = None
    rule_id: str | None = None


def decide(matches: Sequence[PersonMatch], policy: Policy) -> Verdict:
    """Decide about one frame.

    Parameters
    ----------
    matches : sequence of PersonMatch
        Whom it resembles, in any order; a person may be there several times, as a user and with faces.
    policy : Policy
        Threshold and margin.

    Returns
    -------
    Verdict
        With the best match as evidence, whenever there was one.
    """
    if not matches:
        return Verdict(DecisionReason.NO_MATCH)
    best = max(matches, key=lambda match: match.similarity)
    person = best.person
    if not policy.suffices(best):
        return Verdict(DecisionReason.NO_MATCH, match=best)
    rivals = (match for match in matches if match.person.person_id != person.person_id)
    if any(best.similarity - rival.similarity <= policy.margin for rival in rivals):
        return Verdict(DecisionReason.AMBIGUOUS, match=best)
    if not person.may_be_recognised:
        return Verdict(DecisionReason.PERSON_DISABLED, person, best)
    return Verdict(DecisionReason.MATCH, person, best)
