"""Which tokens open which API."""

import logging

import pytest

from services.contracts.domain import Scope
from services.contracts.tokens import ApiToken
from services.gateway.authentication import ProgramAuthenticator
from services.gateway.problems import Problem
from services.gateway.remembered import TOKEN_CACHE_SECONDS
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.in_memory import InMemoryTokens, issued, picture


@pytest.mark.parametrize("path", ["/v1/people", "/v1/people/x", "/v1/people/x/photos", "/v1/enrollments/x"])
def test_without_a_token_nothing_of_the_people_api_answers(gateway: Gateway, path: str):
    answer = gateway.client.get(path)
    assert (answer.status_code, answer.get_json()["type"]) == (401, "/problems/no-token")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_kiosk_token_is_refused_at_the_people_api(gateway: Gateway):
    answer = gateway.client.get("/v1/people", headers=gateway.headers())
    assert (answer.status_code, answer.get_json()["type"]) == (401, "/problems/wrong-token")
    assert gateway.programs.look_ups == 0


def test_an_api_token_is_refused_at_the_kiosk_api(gateway: Gateway):
    headers = gateway.as_program(**{"Content-Type": "image/jpeg"})
    answer = gateway.client.post("/v1/recognitions", headers=headers, data=picture())
    assert (answer.status_code, answer.get_json()["type"]) == (401, "/problems/wrong-token")
    assert gateway.kiosks.look_ups == 0


@pytest.mark.parametrize(
    "token",
    [str(ApiToken.issue()), "fga_x", "x"],
    ids=["never issued", "cut off", "no token"],
)
def test_a_token_of_no_program_is_refused_and_not_logged(
    gateway: Gateway, token: str, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.DEBUG):
        answer = gateway.client.get("/v1/people", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.get_json()["type"]) == (401, "/problems/wrong-token")
    assert f"Bearer {token}" not in caplog.text
    assert answer.get_json()["detail"].endswith("open no other way in.")


def test_a_token_with_another_secret_is_refused(gateway: Gateway):
    forged = ApiToken(gateway.program.token_id, ApiToken.issue().secret)
    answer = gateway.client.get("/v1/people", headers={"Authorization": f"Bearer {forged}"})
    assert (answer.status_code, answer.get_json()["type"]) == (401, "/problems/wrong-token")


@pytest.mark.parametrize(
    ("scopes", "method", "status"),
    [
        ((Scope.PEOPLE_READ,), "get", 200),
        ((Scope.PEOPLE_READ,), "post", 403),
        ((Scope.PEOPLE_WRITE,), "get", 403),
        ((Scope.PEOPLE_WRITE,), "post", 415),
        ((Scope.BATCHES_WRITE,), "get", 403),
        ((), "get", 403),
    ],
)
def test_a_token_does_what_its_scopes_say_and_nothing_else(
    gateway: Gateway, scopes: tuple[Scope, ...], method: str, status: int
):
    token = ApiToken.issue()
    gateway.programs.tokens[token.token_id] = issued(token, *scopes)
    answer = getattr(gateway.client, method)("/v1/people", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == status
    if status == 403:
        assert answer.get_json()["type"] == "/problems/insufficient-scope"
        needed = "people:read" if method == "get" else "people:write"
        assert f'scope="{needed}"' in answer.headers["WWW-Authenticate"]


def test_a_token_is_looked_up_once_in_two_seconds_and_its_revocation_then_counts():
    now = 0.0
    token = ApiToken.issue()
    tokens = InMemoryTokens(issued(token, Scope.PEOPLE_READ))
    authenticator = ProgramAuthenticator(tokens, timer=lambda: now)
    for _ in range(3):
        assert authenticator.authenticate(f"Bearer {token}").name == f"token {token.token_id}"
    assert tokens.look_ups == 1

    tokens.tokens.clear()
    now = TOKEN_CACHE_SECONDS
    with pytest.raises(Problem) as refused:
        authenticator.authenticate(f"Bearer {token}")
    assert refused.value.type.slug == "wrong-token"


def test_the_log_says_which_token_was_used_and_not_the_token(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.INFO):
        gateway.client.get("/v1/people?search=Grace", headers=gateway.as_program())
    assert gateway.program.token_id in caplog.text
    assert gateway.program.secret not in caplog.text
    assert "Grace" not in caplog.text
