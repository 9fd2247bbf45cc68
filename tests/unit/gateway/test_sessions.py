"""Operators sign in, work with their sessions, and sign out."""

import logging
from collections.abc import Callable

import pytest
import requests
from flask.testing import FlaskClient

from services.contracts.operators import OperatorStatus, Role
from services.contracts.sessions import SessionToken
from services.gateway.session_cookies import LOCAL_COOKIE, SECURE_COOKIE
from services.gateway.sessions import Sessions
from services.gateway.settings import GatewaySettings
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.in_memory_operators import PASSWORD, sign_in, signed_in
from tests.unit.gateway.serving import Served

pytestmark = pytest.mark.access

NEW_PASSWORD = "another tram to the park"
PERSON = {"full_name": "Ada Lovelace"}


def browser(gateway: Gateway) -> FlaskClient:
    """Another browser of the same gateway."""
    return gateway.client.application.test_client()


def problem_of(answer) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["type"].removeprefix("/problems/")


def test_who_signs_in_is_told_who_they_are_and_what_they_may(gateway: Gateway):
    answer = sign_in(gateway.client, "Enroller")
    assert answer.status_code == 201
    body = answer.get_json()
    assert (body["operator_id"], body["role"]) == ("enroller", "enroller")
    assert "people:write" in body["scopes"]
    assert "operators:write" not in body["scopes"]
    assert gateway.client.get("/v1/session").get_json() == body
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_cookie_is_kept_from_scripts_and_other_sites(gateway: Gateway):
    cookie = sign_in(gateway.client, "viewer").headers["Set-Cookie"]
    assert cookie.startswith(f"{LOCAL_COOKIE}=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert "Domain" not in cookie


def test_over_tls_the_cookie_travels_over_tls_alone(gateway: Gateway):
    answer = sign_in(gateway.client, "viewer", base_url="https://gate.example")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"{SECURE_COOKIE}=")
    assert "Secure" in cookie.split("; ")
    assert gateway.client.get("/v1/session", base_url="https://gate.example").status_code == 200


def test_passwords_do_not_cross_a_network_in_the_clear(gateway: Gateway):
    answer = sign_in(gateway.client, "viewer", base_url="http://gate.example")
    assert problem_of(answer) == (403, "tls-needed")
    for local in ("http://127.0.0.1:8000", "http://[::1]:8000", "http://localhost"):
        assert sign_in(browser(gateway), "viewer", base_url=local).status_code == 201


def test_what_a_proxy_says_counts_only_where_there_is_one(gateway: Gateway):
    said = {"X-Forwarded-Proto": "https"}
    answer = sign_in(gateway.client, "viewer", base_url="http://gate.example", headers=said)
    assert problem_of(answer) == (403, "tls-needed")


def test_a_session_opens_what_its_role_may_and_nothing_else(gateway: Gateway):
    csrf = signed_in(gateway.client, "enroller")
    assert gateway.client.post("/v1/people", json=PERSON, headers=csrf).status_code == 201
    viewer = browser(gateway)
    csrf = signed_in(viewer, "viewer")
    assert viewer.get("/v1/people").status_code == 200
    refused = viewer.post("/v1/people", json=PERSON, headers=csrf)
    assert problem_of(refused) == (403, "insufficient-scope")
    assert "Your role" in refused.get_json()["detail"]
    assert "WWW-Authenticate" not in refused.headers


def test_records_name_the_operator(gateway: Gateway):
    csrf = signed_in(gateway.client, "enroller")
    person = gateway.client.post("/v1/people", json=PERSON, headers=csrf).get_json()
    receipt = gateway.client.delete(f"/v1/people/{person['person_id']}", headers=csrf).get_json()
    assert receipt["requested_by"] == "operator enroller"


@pytest.mark.parametrize(
    ("login", "password"), [("viewer", "wrong"), ("nobody", PASSWORD), ("no login!", PASSWORD), ("", "")]
)
def test_a_wrong_login_and_a_wrong_password_are_answered_alike(gateway: Gateway, login: str, password: str):
    answer = sign_in(gateway.client, login, password)
    assert problem_of(answer) == (401, "wrong-credentials")
    assert answer.get_json()["detail"] == "Nobody who may sign in has this login and password. Check both."
    assert "Set-Cookie" not in answer.headers


