"""Operators and programs have drift looked for, and see what was found."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.aws.errors import AwsUnavailable
from services.contracts.census import CollectedFace
from services.contracts.domain import Scope
from services.contracts.drift_checks import CheckStatus
from services.contracts.tokens import ApiToken
from services.gateway.session_cookies import LOCAL_COOKIE
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.in_memory import issued
from tests.unit.gateway.in_memory_upkeep import NOTHING
from tests.unit.gateway.test_people_api import get, refusal


def begin(gateway: Gateway):
    return gateway.client.post("/v1/drift-checks", headers=gateway.as_program())


def latest(gateway: Gateway):
    return get(gateway, "/v1/drift-checks/latest").get_json()


def collected(count: int):
    return {f"f-{number}": CollectedFace(f"f-{number}", "ada", None) for number in range(count)}


def test_a_check_that_finds_nothing_says_that_all_agree(gateway: Gateway):
    answer = begin(gateway)
    assert (answer.status_code, answer.headers["Location"]) == (202, "/v1/drift-checks/latest")
    assert latest(gateway)["status"] == "running"
    gateway.upkeep.drift.work()
    done = latest(gateway)
    assert (done["status"], done["counts"], done["differences"]) == ("done", {}, [])
    assert done["finished_at"] is not None


def test_what_differs_is_counted_and_told_in_words(gateway: Gateway):
    gateway.upkeep.drift.census = replace(NOTHING, collected=collected(3), users=frozenset({"u-1"}))
    begin(gateway)
    gateway.upkeep.drift.work()
    done = latest(gateway)
    assert done["counts"] == {"face of nobody": 3, "user of nobody": 1}
    assert done["read"] == 3
    assert "which is nobody's" in done["differences"][0]["sentence"]


def test_of_many_differences_some_are_told_and_all_are_counted(gateway: Gateway):
    gateway.upkeep.drift.census = replace(NOTHING, collected=collected(500))
    begin(gateway)
    gateway.upkeep.drift.work()
    done = latest(gateway)
    assert (done["counts"], len(done["differences"])) == ({"face of nobody": 500}, 200)


def test_who_may_not_read_people_is_told_the_counts_alone(gateway: Gateway):
    token = ApiToken.issue()
    gateway.programs.tokens[token.token_id] = issued(token, Scope.OPERATIONS_READ)
    gateway.upkeep.drift.census = replace(NOTHING, collected=collected(3))
    begin(gateway)
    gateway.upkeep.drift.work()
    answer = gateway.client.get("/v1/drift-checks/latest", headers={"Authorization": f"Bearer {token}"})
    assert (answer.get_json()["counts"], answer.get_json()["differences"]) == ({"face of nobody": 3}, [])


def test_one_check_runs_at_a_time(gateway: Gateway):
    begin(gateway)
    assert refusal(begin(gateway)) == (409, "drift-check-running")
    gateway.upkeep.drift.work()
    assert begin(gateway).status_code == 202


def test_a_check_whose_gateway_died_is_abandoned_and_makes_room(gateway: Gateway):
    first = begin(gateway).get_json()
    gateway.upkeep.drift.now += timedelta(minutes=3)
    assert latest(gateway)["status"] == "abandoned"
    second = begin(gateway).get_json()
    assert second["check_id"] != first["check_id"]
    # should the first live after all, it leaves the second alone
    gateway.upkeep.drift.work()
    assert (latest(gateway)["check_id"], latest(gateway)["status"]) == (second["check_id"], "running")


def test_a_check_that_cannot_read_says_why(gateway: Gateway):
    gateway.upkeep.drift.failure = AwsUnavailable("listing the collection: out of reach")
    begin(gateway)
    gateway.upkeep.drift.work()
    failed = latest(gateway)
    assert (failed["status"], failed["problem"]) == ("failed", "listing the collection: out of reach")


def test_what_nobody_expected_fails_the_check_without_its_details(gateway: Gateway):
    gateway.upkeep.drift.failure = RuntimeError("Ada Lovelace's record is broken")
    begin(gateway)
    gateway.upkeep.drift.work()
    failed = latest(gateway)
    assert failed["status"] == "failed"
    assert "Ada" not in failed["problem"]


def test_more_than_a_gateway_holds_is_left_to_the_command_line(gateway: Gateway):
    gateway.upkeep.drift.census = replace(NOTHING, collected=collected(1001))
    begin(gateway)
    gateway.upkeep.drift.work()
    assert "facegate check" in latest(gateway)["problem"]


def test_before_the_first_check_there_is_none(gateway: Gateway):
    assert refusal(get(gateway, "/v1/drift-checks/latest")) == (404, "no-drift-check")


def test_who_had_it_looked_for_is_on_record(gateway: Gateway):
    begin(gateway)
    assert gateway.audit.entries[-2].what == "POST /v1/drift-checks"


def page(gateway: Gateway, path: str, login: str = "operator") -> str:
    begun = gateway.signing_in.sessions.begin(gateway.signing_in.operators.operators[login])
    client = gateway.client.application.test_client(use_cookies=False)
    answer = client.get(path, headers={"Cookie": f"{LOCAL_COOKIE}={begun.token}"})
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_the_page_lets_those_begin_who_may(gateway: Gateway):
    assert 'data-api="POST /v1/drift-checks"' in page(gateway, "/console/drift")
    assert "data-api" not in page(gateway, "/console/drift/latest")
    assert "/v1/drift-checks" not in page(gateway, "/console/drift", "viewer")


def test_the_page_asks_again_while_a_check_runs(gateway: Gateway):
    assert "Nobody has looked yet" in page(gateway, "/console/drift")
    begin(gateway)
    assert "every 1s" in page(gateway, "/console/drift/latest")
    gateway.upkeep.drift.work()
    shown = page(gateway, "/console/drift/latest")
    assert "every 1s" not in shown
    assert "All agree" in shown


def test_the_page_tells_what_differs(gateway: Gateway):
    gateway.upkeep.drift.census = replace(NOTHING, collected=collected(3))
    begin(gateway)
    gateway.upkeep.drift.work()
    shown = page(gateway, "/console/drift")
    assert "3 differences" in shown
    assert "The collection has face f-0, which is nobody&#39;s" in shown


@pytest.mark.parametrize("status", [CheckStatus.FAILED, CheckStatus.ABANDONED])
def test_the_page_says_when_a_check_came_to_nothing(gateway: Gateway, status: CheckStatus):
    begin(gateway)
    check = gateway.upkeep.drift.check
    assert check is not None
    gateway.upkeep.drift.check = check.model_copy(update={"status": status, "problem": "out of reach"})
    said = {CheckStatus.FAILED: "out of reach", CheckStatus.ABANDONED: "Check again"}
    assert said[status] in page(gateway, "/console/drift")
