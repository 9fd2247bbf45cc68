"""How the machinery does, did, and what it costs, as programs and operators are told."""

from datetime import date, timedelta
from typing import Any

import pytest

from services.contracts.operations import DayUsed, QueueName, Service, Slot, Stock
from services.operations.measures import DECIDED_MS, waited_ms
from services.operations.tally import observed
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.in_memory_operations import NOW, pulse, seen


def told(gateway: Gateway, path: str) -> Any:
    answer = gateway.client.get(f"/v1/{path}", headers=gateway.as_program())
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def queue_of(gateway: Gateway, name: str) -> Any:
    return next(queue for queue in told(gateway, "operations")["queues"] if queue["queue"] == name)


def test_where_nothing_was_measured_everything_is_there_and_empty(gateway: Gateway):
    now = told(gateway, "operations")
    assert now["processes"] == []
    assert [queue["waiting"] for queue in now["queues"]] == [None, None]
    assert now["recent"]["decision_ms"] == {"p50": None, "p95": None}
    assert len(told(gateway, "operations/history")["points"]) == 144
    costs = told(gateway, "costs")
    assert (costs["so_far"], costs["photos"]) == ({"usd": 0, "lines": []}, None)


def test_processes_are_told_with_their_rates(gateway: Gateway):
    worked = {"jobs:recognize:done": 9, "jobs:recognize:put-aside": 1}
    answered = {observed("answered_ms", 90): 4, "turned_away": 1}
    gateway.pulses.alive = [
        pulse(Service.RECOGNIZE, counts=worked),
        pulse(Service.GATEWAY, counts=answered),
    ]
    processes = told(gateway, "operations")["processes"]
    assert [(process["service"], process["per_minute"]) for process in processes] == [
        ("gateway", 20.0),
        ("recognize", 40.0),
    ]


def test_a_process_that_missed_three_pulses_has_died(gateway: Gateway):
    gateway.pulses.alive = [pulse(Service.ENROLL, ago=45), pulse(Service.RECOGNIZE, ago=46)]
    now = told(gateway, "operations")
    assert [process["service"] for process in now["processes"]] == ["enroll"]
    assert [queue["workers"] for queue in now["queues"]] == [0, 1]


def test_jobs_that_no_worker_takes_have_waited_since_a_gateway_saw_them_first(gateway: Gateway):
    gateway.pulses.alive = [
        pulse(Service.GATEWAY, queues=(seen(QueueName.RECOGNIZE, 3, since=20),), process_id="one"),
        pulse(Service.GATEWAY, ago=9, queues=(seen(QueueName.RECOGNIZE, 2, since=50),), process_id="other"),
    ]
    queue = queue_of(gateway, "recognize")
    assert (queue["waiting"], queue["oldest_seconds"], queue["workers"]) == (3, 50.0, 0)


def test_jobs_on_a_busy_queue_have_waited_no_longer_than_those_taken_last(gateway: Gateway):
    gateway.pulses.alive = [
        pulse(Service.GATEWAY, queues=(seen(QueueName.ENROLL, 40, since=3600),)),
        pulse(
            Service.ENROLL,
            counts={observed(waited_ms(QueueName.ENROLL), 8000): 20},
            last_job_at=NOW - timedelta(seconds=2),
        ),
    ]
    assert queue_of(gateway, "enroll")["oldest_seconds"] == pytest.approx(10, rel=0.06)


def test_where_none_waits_there_is_no_oldest(gateway: Gateway):
    gateway.pulses.alive = [pulse(Service.GATEWAY, queues=(seen(QueueName.ENROLL, 0),))]
    queue = queue_of(gateway, "enroll")
    assert (queue["waiting"], queue["oldest_seconds"]) == (0, None)


