from dataclasses import replace

import pytest

from services.aws.face_index import IndexedPhoto
from services.contracts.reasons import RejectionReason
from services.enroll.quality import judge
from services.enroll.settings import EnrollSettings
from tests.unit.enroll.in_memory import GOOD

LIMITS = EnrollSettings().quality
SIZE = (400, 400)


def judged(face, *others):
    return judge(IndexedPhoto("face", face, others), SIZE, LIMITS)


def test_a_good_photo_is_not_refused():
    assert judged(GOOD) is None


@pytest.mark.parametrize(
    ("changes", "reason", "figure"),
    [
        ({"width": 0.1}, RejectionReason.TOO_SMALL, "40 pixels"),
        ({"height": 0.14}, RejectionReason.TOO_SMALL, "56 pixels"),
        ({"sharpness": 39}, RejectionReason.BLURRED, "39 of 100"),
        ({"brightness": 24}, RejectionReason.TOO_DARK, "24 of 100"),
        ({"brightness": 86}, RejectionReason.TOO_BRIGHT, "86 of 100"),
        ({"yaw": -46}, RejectionReason.TURNED_AWAY, "46 degrees to the side"),
        ({"pitch": 31}, RejectionReason.TURNED_AWAY, "31 degrees up or down"),
        ({"roll": -31}, RejectionReason.TURNED_AWAY, "31 degrees"),
        ({"sunglasses": True}, RejectionReason.SUNGLASSES, "sunglasses"),
        ({"confidence": 89}, RejectionReason.LOW_QUALITY, "89 %"),
    ],
)
def test_each_shortcoming_is_told_with_its_figure(changes, reason, figure):
    refusal = judged(replace(GOOD, **changes))
    assert refusal.reason is reason
    assert figure in refusal.detail


@pytest.mark.parametrize(
    "changes", [{"yaw": 45}, {"sharpness": 40}, {"brightness": 85}, {"width": 0.15}, {"sunglasses": False}]
)
def test_a_photo_at_the_limit_is_taken(changes):
    assert judged(replace(GOOD, **changes)) is None


def test_no_face_is_told_first():
    assert judge(IndexedPhoto(None, None, ()), SIZE, LIMITS).reason is RejectionReason.NO_FACE


@pytest.mark.parametrize(
    ("changes", "refused"),
    [({}, True), ({"height": 0.35}, True), ({"height": 0.34}, False), ({"confidence": 80}, False)],
)
def test_a_second_face_counts_if_it_is_about_as_large_and_surely_one(changes, refused):
    refusal = judged(GOOD, replace(GOOD, **changes))
    assert (refusal is not None and refusal.reason is RejectionReason.SEVERAL_FACES) is refused


def test_of_several_shortcomings_the_cause_is_told():
    assert judged(replace(GOOD, brightness=3, sharpness=3, confidence=50)).reason is RejectionReason.TOO_DARK
