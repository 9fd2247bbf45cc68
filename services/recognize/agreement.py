"""What several frames of one visitor say together: a pure function of the verdicts on each."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from services.contracts.domain import majority
from services.contracts.reasons import DecisionReason
from services.recognize.policy import Verdict

#: Which of the reasons of frames that show nobody stands where they are equally frequent: the one that
#: says most about the visitor.
_TELLING = (DecisionReason.NO_MATCH, DecisionReason.NO_FACE, DecisionReason.INVALID_FRAME)


def agree(verdicts: Sequence[Verdict], frames: int) -> Verdict | None:
    """Decide about a visitor from those frames that were looked at so far.

    The door opens when more than half of all frames that were sent show the same person, each by itself.
    Otherwise the first of these that holds is the reason:

    1. ``ambiguous``, when two frames show different people or one frame resembles two;
    2. ``person_disabled``, when any frame shows someone whose access is switched off;
    3. what most of the frames that show nobody say: ``no_match``, ``no_face`` or ``invalid_frame``, in
       this order where they are equally many.

    Parameters
    ----------
    verdicts : sequence of Verdict
        On single frames, in any order; at most as many as `frames`.
    frames : int
        How many the visitor sent, whether looked at or not.

    Returns
    -------
    Verdict or None
        None as long as the frames that are left may still decide whether the door opens. The evidence of
        a named person is the weakest of the frames that show them, so that what is recorded holds for
        each of those; of a denial that names nobody the strongest: how near it came.
    """
    showing = [verdict for verdict in verdicts if verdict.person is not None]
    shown = Counter(verdict.person.person_id for verdict in showing if verdict.person)
    agreed = max(shown.values(), default=0)
    doubtful = [verdict for verdict in verdicts if verdict.reason is DecisionReason.AMBIGUOUS]
    if doubtful or len(shown) > 1:
        strongest = max(doubtful + showing, key=_evidence)
        return Verdict(DecisionReason.AMBIGUOUS, match=strongest.match, agreed=agreed)
    disabled = any(verdict.reason is DecisionReason.PERSON_DISABLED for verdict in showing)
    if disabled or agreed >= majority(frames):
        reason = DecisionReason.PERSON_DISABLED if disabled else DecisionReason.MATCH
        return replace(min(showing, key=_evidence), reason=reason, agreed=agreed)
    unseen = frames - len(verdicts)
    if agreed + unseen >= majority(frames):
        return None
    reason = _prevailing(verdict.reason for verdict in verdicts if verdict.person is None)
    strongest = max((verdict for verdict in verdicts if verdict.reason is reason), key=_evidence)
    return Verdict(reason, match=strongest.match, agreed=agreed)


def _evidence(verdict: Verdict) -> tuple[float, str]:
    """Order verdicts by similarity, and equals in some way that is always the same."""
    if verdict.match is None:
        return 0.0, ""
    return verdict.match.similarity, verdict.match.face_id or verdict.match.person.person_id


def _prevailing(reasons: Iterable[DecisionReason]) -> DecisionReason:
    count = Counter(reasons)
    return max(_TELLING, key=lambda reason: count[reason])
