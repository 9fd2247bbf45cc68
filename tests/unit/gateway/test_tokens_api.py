"""Tokens of programs are issued, listed and revoked by those who may."""

from datetime import timedelta

import pytest

from services.contracts.domain import Scope
from services.contracts.tokens import ApiToken
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.in_memory import issued
from tests.unit.gateway.in_memory_operators import signed_in

pytestmark = pytest.mark.access

NEW = {"name": "Payroll", "scopes": ["people:read", "people:write", "people:read"]}


@pytest.fixture
def admin(gateway: Gateway) -> dict[str, str]:
    return signed_in(gateway.client, "admin")


def problem_of(answer) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["type"].removeprefix("/problems/")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_token_is_shown_once_and_opens_what_it_was_issued_for(gateway: Gateway, admin):
    answer = gateway.client.post("/v1/tokens", json=NEW, headers=admin)
    assert answer.status_code == 201
    body = answer.get_json()
    assert (body["name"], body["scopes"]) == ("Payroll", ["people:read", "people:write"])
    assert body["created_by"] == "operator admin"
    shown = gateway.client.get(answer.headers["Location"])
    assert body["token"] not in shown.get_data(as_text=True)
    assert shown.get_json() == {name: body[name] for name in body if name != "token"}
    gateway.client.delete("/v1/session", headers=admin)
    assert gateway.client.get("/v1/people", headers=bearer(body["token"])).status_code == 200
    assert gateway.client.get("/v1/tokens", headers=bearer(body["token"])).status_code == 403


def test_a_revoked_token_opens_nothing_within_two_seconds(gateway: Gateway, admin):
    body = gateway.client.post("/v1/tokens", json=NEW, headers=admin).get_json()
    assert gateway.client.get("/v1/people", headers=bearer(body["token"])).status_code == 200
    assert gateway.client.delete(f"/v1/tokens/{body['token_id']}", headers=admin).status_code == 204
    gateway.signing_in.clock.move(seconds=2)
    refused = gateway.client.get("/v1/people", headers=bearer(body["token"]))
    assert problem_of(refused) == (401, "wrong-token")
    again = gateway.client.delete(f"/v1/tokens/{body['token_id']}", headers=admin)
    assert problem_of(again) == (404, "unknown-token")


def test_a_token_ends_by_itself(gateway: Gateway, admin):
    expires_at = gateway.signing_in.clock.now() + timedelta(hours=1)
    new = NEW | {"expires_at": expires_at.isoformat()}
    token = gateway.client.post("/v1/tokens", json=new, headers=admin).get_json()["token"]
    assert gateway.client.get("/v1/people", headers=bearer(token)).status_code == 200
    gateway.signing_in.clock.move(hours=1)
    refused = gateway.client.get("/v1/people", headers=bearer(token))
    assert problem_of(refused) == (401, "wrong-token")
    assert "expired" in refused.get_json()["detail"]


@pytest.mark.parametrize(
    "change",
    [
        {"scopes": []},
        {"scopes": ["people:everything"]},
        {"name": " "},
        {"expires_at": "2020-01-01T00:00:00Z"},
        {"expires_at": "2999-01-01T00:00:00"},
        {"token": "mine"},
    ],
)
def test_a_token_that_makes_no_sense_is_not_issued(gateway: Gateway, admin, change):
    before = dict(gateway.programs.tokens)
    assert problem_of(gateway.client.post("/v1/tokens", json=NEW | change, headers=admin)) == (
        422,
        "invalid-fields",
    )
    assert gateway.programs.tokens == before


def test_nobody_gives_away_a_scope_that_they_have_not(gateway: Gateway):
    token = ApiToken.issue()
    gateway.programs.tokens[token.token_id] = issued(token, Scope.TOKENS_WRITE, Scope.PEOPLE_READ)
    headers = bearer(str(token))
    refused = gateway.client.post("/v1/tokens", json=NEW, headers=headers)
    assert problem_of(refused) == (403, "insufficient-scope")
    assert "people:write" in refused.get_json()["detail"]
    allowed = gateway.client.post("/v1/tokens", json=NEW | {"scopes": ["people:read"]}, headers=headers)
    assert allowed.status_code == 201


def test_tokens_are_listed_oldest_first_page_by_page(gateway: Gateway, admin):
    for name in ("First", "Second"):
        gateway.client.post("/v1/tokens", json=NEW | {"name": name}, headers=admin)
    first = gateway.client.get("/v1/tokens?limit=2").get_json()
    query = {"cursor": first["next_cursor"]}
    second = gateway.client.get("/v1/tokens", query_string=query).get_json()
    assert [body["name"] for body in first["tokens"] + second["tokens"]] == ["payroll", "First", "Second"]
    assert second["next_cursor"] is None


@pytest.mark.parametrize("token_id", ["nobody", "x" * 3000, "a_b"])
def test_a_token_that_is_not_there_is_not_found(gateway: Gateway, admin, token_id: str):
    assert problem_of(gateway.client.get(f"/v1/tokens/{token_id}")) == (404, "unknown-token")
    assert problem_of(gateway.client.delete(f"/v1/tokens/{token_id}", headers=admin)) == (
        404,
        "unknown-token",
    )
