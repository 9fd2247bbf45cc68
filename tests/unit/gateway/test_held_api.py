"""Programs list photos that wait for an operator, and say what was decided."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from services.contracts.domain import Enrollment, EnrollmentStatus, Resemblance, Scope
from services.contracts.tokens import ApiToken
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.in_memory import NOW, issued
from tests.unit.gateway.test_people_api import get, refusal


def hold(gateway: Gateway, number: int = 1, **fields: Any) -> None:
    described: dict[str, Any] = {
        "enrollment_id": f"e-{number}",
        "status": EnrollmentStatus.HELD,
        "bucket": "photos",
        "key": "k",
        "received_at": NOW,
        "person_id": "ada",
        "full_name": "Ada",
        "held_for": Resemblance(person_id="eve", full_name="Eve", similarity=99.5),
        "detail": "The face resembles Eve with 99.5 %.",
    }
    enrollment = Enrollment(**described | fields)
    gateway.enrollments.enrollments[enrollment.enrollment_id] = enrollment


def resolve(gateway: Gateway, body: Any, enrollment_id: str = "e-1") -> TestResponse:
    path = f"/v1/enrollments/{enrollment_id}/resolution"
    return gateway.client.post(path, headers=gateway.as_program(), json=body)


def test_photos_that_wait_are_listed_with_whom_they_resemble(gateway: Gateway):
    hold(gateway)
    hold(gateway, 2, status=EnrollmentStatus.INDEXED)
    (photo,) = get(gateway, "/v1/enrollments", status="held").get_json()["enrollments"]
    assert photo["enrollment_id"] == "e-1"
    assert photo["held_for"] == {"person_id": "eve", "full_name": "Eve", "similarity": 99.5}


def test_the_list_is_paged(gateway: Gateway):
    for number in range(5):
        hold(gateway, number)
    first = get(gateway, "/v1/enrollments", status="held", limit=3).get_json()
    rest = get(gateway, "/v1/enrollments", status="held", limit=3, cursor=first["next_cursor"]).get_json()
    listed = [photo["enrollment_id"] for photo in first["enrollments"] + rest["enrollments"]]
    assert listed == [f"e-{number}" for number in range(5)]
    assert rest["next_cursor"] is None
    assert refusal(get(gateway, "/v1/enrollments", status="held", cursor="x")) == (400, "invalid-cursor")


@pytest.mark.parametrize("query", [{}, {"status": "indexed"}, {"status": ""}])
def test_nothing_but_what_waits_is_listed(gateway: Gateway, query: dict[str, str]):
    assert refusal(get(gateway, "/v1/enrollments", **query)) == (400, "invalid-query")


@pytest.mark.parametrize("resolution", ["merge", "keep_both", "reject"])
def test_a_decision_is_a_job_and_what_became_of_an_earlier_one_is_forgotten(
    gateway: Gateway, resolution: str
):
    hold(gateway, resolution_problem="It was not decided as merge: no.")
    assert "not decided" in get(gateway, "/v1/enrollments/e-1").get_json()["resolution_problem"]
    answer = resolve(gateway, {"resolution": resolution})
    assert (answer.status_code, answer.headers["Location"]) == (202, "/v1/enrollments/e-1")
    assert answer.get_json()["resolution_problem"] is None
    assert get(gateway, "/v1/enrollments/e-1").get_json()["resolution_problem"] is None
    (job,) = gateway.resolutions.sent
    assert (job.enrollment_id, job.resolution) == ("e-1", resolution)
    assert job.requested_by == f"token {gateway.program.token_id}"


def test_what_does_not_wait_is_not_decided(gateway: Gateway):
    hold(gateway, status=EnrollmentStatus.INDEXED)
    assert refusal(resolve(gateway, {"resolution": "merge"})) == (409, "not-held")
    for unknown in ("e-9", "x" * 3000):
        assert refusal(resolve(gateway, {"resolution": "merge"}, unknown)) == (404, "unknown-enrollment")
    assert gateway.resolutions.sent == []


def test_of_two_operators_at_once_the_second_is_told(gateway: Gateway, monkeypatch):
    hold(gateway)
    monkeypatch.setattr(gateway.enrollments, "save_held", lambda enrollment: False)
    assert refusal(resolve(gateway, {"resolution": "merge"})) == (409, "not-held")
    assert gateway.resolutions.sent == []


@pytest.mark.parametrize(
    "body", [{}, {"resolution": "both"}, {"resolution": None}, {"resolution": "merge", "x": 1}]
)
def test_no_other_decision_is_taken(gateway: Gateway, body: Any):
    hold(gateway)
    assert refusal(resolve(gateway, body)) == (422, "invalid-fields")


def test_looking_and_deciding_need_the_scopes_of_people(gateway: Gateway):
    hold(gateway)
    gateway.program = ApiToken.issue()
    gateway.programs.tokens[gateway.program.token_id] = issued(gateway.program, Scope.PEOPLE_READ)
    assert get(gateway, "/v1/enrollments", status="held").status_code == 200
    assert refusal(resolve(gateway, {"resolution": "merge"})) == (403, "insufficient-scope")
