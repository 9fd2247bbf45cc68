"""Pages, health and errors that are nobody's frame."""

import logging
import re

import pytest

from services.aws.errors import AwsError, AwsUnavailable
from services.gateway.problems import PROBLEM_TYPES
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.in_memory import picture


@pytest.mark.parametrize("path", ["/", "/kiosk", "/healthz", "/problems/no-token", "/nowhere"])
def test_every_answer_carries_the_security_headers(gateway: Gateway, path: str):
    headers = gateway.client.get(path).headers

    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "camera=(self)" in headers["Permissions-Policy"]


def test_the_kiosk_page_has_nothing_inline_and_nothing_from_elsewhere(gateway: Gateway):
    page = gateway.client.get("/kiosk").get_data(as_text=True)

    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", page)
    assert not re.search(r"(src|href)=\"(?!/static/)", page)
    for asset in re.findall(r"(?:src|href)=\"([^\"]+)\"", page):
        assert gateway.client.get(asset).status_code == 200


def test_the_root_leads_to_the_kiosk_page(gateway: Gateway):
    answer = gateway.client.get("/")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/kiosk")


@pytest.mark.parametrize("slug", PROBLEM_TYPES)
def test_every_problem_explains_itself(gateway: Gateway, slug: str):
    page = gateway.client.get(f"/problems/{slug}")

    assert page.status_code == 200
    assert PROBLEM_TYPES[slug].title in page.get_data(as_text=True)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("GET", "/problems/unheard-of", 404), ("DELETE", "/kiosk", 405)],
)
def test_flasks_own_errors_are_problems_too(gateway: Gateway, method: str, path: str, status: int):
    answer = gateway.client.open(path, method=method)

    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert answer.get_json()["instance"] == path
    assert ("Allow" in answer.headers) == (status == 405)


def test_an_unexpected_error_has_an_id_that_leads_to_its_traceback(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
):
    gateway.jobs.worker = lambda _job: 1 // 0
    answer = gateway.client.post(
        "/v1/recognitions", data=picture(), content_type="image/jpeg", headers=gateway.headers()
    )

    problem = answer.get_json()
    assert (answer.status_code, problem["type"]) == (500, "/problems/internal-error")
    assert "division" not in answer.get_data(as_text=True)
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert problem["error_id"] in record.getMessage()
    assert "ZeroDivisionError" in record.getMessage()


def test_a_request_leaves_one_line_in_the_log(gateway: Gateway, caplog: pytest.LogCaptureFixture):
    gateway.worker_decides()
    with caplog.at_level(logging.INFO):
        answer = gateway.client.post(
            "/v1/recognitions",
            data=picture(),
            content_type="image/jpeg",
            headers=gateway.headers(Prefer="wait=5"),
        )

    (line,) = [record.getMessage() for record in caplog.records if record.name == "services.gateway.requests"]
    for word in ("POST", "/v1/recognitions", "200", "lobby", answer.get_json()["recognition_id"], "granted"):
        assert word in line
    assert gateway.token.secret not in caplog.text


def test_a_ready_gateway_says_so(gateway: Gateway):
    assert gateway.client.get("/healthz").get_json() == {"status": "alive"}
    assert gateway.client.get("/readyz").get_json() == {"status": "ready", "queued": 0}


@pytest.mark.parametrize("part", ["jobs", "decisions"])
@pytest.mark.parametrize("error", [AwsUnavailable("no connection"), AwsError("no such thing")])
def test_without_its_queue_or_table_the_gateway_lives_but_is_not_ready(
    gateway: Gateway, part: str, error: AwsError
):
    getattr(gateway, part).error = error
    answer = gateway.client.get("/readyz")

    assert (answer.status_code, answer.get_json()["type"]) == (503, "/problems/not-ready")
    assert gateway.client.get("/healthz").status_code == 200


def test_a_gateway_that_hears_no_replies_is_not_ready(gateway: Gateway):
    gateway.listener.close()

    assert gateway.client.get("/readyz").status_code == 503
