import json
from pathlib import Path

import pytest

from services.prices import Usage, estimate, list_prices
from services.prices.workload import Workload, usage_of

RESULTS = Path(__file__).parents[3] / "bench" / "results" / "kiosks.json"
DAYS = 730 / 24


@pytest.fixture(scope="module")
def measured():
    return json.loads(RESULTS.read_text())


def dollars(workload):
    costs = {}
    for line in estimate(usage_of(workload), list_prices()):
        costs[line.service] = costs.get(line.service, 0) + line.usd
    return costs


def test_nothing_done_uses_nothing():
    assert usage_of(Workload()) == Usage()


def test_the_calls_of_a_decision_cost_what_was_measured_on_the_wire(measured):
    a_thousand = dollars(Workload(decisions_a_day=1000 / DAYS, frame_bytes=measured["cost_frame_kb"] * 1000))
    assert a_thousand["Rekognition"] == pytest.approx(measured["cost_per_1000"]["rekognition"])
    assert a_thousand["SQS"] == pytest.approx(measured["cost_per_1000"]["sqs"], rel=0.1)
    # writes of indexes are not on the wire
    on_the_wire = usage_of(Workload(decisions_a_day=1000 / DAYS)).dynamodb_write_units * 4 / 6 * 0.625e-6
    assert on_the_wire == pytest.approx(measured["cost_per_1000"]["dynamodb"], rel=0.15)


def test_a_process_polls_as_often_as_was_measured(measured):
    a_day = usage_of(Workload(processes=1)).sqs_requests / DAYS
    polls = [calls for name, calls in measured["idle_calls_a_day"].items() if "ReceiveMessage" in name]
    assert polls == pytest.approx([a_day] * 3, rel=0.05)


def test_pulses_are_reckoned_for_no_less_than_was_measured(measured):
    units_a_day = usage_of(Workload(processes=3)).dynamodb_write_units / DAYS
    writes = [calls for name, calls in measured["idle_calls_a_day"].items() if "OperationsTable" in name]
    assert units_a_day / 3 < sum(writes) <= units_a_day


def test_a_photo_is_indexed_searched_for_and_made_part_of_its_person():
    used = usage_of(Workload(photos_a_day=10))
    assert used.face_images == pytest.approx(3 * 10 * DAYS)
    assert used.lambda_runs == pytest.approx(10 * DAYS)


def test_the_lambda_runs_as_often_as_is_said():
    assert usage_of(Workload(photos_a_day=200, lambda_runs_a_day=100)).lambda_runs == pytest.approx(
        100 * DAYS
    )


def test_photos_take_what_is_said_or_what_their_number_comes_to():
    assert usage_of(Workload(photos=1000)).photo_gb == pytest.approx(0.3)
    assert usage_of(Workload(photos=1000, photo_gb=1)).photo_gb == 1


def test_larger_frames_cost_more_messages():
    small, large = (usage_of(Workload(decisions_a_day=1, frame_bytes=size)) for size in (20_000, 200_000))
    assert large.sqs_requests > small.sqs_requests * 1.5
    assert large.face_images == small.face_images