def test_five_minutes_are_recent(gateway: Gateway):
    minute = NOW.replace(second=0)
    gateway.pulses.minutes = [
        Slot(
            began_at=minute - timedelta(minutes=ago), counts={"decided:match": 1, observed(DECIDED_MS, 80): 1}
        )
        for ago in (0, 4, 5)
    ]
    recent = told(gateway, "operations")["recent"]
    assert (recent["granted"], recent["reasons"]) == (2, {"match": 2})
    assert recent["decision_ms"]["p95"] == pytest.approx(80, rel=0.06)


@pytest.mark.parametrize(
    ("hours", "seconds", "points"), [(1, 60, 60), (6, 600, 36), (24, 600, 144), (72, 1800, 144)]
)
def test_a_look_back_has_as_many_points_as_a_chart_shows(gateway: Gateway, hours, seconds, points):
    history = told(gateway, f"operations/history?hours={hours}")
    assert (history["step_seconds"], len(history["points"])) == (seconds, points)
    assert history["points"][-1]["began_at"] == "2026-11-16T12:00:00Z"


def test_what_was_counted_stands_at_its_time(gateway: Gateway):
    began_at = NOW.replace(minute=0, second=0) - timedelta(hours=1, minutes=50)
    gateway.pulses.tens = [Slot(began_at=began_at, counts={"decided:no_face": 7})]
    points = told(gateway, "operations/history?hours=6")["points"]
    denied = {point["began_at"]: point["denied"] for point in points if point["denied"]}
    assert denied == {"2026-11-16T10:10:00Z": 7}


@pytest.mark.parametrize("hours", ["0", "73", "-1", "1.5", "day", "", "٣", "1" * 30])
def test_a_look_back_that_is_not_kept_is_refused(gateway: Gateway, hours: str):
    answer = gateway.client.get(
        "/v1/operations/history", query_string={"hours": hours}, headers=gateway.as_program()
    )
    assert (answer.status_code, answer.get_json()["type"]) == (400, "/problems/invalid-query")


def test_half_a_month_s_searches_are_foretold_for_the_whole(gateway: Gateway):
    searches = {"rekognition:SearchUsersByImage:done": 1000, "rekognition:SearchUsersByImage:throttled": 50}
    gateway.pulses.used = [
        DayUsed(day=date(2026, 11, day), counts=searches | {"decided:match": 1000}) for day in (1, 9)
    ]
    costs = told(gateway, "costs")
    so_far, forecast = (
        next(line for line in costs[part]["lines"] if line["what"] == "images")
        for part in ("so_far", "forecast")
    )
    assert (so_far["quantity"], so_far["usd"]) == (2000, pytest.approx(2.0))
    # 15 days, 12 hours and half a minute of 30 days
    assert forecast["quantity"] == pytest.approx(2000 * 30 / 15.5, rel=1e-4)
    assert costs["forecast"]["usd"] > costs["so_far"]["usd"] > 2.0


def test_a_site_that_began_within_the_month_is_foretold_from_there_on(gateway: Gateway):
    gateway.pulses.used = [DayUsed(day=date(2026, 11, 16), counts={"rekognition:IndexFaces:done": 100})]
    costs = told(gateway, "costs")
    assert costs["since"] == "2026-11-16T00:00:00Z"
    images = next(line for line in costs["forecast"]["lines"] if line["what"] == "images")
    assert images["quantity"] == pytest.approx(100 * 15 / 0.5, rel=1e-3)


def test_what_is_kept_is_paid_for_too(gateway: Gateway):
    gateway.pulses.used = [DayUsed(day=date(2026, 11, 1), counts={"decided:match": 1})]
    gateway.pulses.kept = Stock(
        day=date(2026, 11, 15), photos=3000, photo_bytes=10**9, faces=3000, users=1000
    )
    costs = told(gateway, "costs")
    kept = {line["what"]: line["quantity"] for line in costs["so_far"]["lines"]}
    assert (kept["photos"], kept["faces and users kept"]) == (1.0, 4000)
    assert (costs["photos"], costs["photo_bytes"], costs["faces"]) == (3000, 10**9, 3000)
