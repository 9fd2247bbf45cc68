import dataclasses

from bench.kiosks.load import Answer
from bench.kiosks.tally import Tally, tally

GRANTED = Answer(
    began=0.0,
    took=0.1,
    status=200,
    recognition_id="a",
    outcome="granted",
    granted_to="Grace Hopper",
    expired=False,
    failed=False,
    expected="Grace Hopper",
)
PENDING = dataclasses.replace(GRANTED, status=202, recognition_id="b", outcome=None, granted_to=None)
REFUSED = dataclasses.replace(PENDING, status=503, recognition_id=None)
BROKEN = dataclasses.replace(REFUSED, status=0, failed=True)


def test_frames_taken_and_decided_once_are_in_order():
    assert tally([GRANTED, PENDING, REFUSED], {"a", "b"}) == Tally(0, 0, 0)


def test_a_frame_that_was_taken_and_never_decided_is_lost():
    assert tally([GRANTED, PENDING], {"a"}).lost == 1


def test_a_decision_that_no_kiosk_was_told_of_is_a_duplicate():
    assert tally([GRANTED], {"a", "c"}).duplicates == 1


def test_a_refused_frame_must_not_have_been_decided():
    assert tally([GRANTED, REFUSED], {"a", "c"}).duplicates == 1


def test_a_frame_whose_answer_broke_off_may_have_been_decided_once():
    assert tally([GRANTED, BROKEN], {"a", "c"}).duplicates == 0
    assert tally([GRANTED, BROKEN], {"a", "c", "d"}).duplicates == 1


def test_one_decision_for_two_frames_is_a_duplicate():
    assert tally([GRANTED, GRANTED], {"a"}).duplicates == 1


def test_a_door_that_opened_as_somebody_else_is_wrong():
    stranger = dataclasses.replace(GRANTED, expected=None)

    assert tally([GRANTED, stranger], {"a"}).wrong == 1


def test_tallies_add_up():
    assert Tally(1, 2, 3) + Tally(10, 20, 30) == Tally(11, 22, 33)
