from datetime import UTC, datetime
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.domain import Person, PersonStatus, majority
from services.contracts.messages import MOST_FRAMES
from services.contracts.reasons import DecisionReason, Outcome
from services.recognize.agreement import agree
from services.recognize.policy import PersonMatch, Policy, Verdict, decide

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PEOPLE = {
    name: Person(
        person_id=name,
        full_name=name.title(),
        status=PersonStatus.DISABLED if name == "dora" else PersonStatus.ACTIVE,
        created_at=NOW,
    )
    for name in ("ada", "grace", "dora")
}
FACES = [f"{name}-{number}" for name in PEOPLE for number in range(2)]
POLICY = Policy(threshold=99, margin=0.5)


def seen(*matches):
    """The verdict on one frame that resembles these faces, named after their people, or users."""
    return decide([found(*match) for match in matches], POLICY)


def found(name, similarity):
    owner, _, number = name.partition("-")
    return PersonMatch(PEOPLE[owner], similarity, name if number else None)


ADA, GRACE, DORA = (seen((f"{name}-0", 99.9)) for name in PEOPLE)
BOTH = seen(("ada-0", 99.9), ("grace-0", 99.7))
STRANGER = seen(("ada-0", 98.7))
NO_FACE, TORN = Verdict(DecisionReason.NO_FACE), Verdict(DecisionReason.INVALID_FRAME)

frames = st.one_of(
    st.lists(
        st.tuples(st.sampled_from([*FACES, *PEOPLE]), st.sampled_from([98.5, 98.9, 99.0, 99.3, 99.9])),
        max_size=3,
        unique_by=lambda pair: pair[0],
    ).map(lambda matches: seen(*matches)),
    st.sampled_from([ADA, ADA, ADA, NO_FACE, TORN]),
)
visitors = st.lists(frames, min_size=1, max_size=MOST_FRAMES)
others = st.lists(frames, max_size=MOST_FRAMES - 2)


def told(verdicts):
    """What is decided when frames are looked at one by one, and how many were."""
    for looked_at in range(len(verdicts) + 1):
        verdict = agree(verdicts[:looked_at], len(verdicts))
        if verdict is not None:
            return verdict, looked_at
    raise AssertionError("all frames were looked at and nothing is decided")


@given(visitors)
def test_all_frames_together_always_decide(verdicts):
    assert agree(verdicts, len(verdicts)) is not None


@given(visitors)
def test_nobody_is_let_in_without_a_majority_of_all_frames(verdicts):
    verdict, looked_at = told(verdicts)
    if verdict.reason.outcome is Outcome.GRANTED:
        showing = [one for one in verdicts[:looked_at] if one.person == verdict.person]
        assert len(showing) == verdict.agreed >= majority(len(verdicts))
        assert all(one.reason is DecisionReason.MATCH for one in showing)


@given(others, st.sampled_from([[ADA, GRACE], [DORA, ADA], [BOTH]]))
def test_nobody_is_let_in_when_two_people_were_matched(rest, two_people):
    verdicts = rest + two_people
    verdict = agree(verdicts, len(verdicts))
    assert (verdict.reason, verdict.person) == (DecisionReason.AMBIGUOUS, None)


@given(others)
def test_a_disabled_person_in_any_frame_that_was_looked_at_keeps_the_door_shut(rest):
    verdict = agree([*rest, DORA], len(rest) + 1)
    assert verdict.reason in (DecisionReason.PERSON_DISABLED, DecisionReason.AMBIGUOUS)


@given(visitors, st.randoms())
def test_the_order_of_the_frames_does_not_matter_where_all_are_looked_at(verdicts, random):
    shuffled = random.sample(verdicts, len(verdicts))
    assert agree(shuffled, len(verdicts)) == agree(verdicts, len(verdicts))


@given(frames)
def test_a_single_frame_is_decided_as_by_itself(one):
    alone = agree([one], 1)
    assert (alone.reason, alone.person, alone.match) == (one.reason, one.person, one.match)
    assert alone.agreed == int(one.person is not None)


@given(visitors)
def test_what_was_denied_early_would_have_been_denied_late(verdicts):
    early, _ = told(verdicts)
    late = agree(verdicts, len(verdicts))
    assert early.reason.outcome is Outcome.GRANTED or late.reason.outcome is Outcome.DENIED


@given(visitors)
def test_as_long_as_the_frames_that_are_left_may_open_the_door_they_are_looked_at(verdicts):
    _, looked_at = told(verdicts)
    before = verdicts[: looked_at - 1]
    hopeful = [one for one in before if one.person] or [ADA]
    best = before + [hopeful[0]] * (len(verdicts) - len(before))
    assert agree(best, len(verdicts)).reason.outcome is Outcome.GRANTED


@given(visitors)
def test_the_recorded_similarity_of_a_named_person_holds_for_every_frame_that_shows_them(verdicts):
    verdict, looked_at = told(verdicts)
    if verdict.person is not None:
        shown = [one.match for one in verdicts[:looked_at] if one.person == verdict.person]
        assert verdict.match in shown
        assert all(verdict.match.similarity <= match.similarity for match in shown)


@pytest.mark.parametrize(("count", "needed"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3)])
def test_more_than_half_of_the_frames_open_the_door(count, needed):
    rest = [NO_FACE] * (count - needed)
    assert told([ADA] * needed + rest)[0].reason is DecisionReason.MATCH
    assert told([ADA] * (needed - 1) + [*rest, NO_FACE])[0].reason is DecisionReason.NO_FACE


REASONS = [
    ([ADA, GRACE], DecisionReason.AMBIGUOUS),
    ([ADA, ADA, BOTH], DecisionReason.AMBIGUOUS),
    ([ADA, ADA, GRACE], DecisionReason.AMBIGUOUS),
    ([DORA, GRACE, GRACE], DecisionReason.AMBIGUOUS),
    ([DORA, NO_FACE, NO_FACE], DecisionReason.PERSON_DISABLED),
    ([ADA, STRANGER], DecisionReason.NO_MATCH),
    ([STRANGER, NO_FACE, TORN], DecisionReason.NO_MATCH),
    ([ADA, NO_FACE, TORN], DecisionReason.NO_FACE),
    ([STRANGER, NO_FACE, NO_FACE], DecisionReason.NO_FACE),
    ([TORN, TORN, NO_FACE], DecisionReason.INVALID_FRAME),
    ([ADA, TORN], DecisionReason.INVALID_FRAME),
]


@pytest.mark.parametrize(("verdicts", "reason"), REASONS)
def test_the_reason_for_a_denial_follows_from_all_frames(verdicts, reason):
    for ordered in permutations(verdicts):
        assert agree(ordered, len(ordered)).reason is reason


def test_a_denial_that_names_nobody_tells_how_near_it_came():
    further = seen(("grace-0", 98.6))
    verdict = agree([further, STRANGER, STRANGER], 3)
    assert (verdict.person, verdict.match, verdict.agreed) == (None, STRANGER.match, 0)


def test_two_people_leave_the_stronger_match_as_evidence_and_name_nobody():
    verdict = agree([seen(("ada-0", 99.3)), GRACE], 2)
    assert (verdict.person, verdict.match) == (None, GRACE.match)


def test_what_agreed_counts_the_person_whom_most_frames_show():
    verdict = agree([ADA, ADA, GRACE, BOTH], 4)
    assert verdict.agreed == 2