def test_a_wrong_password_asks_the_table_alike_whether_or_not_somebody_has_the_login(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
):
    operators, asked = gateway.signing_in.operators, []
    for name in ("get", "note_failed_sign_ins"):
        method = getattr(operators, name)
        monkeypatch.setattr(
            operators, name, lambda *given, name=name, method=method: (asked.append(name), method(*given))[1]
        )
    for login in ("viewer", "nobody"):
        sign_in(gateway.client, login, "wrong")
    assert asked == ["get", "note_failed_sign_ins"] * 2
    assert "nobody" not in operators.operators


def test_the_log_says_whose_password_is_guessed_and_no_login_of_nobody(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.WARNING):
        sign_in(gateway.client, "viewer", "wrong")
        sign_in(gateway.client, "my-secret-password", "wrong")
    assert "'operator_id': 'viewer', 'failed_sign_ins': 1" in caplog.text
    assert "my-secret-password" not in caplog.text


def test_every_sign_in_is_another_session(gateway: Gateway):
    sign_in(gateway.client, "viewer")
    first = gateway.client.get_cookie(LOCAL_COOKIE)
    sign_in(gateway.client, "viewer")
    second = gateway.client.get_cookie(LOCAL_COOKIE)
    assert first
    assert second
    assert first.value != second.value
    # the one that was left is of no use to whoever has it
    assert list(gateway.signing_in.records.sessions) == [SessionToken(second.value).sha256]
    gateway.client.set_cookie(LOCAL_COOKIE, "made up")
    assert sign_in(gateway.client, "viewer").status_code == 201


def test_the_table_has_no_token_and_the_log_has_neither_token_nor_password(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.DEBUG):
        csrf = signed_in(gateway.client, "admin")
        sign_in(browser(gateway), "admin", "a wrong password")
        gateway.client.post("/v1/people", json=PERSON, headers=csrf)
    cookie = gateway.client.get_cookie(LOCAL_COOKIE)
    assert cookie
    assert cookie.value not in str(gateway.signing_in.records.sessions)
    assert "operator admin" in caplog.text
    for secret in (cookie.value, csrf["X-CSRF-Token"], PASSWORD, "a wrong password"):
        assert secret not in caplog.text


def test_who_signs_out_is_out_at_once(gateway: Gateway):
    csrf = signed_in(gateway.client, "viewer")
    cookie = gateway.client.get_cookie(LOCAL_COOKIE)
    answer = gateway.client.delete("/v1/session", headers=csrf)
    assert answer.status_code == 204
    assert gateway.client.get_cookie(LOCAL_COOKIE) is None
    assert cookie
    gateway.client.set_cookie(LOCAL_COOKIE, cookie.value)
    assert problem_of(gateway.client.get("/v1/people")) == (401, "session-ended")


def test_without_a_session_there_is_nothing_to_show(gateway: Gateway):
    assert problem_of(gateway.client.get("/v1/session")) == (401, "session-ended")
    assert problem_of(gateway.client.delete("/v1/session")) == (401, "session-ended")
    # a program's token is no session
    assert problem_of(gateway.client.get("/v1/session", headers=gateway.as_program()))[0] == 401


@pytest.mark.parametrize("text", ["x", "x" * 43, pytest.param(str(SessionToken.issue()), id="of nobody")])
def test_a_made_up_cookie_opens_nothing(gateway: Gateway, text: str):
    gateway.client.set_cookie(LOCAL_COOKIE, text)
    assert problem_of(gateway.client.get("/v1/people")) == (401, "session-ended")


# ---- changes need more than the cookie


def test_a_change_needs_the_sessions_own_csrf_token(gateway: Gateway):
    csrf = signed_in(gateway.client, "enroller")
    other = signed_in(browser(gateway), "enroller")
    for headers in ({}, other, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "é"}):
        refused = gateway.client.post("/v1/people", json=PERSON, headers=headers)
        assert problem_of(refused) == (403, "cross-site")
    assert gateway.people.people == {}
    assert gateway.client.post("/v1/people", json=PERSON, headers=csrf).status_code == 201


