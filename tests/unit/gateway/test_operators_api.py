"""Operators are created, changed and removed by those who may."""

import pytest
from flask.testing import FlaskClient

from services.contracts.domain import Scope
from services.contracts.operators import OperatorStatus, Role
from services.contracts.tokens import ApiToken
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.in_memory import issued
from tests.unit.gateway.in_memory_operators import PASSWORD, operator, sign_in, signed_in

pytestmark = pytest.mark.access

NEW = {"login": "Grace@Example.org", "role": "enroller", "password": PASSWORD}


@pytest.fixture
def admin(gateway: Gateway) -> dict[str, str]:
    return signed_in(gateway.client, "admin")


def problem_of(answer) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["type"].removeprefix("/problems/")


def browser(gateway: Gateway) -> FlaskClient:
    return gateway.client.application.test_client()


def test_an_operator_who_was_created_signs_in(gateway: Gateway, admin: dict[str, str]):
    created = gateway.client.post("/v1/operators", json=NEW, headers=admin)
    assert created.status_code == 201, created.get_json()
    body = created.get_json()
    assert (body["operator_id"], body["role"], body["status"]) == ("grace@example.org", "enroller", "active")
    assert "password" not in str(body)
    assert gateway.client.get(created.headers["Location"]).get_json() == body
    assert sign_in(browser(gateway), "grace@example.org").status_code == 201


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"login": "ADMIN"}, (409, "operator-exists")),
        ({"login": "gr ace"}, (422, "invalid-fields")),
        ({"role": "king"}, (422, "invalid-fields")),
        ({"password": "short"}, (422, "unusable-password")),
        ({"password": "grace@example.org"}, (422, "unusable-password")),
        ({"status": "disabled"}, (422, "invalid-fields")),
    ],
)
def test_an_operator_who_makes_no_sense_is_not_created(gateway: Gateway, admin, change, refusal):
    answer = gateway.client.post("/v1/operators", json=NEW | change, headers=admin)
    assert problem_of(answer) == refusal
    assert len(gateway.signing_in.operators.operators) == 4


def test_operators_are_listed_by_login_page_by_page(gateway: Gateway, admin):
    first = gateway.client.get("/v1/operators?limit=3").get_json()
    query = {"limit": 3, "cursor": first["next_cursor"]}
    second = gateway.client.get("/v1/operators", query_string=query).get_json()
    listed = [body["operator_id"] for body in first["operators"] + second["operators"]]
    assert listed == ["admin", "enroller", "operator", "viewer"]
    assert second["next_cursor"] is None


def test_another_role_counts_at_once_and_ends_sessions(gateway: Gateway, admin):
    viewer = browser(gateway)
    signed_in(viewer, "viewer")
    changed = gateway.client.patch("/v1/operators/viewer", json={"role": "operator"}, headers=admin)
    assert changed.get_json()["role"] == "operator"
    gateway.signing_in.clock.move(seconds=2)
    assert viewer.get("/v1/people").status_code == 401
    assert "access:write" in sign_in(viewer, "viewer").get_json()["scopes"]


def test_a_disabled_operator_stays_out_until_enabled(gateway: Gateway, admin):
    gateway.client.patch("/v1/operators/viewer", json={"status": "disabled"}, headers=admin)
    assert sign_in(browser(gateway), "viewer").status_code == 401
    gateway.client.patch("/v1/operators/viewer", json={"status": "active"}, headers=admin)
    assert sign_in(browser(gateway), "viewer").status_code == 201


def test_an_admin_gives_another_password(gateway: Gateway, admin):
    for _ in range(5):
        sign_in(browser(gateway), "viewer", "wrong")
    assert gateway.client.get("/v1/operators/viewer").get_json()["locked_until"]
    new = "another tram to the park"
    changed = gateway.client.patch("/v1/operators/viewer", json={"password": new}, headers=admin)
    assert changed.get_json()["locked_until"] is None
    assert sign_in(browser(gateway), "viewer", new).status_code == 201


