"""What of the collection a frame is compared with: users, faces, or both."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.aws.collection import NoFaceInImage, UnreadableImage
from services.aws.errors import AwsUnavailable
from services.contracts.domain import FaceMatch, Matched, UserMatch
from services.contracts.reasons import DecisionReason
from services.recognize.search import SearchKind
from tests.unit.recognize.in_memory import NOW, World, job, match, user

USERS, FACES, BOTH = SearchKind.USERS, SearchKind.FACES, SearchKind.BOTH


def decided(*matches, search):
    return World(*matches, search=search).service.handle(job())


@pytest.mark.parametrize("search", [USERS, BOTH])
def test_a_user_opens_the_door_without_naming_a_single_face(search):
    world = World(user("ada", 99.9), search=search)
    decision = world.service.handle(job())
    assert (decision.reason, decision.full_name) == (DecisionReason.MATCH, "Ada Lovelace")
    assert (decision.matched, decision.face_id, decision.similarity) == (Matched.USER, None, 99.9)
    assert world.faces.kinds == [UserMatch]
    assert world.people.asked == [{"ada"}]


@pytest.mark.parametrize("search", [FACES, BOTH])
def test_a_face_of_no_user_opens_the_door_and_is_named(search):
    decision = decided(match("ada-1", 99.9), search=search)
    assert (decision.reason, decision.full_name) == (DecisionReason.MATCH, "Ada Lovelace")
    assert (decision.matched, decision.face_id) == (Matched.FACE, "ada-1")


def test_each_kind_of_search_costs_what_it_says():
    kinds = {search: World(search=search) for search in SearchKind}
    for world in kinds.values():
        assert world.service.handle(job()).reason is DecisionReason.NO_MATCH
    assert kinds[USERS].faces.kinds == [UserMatch]
    assert kinds[FACES].faces.kinds == [FaceMatch]
    assert kinds[BOTH].faces.kinds == [UserMatch, FaceMatch]
    assert all(world.people.asked == [] for world in kinds.values())


@pytest.mark.parametrize(
    ("found", "search"),
    [(match("orphan-1", 100), FACES), (match("orphan-1", 100), BOTH), (user("orphan", 100), USERS)],
)
def test_what_belongs_to_nobody_opens_nothing(found, search):
    decision = decided(found, search=search)
    assert (decision.reason, decision.similarity) == (DecisionReason.NO_MATCH, None)


def test_a_face_that_belongs_to_nobody_does_not_hide_the_person_behind_it():
    assert decided(match("orphan-1", 100), match("ada-1", 99.2), search=FACES).person_id == "ada"


@pytest.mark.parametrize("search", [USERS, BOTH])
def test_a_user_that_belongs_to_nobody_does_not_hide_the_person_behind_it(search):
    assert decided(user("orphan", 100), user("ada", 99.2), search=search).person_id == "ada"


def test_where_the_only_user_belongs_to_nobody_faces_are_asked_too():
    decision = decided(user("orphan", 100), match("ada-1", 99.2), search=BOTH)
    assert (decision.reason, decision.matched) == (DecisionReason.MATCH, Matched.FACE)


def test_a_single_face_of_a_user_opens_nothing_where_all_photos_together_do_not():
    found = (user("ada", 98.8), match("ada-1", 99.9, user_id="ada"))
    decision = decided(*found, search=BOTH)
    assert (decision.reason, decision.similarity) == (DecisionReason.NO_MATCH, 98.8)
    assert decided(*found, search=FACES).reason is DecisionReason.MATCH


def test_a_user_just_below_the_threshold_is_a_rival_of_somebody_s_face():
    decision = decided(user("ada", 98.9), match("grace-1", 99.2), search=BOTH)
    assert (decision.reason, decision.person_id) == (DecisionReason.AMBIGUOUS, None)


def test_two_users_within_the_margin_are_ambiguous():
    decision = decided(user("ada", 99.9), user("grace", 99.5), search=USERS)
    assert (decision.reason, decision.full_name) == (DecisionReason.AMBIGUOUS, None)


def test_a_disabled_user_is_kept_out_without_a_second_search():
    world = World(user("dora"), match("ada-1"), search=BOTH)
    assert world.service.handle(job()).reason is DecisionReason.PERSON_DISABLED
    assert world.faces.kinds == [UserMatch]


@pytest.mark.parametrize("search", SearchKind)
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (NoFaceInImage("none"), DecisionReason.NO_FACE),
        (UnreadableImage("torn"), DecisionReason.INVALID_FRAME),
    ],
)
def test_a_picture_that_shows_nobody_is_searched_once(search, error, reason):
    world = World(search=search, error=error)
    assert world.service.handle(job()).reason is reason
    assert len(world.faces.asked) == 1


@pytest.mark.parametrize("search", SearchKind)
def test_a_throttled_search_is_tried_again_while_the_frame_is_worth_it(search):
    world = World(match("ada-1"), user("ada"), search=search, error=AwsUnavailable("throttled"))
    world.faces.fails = 3
    world.people.errors = [AwsUnavailable("throttled")] * 2
    assert world.service.handle(job()).reason is DecisionReason.MATCH
    assert (len(world.faces.asked), len(world.people.asked)) == (4, 3)


def test_no_second_search_begins_after_the_deadline():
    world = World(match("ada-1"), search=BOTH, takes=timedelta(seconds=9))
    assert world.service.handle(job()).reason is DecisionReason.EXPIRED
    assert world.faces.kinds == [UserMatch]
    assert world.clock.now == NOW + timedelta(seconds=9)


def test_users_met_in_an_earlier_frame_are_not_read_again_and_neither_is_whom_the_tables_lack():
    world = World(search=USERS)
    world.faces.shows = {
        b"both": [user("ada", 99.9), user("orphan", 99.1)],
        b"ada": [user("ada", 99.3), user("orphan", 98.9)],
    }
    decision = world.service.handle(job(b"both", b"ada"))
    assert (decision.person_id, decision.similarity, decision.agreed) == ("ada", 99.3, 2)
    assert world.people.asked == [{"ada", "orphan"}]


def test_frames_agree_whether_a_user_or_a_face_showed_the_person():
    world = World(search=BOTH)
    world.faces.shows = {b"user": [user("ada", 99.9)], b"face": [match("ada-7", 99.2)]}
    decision = world.service.handle(job(b"user", b"face"))
    assert (decision.reason, decision.agreed) == (DecisionReason.MATCH, 2)
    assert (decision.matched, decision.face_id) == (Matched.FACE, "ada-7")
    assert world.people.asked == [{"ada"}, ({"ada-7"}, {"ada"})]


@st.composite
def visitors(draw):
    """What each frame of a visitor resembles of a collection where each person has one photo."""
    names = st.sampled_from(["ada", "grace", "dora", "orphan"])
    frame = st.dictionaries(names, st.sampled_from([98.4, 98.6, 98.9, 99.0, 99.2, 99.6, 99.9]))
    return draw(st.lists(frame, min_size=1, max_size=5))


def visit(frames, search):
    world = World(search=search)
    world.faces.shows = {
        bytes([number]): [user(name, value) for name, value in frame.items()]
        + [match(f"{name}-1", value, user_id=name) for name, value in frame.items()]
        for number, frame in enumerate(frames)
    }
    decision = world.service.handle(job(*map(bytes, zip(range(len(frames))))))
    return decision, len(world.faces.asked)


@given(visitors())
def test_users_and_faces_agree_where_each_person_has_one_photo(frames):
    (by_users, looked_at), (by_faces, looked_at_too) = visit(frames, USERS), visit(frames, FACES)
    telling = {"reason", "person_id", "full_name", "similarity", "agreed", "outcome"}
    assert by_users.model_dump(include=telling) == by_faces.model_dump(include=telling)
    assert looked_at == looked_at_too


@given(visitors())
def test_where_every_face_has_its_user_both_decide_as_users_alone(frames):
    ignored = {"timings_ms"}
    by_users, by_both = visit(frames, USERS)[0], visit(frames, BOTH)[0]
    assert by_users.model_dump(exclude=ignored) == by_both.model_dump(exclude=ignored)
