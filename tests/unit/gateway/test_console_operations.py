"""The page of the machinery: what it says of queues, processes, figures and costs."""

import re
from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient

from services.contracts.operations import DayUsed, QueueName, Service, Slot, Stock
from services.contracts.reasons import DecisionReason
from services.gateway.console.operations import CHARTS, words_of_line, words_of_unit
from services.gateway.page_files import languages
from services.gateway.texts import DEFAULT_LANGUAGE
from services.operations.measures import DECIDED_MS
from services.operations.tally import observed
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.in_memory_operations import NOW, pulse, seen
from tests.unit.gateway.in_memory_operators import signed_in

NOTHING = "\N{EN DASH}"
ENGLISH = next(texts for texts in languages() if texts.language == DEFAULT_LANGUAGE)
SEARCHES = {"decided:match": 1500, "rekognition:SearchUsersByImage:done": 1500}


@pytest.fixture
def viewer(gateway: Gateway) -> FlaskClient:
    signed_in(gateway.client, "viewer")
    return gateway.client


def shown(client: FlaskClient, path: str = "", **headers: str) -> str:
    answer = client.get(f"/console/operations{path}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


def figures_of(page: str, column: str) -> list[str]:
    """A column's cells, without the table's head and foot."""
    head = re.findall(r'data-column="([\w-]+)"', page)
    rows = re.findall(r"<tr data-at=.*?</tr>", page, re.DOTALL)
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rows]
    return [row[head.index(column)] for row in cells]


def test_where_nothing_was_measured_the_page_says_what_to_do(viewer: FlaskClient):
    page = shown(viewer)
    assert "Nothing has been measured yet" in page
    assert "No process has told anything lately" in page
    assert "Nothing has been used this month yet" in page


def test_queues_and_processes_are_told(gateway: Gateway, viewer: FlaskClient):
    gateway.pulses.alive = [
        pulse(Service.GATEWAY, queues=(seen(QueueName.RECOGNIZE, 1234, since=2.5),)),
        pulse(Service.ENROLL, host="worker-7", counts={"jobs:enroll:done": 3}),
    ]
    now = shown(viewer, "/now")
    assert "1,234" in now
    assert "about 2.5 s" in now
    assert "none runs" in now
    assert "worker-7" in now
    assert "12.0" in now


def test_a_german_page_writes_numbers_as_germans_do(gateway: Gateway, viewer: FlaskClient):
    gateway.pulses.alive = [pulse(Service.GATEWAY, queues=(seen(QueueName.RECOGNIZE, 1234, since=2.5),))]
    now = viewer.get("/console/operations/now?lang=de").text
    assert "1.234" in now
    assert "etwa 2,5 s" in now


def test_the_table_has_what_the_charts_are_drawn_of(gateway: Gateway, viewer: FlaskClient):
    counts = {"decided:match": 3, observed(DECIDED_MS, 100): 3, "rekognition:IndexFaces:throttled": 2}
    gateway.pulses.minutes = [Slot(began_at=NOW.replace(second=0) - timedelta(minutes=1), counts=counts)]
    page = shown(viewer, "/figures?hours=1")
    assert figures_of(page, "granted")[-2:] == ["3", "0"]
    assert figures_of(page, "throttled")[-2:] == ["2", "0"]
    # what did not happen took no time: a gap and not a zero
    assert figures_of(page, "decision-p95")[-1] == NOTHING
    assert len(figures_of(page, "granted")) == 60


def test_every_chart_has_its_columns_in_the_table(viewer: FlaskClient):
    page = shown(viewer)
    drawn = " ".join(re.findall(r'data-columns="([^"]+)"', page)).split()
    assert drawn == re.findall(r'data-column="([\w-]+)"', page)
    assert len(re.findall('class="card chart"', page)) == len(CHARTS)


def test_the_month_s_cost_is_told_line_by_line(gateway: Gateway, viewer: FlaskClient):
    gateway.pulses.used = [DayUsed(day=date(2026, 11, 1), counts=SEARCHES)]
    gateway.pulses.kept = Stock(day=date(2026, 11, 15), photos=3000, photo_bytes=5 * 10**8, faces=9, users=1)
    costs = shown(viewer, "/costs")
    assert "Rekognition, images" in costs
    assert "1,500 images" in costs
    assert "$1.5000" in costs
    assert "500.0 MB" in costs


def test_every_line_of_a_bill_has_its_words(gateway: Gateway):
    every = SEARCHES | {"enrolled:indexed": 50, "uploaded_frames": 4}
    gateway.pulses.used = [DayUsed(day=date(2026, 11, 1), counts=every)]
    gateway.pulses.alive = [pulse(Service.GATEWAY)]
    gateway.pulses.kept = Stock(day=date(2026, 11, 15), photos=3000, photo_bytes=10**9, faces=3000, users=100)
    lines = gateway.pulses.desk.costs().forecast.lines
    assert len(lines) > 10
    words = {words_of_line(line) for line in lines} | {words_of_unit(line) for line in lines}
    assert words - ENGLISH.keys() == set()


def test_everything_that_can_be_shown_has_its_words():
    charts = {f"operations.chart.{chart.name}{part}" for chart in CHARTS for part in ("", ".unit")}
    columns = {f"operations.column.{column.name}" for chart in CHARTS for column in chart.columns}
    reasons = {f"operations.reason.{reason}" for reason in DecisionReason}
    others = {f"operations.queue.{queue}" for queue in QueueName} | {
        f"operations.service.{service}" for service in Service
    }
    assert (charts | columns | reasons | others) - ENGLISH.keys() == set()


def test_a_look_back_that_is_not_offered_is_a_problem_and_no_page(viewer: FlaskClient):
    answer = viewer.get("/console/operations/figures?hours=1000", headers={"HX-Request": "true"})
    assert answer.status_code == 400
    assert answer.headers["HX-Retarget"] == "#problem"
