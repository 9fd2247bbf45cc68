from datetime import UTC, datetime, timedelta

import pytest

from services.contracts.domain import Decision
from services.contracts.operations import QueueName, Slot
from services.contracts.reasons import DecisionReason
from services.operations.figures import Figures, history, summed
from services.operations.measures import CallEnd, JobEnd, Measures, QueueMeasures
from services.operations.tally import Tally

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
GRANTING = {"person_id": "ada", "full_name": "Ada", "matched": "user", "similarity": 99.9}


def decision(reason, milliseconds):
    return Decision(
        recognition_id="r",
        reason=reason,
        kiosk_id="lobby",
        door_id="front",
        threshold=99,
        **(GRANTING if reason is DecisionReason.MATCH else {}),
        received_at=NOON,
        decided_at=NOON + timedelta(milliseconds=milliseconds),
        timings_ms={"queue_ms": milliseconds / 2, "search_ms": milliseconds / 4},
    )


@pytest.fixture
def tally():
    return Tally()


def test_decisions_are_told_by_outcome_reason_and_how_long_they_took(tally):
    measures = Measures(tally)
    for reason, milliseconds in [("match", 100), ("match", 200), ("no_match", 400)]:
        measures.decided(decision(DecisionReason(reason), milliseconds), uploaded=False)
    figures = Figures.of(tally.take())
    assert (figures.granted, figures.denied) == (2, 1)
    assert figures.reasons == {DecisionReason.MATCH: 2, DecisionReason.NO_MATCH: 1}
    assert figures.decision_ms.p50 == pytest.approx(200, rel=0.06)
    assert figures.decision_ms.p95 == pytest.approx(400, rel=0.06)
    assert figures.searched_ms.p95 == pytest.approx(100, rel=0.06)
    assert figures.answer_ms.p50 is None


def test_calls_of_rekognition_are_told_by_operation_with_those_that_failed(tally):
    measures = Measures(tally)
    for end in (CallEnd.DONE, CallEnd.DONE, CallEnd.THROTTLED, CallEnd.FAILED):
        measures.called("SearchUsersByImage", end)
    measures.called("IndexFaces", CallEnd.DONE)
    indexing, searching = Figures.of(tally.take()).rekognition
    assert (indexing.operation, indexing.calls, indexing.failed) == ("IndexFaces", 1, 0)
    assert (searching.calls, searching.throttled, searching.failed) == (4, 1, 1)


def test_a_queue_tells_its_peak_how_long_jobs_waited_and_what_became_of_them(tally):
    queue = QueueMeasures(tally, QueueName.ENROLL)
    for depth in (3, 7, 0):
        Measures(tally).seen_waiting(QueueName.ENROLL, depth)
    queue.job_taken(2.0)
    queue.job_ended(JobEnd.DONE)
    queue.job_ended(JobEnd.PUT_ASIDE)
    recognize, enroll = Figures.of(tally.take()).queues
    assert recognize.most_waiting is None
    assert (enroll.most_waiting, enroll.done, enroll.left, enroll.put_aside) == (7, 1, 0, 1)
    assert enroll.waited_ms.p95 == pytest.approx(2000, rel=0.06)


def test_counts_of_several_processes_add_up():
    assert summed([{"a": 1}, {"a": 2, "b": 3}]) == {"a": 3, "b": 3}


def test_a_history_has_a_point_for_every_step_also_where_nothing_was_counted():
    slots = [
        Slot(began_at=NOON, counts={"decided:match": 1}),
        Slot(began_at=NOON + 3 * MINUTE, counts={"decided:match": 4}),
    ]
    points = history(slots, NOON, NOON + 3 * MINUTE, MINUTE)
    assert [point.began_at - NOON for point in points] == [index * MINUTE for index in range(4)]
    assert [point.granted for point in points] == [1, 0, 0, 4]
    assert points[1].queues[0].most_waiting is None


def test_slots_of_one_step_are_added_up_and_those_outside_are_left_out():
    slots = [
        Slot(began_at=NOON + minutes * MINUTE, counts={"decided:no_face": 1})
        for minutes in (-10, 0, 10, 20, 30, 60)
    ]
    points = history(slots, NOON, NOON + 30 * MINUTE, 30 * MINUTE)
    assert [point.denied for point in points] == [3, 1]