@pytest.mark.parametrize(
    "said",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://localhost"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_change_from_another_sites_page_is_refused(gateway: Gateway, said: dict[str, str]):
    csrf = signed_in(gateway.client, "enroller")
    refused = gateway.client.post("/v1/people", json=PERSON, headers=csrf | said)
    assert problem_of(refused) == (403, "cross-site")
    assert problem_of(sign_in(browser(gateway), "enroller", headers=said)) == (403, "cross-site")


def test_a_change_from_our_own_page_is_taken(gateway: Gateway):
    csrf = signed_in(gateway.client, "enroller")
    said = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert gateway.client.post("/v1/people", json=PERSON, headers=csrf | said).status_code == 201


def test_a_program_needs_no_csrf_token_and_its_token_counts_before_a_cookie(gateway: Gateway):
    signed_in(gateway.client, "viewer")
    answer = gateway.client.post("/v1/people", json=PERSON, headers=gateway.as_program())
    assert answer.status_code == 201


# ---- how sessions end


def test_an_idle_session_ends_and_one_that_is_used_does_not(gateway: Gateway):
    signed_in(gateway.client, "viewer")
    for _ in range(5):
        gateway.signing_in.clock.move(minutes=20)
        assert gateway.client.get("/v1/people").status_code == 200
    gateway.signing_in.clock.move(minutes=30)
    assert problem_of(gateway.client.get("/v1/people")) == (401, "session-ended")


def test_no_session_lasts_longer_than_half_a_day(gateway: Gateway):
    signed_in(gateway.client, "viewer")
    for _ in range(35):
        gateway.signing_in.clock.move(minutes=20)
        assert gateway.client.get("/v1/people").status_code == 200
    gateway.signing_in.clock.move(minutes=20)
    assert problem_of(gateway.client.get("/v1/people")) == (401, "session-ended")


def test_a_session_in_use_is_written_once_a_minute_and_read_once_in_two_seconds(gateway: Gateway):
    signed_in(gateway.client, "viewer")
    gateway.signing_in.clock.move(seconds=3)
    records, operators = gateway.signing_in.records, gateway.signing_in.operators
    records.look_ups = operators.look_ups = 0
    for _ in range(10):
        gateway.client.get("/v1/people")
    assert (records.look_ups, operators.look_ups, records.writes) == (1, 1, 0)
    gateway.signing_in.clock.move(seconds=60)
    for _ in range(10):
        gateway.client.get("/v1/people")
    assert records.writes == 1


@pytest.mark.parametrize(
    "change",
    [{"status": OperatorStatus.DISABLED}, {"role": Role.VIEWER}, {"password_hash": "x"}, None],
    ids=["disabled", "another role", "another password", "removed"],
)
def test_a_changed_operators_sessions_end_within_two_seconds_at_every_gateway(gateway: Gateway, change):
    signing_in = gateway.signing_in
    elsewhere = Sessions(
        signing_in.records,
        signing_in.operators,
        GatewaySettings().session_times,
        signing_in.clock.seconds,
        signing_in.clock.now,
    )
    signed_in(gateway.client, "operator")
    cookie = gateway.client.get_cookie(LOCAL_COOKIE)
    assert cookie
    token = SessionToken.parse(cookie.value)
    assert elsewhere.find(token).principal.name == "operator operator"
    standing = signing_in.operators.operators["operator"]
    if change is None:
        signing_in.operators.remove(standing)
    else:
        signing_in.operators.update(standing, signing_in.clock.now(), **change)
    signing_in.clock.move(seconds=2)
    assert problem_of(gateway.client.get("/v1/people")) == (401, "session-ended")


def test_a_disabled_operator_does_not_sign_in_and_is_told_nothing_more(gateway: Gateway):
    gateway.signing_in.disable("viewer")
    assert problem_of(sign_in(gateway.client, "viewer")) == (401, "wrong-credentials")


# ---- one's own password


def test_who_changes_their_password_goes_on_and_their_other_sessions_end(gateway: Gateway):
    other = browser(gateway)
    signed_in(other, "viewer")
    csrf = signed_in(gateway.client, "viewer")
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    answer = gateway.client.post("/v1/session/password", json=body, headers=csrf)
    assert answer.status_code == 200, answer.get_json()
    assert answer.get_json()["csrf_token"] != csrf["X-CSRF-Token"]
    assert gateway.client.get("/v1/people").status_code == 200
    gateway.signing_in.clock.move(seconds=2)
    assert problem_of(other.get("/v1/people")) == (401, "session-ended")
    assert problem_of(sign_in(other, "viewer")) == (401, "wrong-credentials")
    assert sign_in(other, "viewer", NEW_PASSWORD).status_code == 201


@pytest.mark.parametrize(
    ("current", "new", "refusal"),
    [
        ("wrong", NEW_PASSWORD, (401, "wrong-credentials")),
        (PASSWORD, "short", (422, "unusable-password")),
        (PASSWORD, "password1234", (422, "unusable-password")),
        (PASSWORD, "x" * 2000, (422, "invalid-fields")),
    ],
)
def test_a_password_that_cannot_be_changed_stays(gateway: Gateway, current: str, new: str, refusal):
    csrf = signed_in(gateway.client, "viewer")
    body = {"current_password": current, "new_password": new}
    answer = gateway.client.post("/v1/session/password", json=body, headers=csrf)
    assert problem_of(answer) == refusal
    assert new not in answer.get_data(as_text=True)
    assert sign_in(browser(gateway), "viewer").status_code == 201


# ---- guessing


@pytest.mark.parametrize("login", ["viewer", "nobody"])
def test_guessing_costs_longer_and_longer_waits_whether_or_not_somebody_has_the_login(
    gateway: Gateway, login: str
):
    for _ in range(5):
        assert problem_of(sign_in(gateway.client, login, "wrong"))[0] == 401
    waits = []
    for _ in range(3):
        refused = sign_in(gateway.client, login)
        assert problem_of(refused) == (429, "too-many-tries")
        waits.append(int(refused.headers["Retry-After"]))
        gateway.signing_in.clock.move(seconds=waits[-1])
        sign_in(gateway.client, login, "wrong")
    assert waits == [30, 60, 120]


def test_a_lockout_ends_and_the_right_password_is_taken_then(gateway: Gateway):
    for _ in range(5):
        sign_in(gateway.client, "viewer", "wrong")
    gateway.signing_in.clock.move(seconds=30)
    assert sign_in(gateway.client, "viewer").status_code == 201
    assert gateway.signing_in.operators.operators["viewer"].failed_sign_ins.count == 0


def test_waiting_holds_at_every_gateway(gateway: Gateway):
    for _ in range(5):
        sign_in(gateway.client, "viewer", "wrong")
    assert gateway.signing_in.operators.operators["viewer"].failed_sign_ins.locked_until


def test_a_login_may_be_tried_so_often(gateway: Gateway):
    statuses = [sign_in(gateway.client, "viewer").status_code for _ in range(11)]
    assert statuses == [201] * 10 + [429]


def test_an_address_may_try_so_often_whatever_the_login(gateway: Gateway):
    statuses = [sign_in(gateway.client, f"nobody-{n}", "wrong").status_code for n in range(31)]
    assert statuses == [401] * 30 + [429]


def test_few_passwords_are_compared_at_a_time(gateway: Gateway):
    places = gateway.signing_in.passwords._places
    assert places.acquire(blocking=False)
    refused = sign_in(gateway.client, "viewer")
    assert problem_of(refused) == (503, "too-many-sign-ins")
    assert refused.headers["Retry-After"] == "1"
    places.release()
    assert sign_in(gateway.client, "viewer").status_code == 201


def test_a_session_that_has_ended_leads_no_list_on(gateway: Gateway):
    for name in ("Ada", "Bea", "Cay"):
        gateway.client.post("/v1/people", json={"full_name": name}, headers=gateway.as_program())
    signed_in(gateway.client, "viewer")
    cursor = gateway.client.get("/v1/people?limit=1").get_json()["next_cursor"]
    assert gateway.client.get("/v1/people", query_string={"cursor": cursor}).status_code == 200
    signed_in(gateway.client, "viewer")
    refused = gateway.client.get("/v1/people", query_string={"cursor": cursor})
    assert problem_of(refused) == (400, "invalid-cursor")


def test_behind_a_proxy_that_ends_tls_the_session_is_one_over_tls(serve: Callable[..., Served]):
    served = serve(FACEGATE_PROXIES="1")
    answer = requests.post(
        f"{served.url}/v1/session",
        json={"login": "viewer", "password": PASSWORD},
        headers={"Host": "gate.example", "X-Forwarded-Proto": "https", "Origin": "https://gate.example"},
        timeout=10,
    )
    assert answer.status_code == 201, answer.text
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"{SECURE_COOKIE}=")
    assert "Secure" in cookie.split("; ")