def test_two_who_change_the_same_operator_do_not_overwrite_each_other(gateway: Gateway, admin):
    etag = gateway.client.get("/v1/operators/viewer").headers["ETag"]
    headers = admin | {"If-Match": etag}
    first = gateway.client.patch("/v1/operators/viewer", json={"role": "enroller"}, headers=headers)
    assert first.headers["ETag"] != etag
    second = gateway.client.patch("/v1/operators/viewer", json={"role": "operator"}, headers=headers)
    assert problem_of(second) == (412, "operator-changed")
    removed = gateway.client.delete("/v1/operators/viewer", headers=headers)
    assert problem_of(removed) == (412, "operator-changed")
    removed = gateway.client.delete(
        "/v1/operators/viewer", headers=admin | {"If-Match": first.headers["ETag"]}
    )
    assert removed.status_code == 204
    assert problem_of(gateway.client.get("/v1/operators/viewer")) == (404, "unknown-operator")


@pytest.mark.parametrize("change", [{"role": "viewer"}, {"status": "disabled"}, {"password": PASSWORD}, None])
def test_nobody_changes_themselves(gateway: Gateway, admin, change):
    gateway.signing_in.operators.create(operator("other", Role.ADMIN))
    if change is None:
        answer = gateway.client.delete("/v1/operators/admin", headers=admin)
    else:
        answer = gateway.client.patch("/v1/operators/admin", json=change, headers=admin)
    assert problem_of(answer) == (409, "own-account")


@pytest.mark.parametrize("change", [{"role": "viewer"}, {"status": "disabled"}, None])
def test_the_last_admin_stays_one_whoever_asks(gateway: Gateway, change):
    headers = gateway.as_program()
    if change is None:
        answer = gateway.client.delete("/v1/operators/admin", headers=headers)
    else:
        answer = gateway.client.patch("/v1/operators/admin", json=change, headers=headers)
    assert problem_of(answer) == (409, "last-admin")
    assert gateway.signing_in.operators.operators["admin"].is_acting_admin


def test_nobody_makes_or_changes_one_who_may_more_than_they_may(gateway: Gateway):
    token = ApiToken.issue()
    gateway.programs.tokens[token.token_id] = issued(token, Scope.OPERATORS_WRITE, Scope.PEOPLE_READ)
    headers = {"Authorization": f"Bearer {token}"}
    before = dict(gateway.signing_in.operators.operators)
    for answer in (
        gateway.client.post("/v1/operators", json=NEW, headers=headers),
        gateway.client.patch("/v1/operators/admin", json={"password": PASSWORD}, headers=headers),
        gateway.client.patch("/v1/operators/viewer", json={"role": "admin"}, headers=headers),
        gateway.client.delete("/v1/operators/admin", headers=headers),
    ):
        assert problem_of(answer) == (403, "insufficient-scope")
    assert gateway.signing_in.operators.operators == before


def test_an_admin_who_was_disabled_does_nothing_more(gateway: Gateway, admin):
    gateway.signing_in.operators.create(operator("other", Role.ADMIN))
    gateway.signing_in.disable("admin")
    gateway.signing_in.clock.move(seconds=2)
    answer = gateway.client.patch("/v1/operators/viewer", json={"role": "admin"}, headers=admin)
    assert problem_of(answer) == (401, "session-ended")
    assert gateway.signing_in.operators.operators["viewer"].role is Role.VIEWER
    assert gateway.signing_in.operators.operators["admin"].status is OperatorStatus.DISABLED


@pytest.mark.parametrize("login", ["nobody", "x" * 3000, "%2e%2e"])
def test_who_is_not_there_is_not_found(gateway: Gateway, admin, login: str):
    assert gateway.client.get(f"/v1/operators/{login}").status_code == 404
    assert gateway.client.delete(f"/v1/operators/{login}", headers=admin).status_code == 404
