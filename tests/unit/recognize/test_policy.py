from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.domain import Matched, Person, PersonStatus
from services.contracts.reasons import DecisionReason
from services.recognize.policy import PersonMatch, Policy, decide

POLICY = Policy(threshold=99, margin=0.5)


def person(name, status=PersonStatus.ACTIVE):
    return Person(
        person_id=name.lower(), full_name=name, status=status, created_at=datetime(2026, 1, 1, tzinfo=UTC)
    )


ADA, GRACE = person("Ada"), person("Grace")


FACES = {"ada-1": ADA, "ada-2": ADA, "grace-1": GRACE}


def seen(name, similarity):
    """A match of a face by its id, or of a user by the person's."""
    if name in FACES:
        return PersonMatch(FACES[name], similarity, name)
    return PersonMatch({"ada": ADA, "grace": GRACE}[name], similarity)


def verdict(*matches):
    return decide([seen(*match) for match in matches], POLICY)


def test_a_person_above_the_threshold_is_let_in():
    found = verdict(("ada-1", 99.9))
    assert (found.reason, found.person) == (DecisionReason.MATCH, ADA)


def test_the_threshold_itself_suffices():
    assert verdict(("ada-1", 99.0)).reason is DecisionReason.MATCH


def test_a_person_below_the_threshold_is_kept_out_and_not_named():
    found = verdict(("ada-1", 98.99))
    assert found.reason is DecisionReason.NO_MATCH
    assert found.person is None
    assert found.match.similarity == 98.99


def test_nobody_found_is_no_match():
    assert verdict().reason is DecisionReason.NO_MATCH


def test_two_people_within_the_margin_are_ambiguous():
    found = verdict(("ada-1", 99.9), ("grace-1", 99.5))
    assert found.reason is DecisionReason.AMBIGUOUS
    assert found.person is None


def test_a_rival_just_below_the_threshold_still_makes_it_ambiguous():
    assert verdict(("ada-1", 99.1), ("grace-1", 98.9)).reason is DecisionReason.AMBIGUOUS


def test_a_rival_beyond_the_margin_changes_nothing():
    assert verdict(("ada-1", 99.9), ("grace-1", 99.3)).person == ADA


def test_two_people_who_resemble_equally_are_ambiguous_even_without_a_margin():
    matches = [seen("ada-1", 99.9), seen("grace-1", 99.9)]
    assert decide(matches, Policy(99, 0)).reason is DecisionReason.AMBIGUOUS


def test_two_faces_of_one_person_are_no_rivals():
    assert verdict(("ada-1", 99.9), ("ada-2", 99.8)).person == ADA


def test_a_rival_hidden_behind_another_face_of_the_best_person_is_seen():
    found = verdict(("ada-1", 99.9), ("ada-2", 99.8), ("grace-1", 99.7))
    assert found.reason is DecisionReason.AMBIGUOUS


def test_the_evidence_says_whether_a_face_or_all_photos_together_matched():
    face, all_photos = verdict(("ada-1", 99.9)).match, verdict(("ada", 99.9)).match
    assert (face.matched, face.face_id) == (Matched.FACE, "ada-1")
    assert (all_photos.matched, all_photos.face_id) == (Matched.USER, None)


def test_a_person_s_own_face_is_no_rival_of_their_user():
    assert verdict(("ada", 99.9), ("ada-1", 99.9)).person == ADA


def test_a_face_of_somebody_near_a_user_makes_it_ambiguous():
    assert verdict(("ada", 99.9), ("grace-1", 99.8)).reason is DecisionReason.AMBIGUOUS
    assert verdict(("ada", 98.9), ("grace-1", 99.1)).reason is DecisionReason.AMBIGUOUS


def test_a_disabled_person_is_kept_out():
    disabled = person("Ada", PersonStatus.DISABLED)
    assert decide([PersonMatch(disabled, 99.9)], POLICY).reason is DecisionReason.PERSON_DISABLED


def test_a_disabled_double_does_not_let_the_other_one_in():
    double = PersonMatch(person("Grace", PersonStatus.DISABLED), 99.8)
    assert decide([seen("ada-1", 99.9), double], POLICY).reason is DecisionReason.AMBIGUOUS


people = st.sampled_from([person(name) for name in ("a", "b", "c")])


@given(
    st.lists(st.builds(PersonMatch, people, st.floats(0, 100), st.sampled_from([None, "f-1", "f-2"]))),
    st.floats(1, 100),
    st.floats(0, 5),
)
def test_whoever_is_let_in_is_the_best_of_all_and_alone_within_the_margin(found, threshold, margin):
    result = decide(found, Policy(threshold, margin))
    best_of = {}
    for match in found:
        owner = match.person.person_id
        best_of[owner] = max(match.similarity, best_of.get(owner, 0.0))
    ranked = sorted(best_of.values(), reverse=True)
    alone = len(ranked) == 1 or (len(ranked) > 1 and ranked[0] - ranked[1] > margin)
    assert (result.reason is DecisionReason.MATCH) == (bool(ranked) and ranked[0] >= threshold and alone)


@pytest.mark.parametrize(("threshold", "margin", "asked"), [(99, 0.5, 98.5), (1, 5, 0)])
def test_the_collection_is_asked_far_enough_down_to_see_rivals(threshold, margin, asked):
    assert Policy(threshold, margin).search_threshold == asked
