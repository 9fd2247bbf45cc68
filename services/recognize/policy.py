"""Who is let in: a pure function of what the collection and the tables say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.contracts.domain import FaceMatch, Person, PersonStatus
from services.contracts.reasons import DecisionReason


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


@dataclass(frozen=True)
class Verdict:
    """The outcome and the evidence for it.

    Attributes
    ----------
    person : Person, optional
        Who was shown, also when disabled; nobody where it was doubtful.
    match : FaceMatch, optional
        The best match, also when it did not suffice.
    agreed : int, optional
        See `Decision`; a verdict on one frame of several has none.
    """

    reason: DecisionReason
    person: Person | None = None
    match: FaceMatch | None = None
    agreed: int | None = None


def decide(matches: Sequence[FaceMatch], people: Mapping[str, Person], policy: Policy) -> Verdict:
    """Decide about one face.

    Parameters
    ----------
    matches : sequence of FaceMatch
        What the collection found, in any order.
    people : mapping of str to Person
        The person behind each face id. A face without one speaks for nobody: its enrollment never
        finished or its person was deleted.
    policy : Policy
        Threshold and margin.

    Returns
    -------
    Verdict
        With the best match and its person as evidence, whenever there was one.
    """
    known = sorted(
        (match for match in matches if match.face_id in people),
        key=lambda match: match.similarity,
        reverse=True,
    )
    if not known:
        return Verdict(DecisionReason.NO_MATCH)
    best = known[0]
    person = people[best.face_id]
    if best.similarity < policy.threshold:
        return Verdict(DecisionReason.NO_MATCH, match=best)
    rivals = (match for match in known if people[match.face_id].person_id != person.person_id)
    if any(best.similarity - rival.similarity <= policy.margin for rival in rivals):
        return Verdict(DecisionReason.AMBIGUOUS, match=best)
    if person.status is not PersonStatus.ACTIVE:
        return Verdict(DecisionReason.PERSON_DISABLED, person, best)
    return Verdict(DecisionReason.MATCH, person, best)
