"""Operators of the whole Facegate: made by the command line, signed in over HTTP."""

import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest
import requests

from services.aws.operators import OperatorStore
from services.contracts.operators import OperatorStatus
from tests.conftest import FACEGATE, RunningFacegate, environment_of, until

pytestmark = pytest.mark.access

PASSWORD = "a tram to the museum"


def created(facegate: RunningFacegate, login: str, role: str) -> str:
    command = [FACEGATE, "operators", "create", "--login", login, "--role", role, "--password-stdin"]
    done = subprocess.run(
        command,
        check=False,
        env=environment_of(facegate.settings),
        input=PASSWORD,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return login


def sign_in(
    facegate: RunningFacegate, login: str, password: str = PASSWORD, **headers: str
) -> tuple[requests.Session, requests.Response]:
    browser = requests.Session()
    answer = browser.post(
        f"{facegate.gateway_url}/v1/session",
        json={"login": login, "password": password},
        headers=headers,
        timeout=10,
    )
    if answer.ok:
        browser.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
    return browser, answer


def test_the_first_admin_is_made_by_the_command_line_and_works_with_a_session(facegate: RunningFacegate):
    created(facegate, "first@example.org", "admin")
    browser, answer = sign_in(facegate, "First@Example.org")
    assert answer.status_code == 201, answer.text
    people = f"{facegate.gateway_url}/v1/people"
    person = browser.post(people, json={"full_name": "Emmy Noether"}, timeout=10)
    assert person.status_code == 201, person.text
    assert browser.get(f"{people}/{person.json()['person_id']}", timeout=10).status_code == 200

    csrf = browser.headers.pop("X-CSRF-Token")
    refused = browser.post(people, json={"full_name": "Emmy Noether"}, timeout=10)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/cross-site")

    token = browser.cookies["facegate"]
    signed_out = browser.delete(
        f"{facegate.gateway_url}/v1/session", headers={"X-CSRF-Token": csrf}, timeout=10
    )
    assert signed_out.status_code == 204
    assert not browser.cookies
    assert requests.get(people, cookies={"facegate": token}, timeout=10).status_code == 401
    for secret in (PASSWORD, token, csrf):
        assert secret not in facegate.log("gateway")


def test_what_a_client_says_about_tls_counts_for_nothing_without_a_proxy(facegate: RunningFacegate):
    created(facegate, "local", "viewer")
    _, answer = sign_in(facegate, "local", **{"X-Forwarded-Proto": "https"})
    assert answer.status_code == 201
    assert "Secure" not in answer.headers["Set-Cookie"]


def test_an_admin_makes_others_and_a_token_and_nobody_removes_the_admin_who_does(facegate: RunningFacegate):
    created(facegate, "admin", "admin")
    browser, _ = sign_in(facegate, "admin")
    operators = f"{facegate.gateway_url}/v1/operators"
    new = {"login": "grace", "role": "enroller", "password": PASSWORD}
    assert browser.post(operators, json=new, timeout=10).status_code == 201
    assert browser.post(operators, json=new, timeout=10).status_code == 409
    changed = browser.patch(f"{operators}/grace", json={"role": "viewer"}, timeout=10)
    assert (changed.status_code, changed.json()["role"]) == (200, "viewer")
    assert browser.delete(f"{operators}/admin", timeout=10).status_code == 409
    issued = browser.post(
        f"{facegate.gateway_url}/v1/tokens",
        json={"name": "Payroll", "scopes": ["people:read"]},
        timeout=10,
    )
    bearer = {"Authorization": f"Bearer {issued.json()['token']}"}
    assert requests.get(f"{facegate.gateway_url}/v1/people", headers=bearer, timeout=10).status_code == 200
    assert browser.delete(f"{operators}/grace", timeout=10).status_code == 204


def test_guessing_makes_wait_and_an_admin_ends_the_wait(facegate: RunningFacegate):
    created(facegate, "guessed", "viewer")
    for _ in range(5):
        assert sign_in(facegate, "guessed", "wrong")[1].status_code == 401
    _, answer = sign_in(facegate, "guessed")
    assert (answer.status_code, answer.json()["type"]) == (429, "/problems/too-many-tries")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert facegate.command("operators", "enable", "guessed").returncode == 0
    assert sign_in(facegate, "guessed")[1].status_code == 201


def test_a_disabled_operator_is_refused_from_two_seconds_on(
    facegate: RunningFacegate, capsys: pytest.CaptureFixture[str]
):
    created(facegate, "leaving", "viewer")
    browser, _ = sign_in(facegate, "leaving")
    people = f"{facegate.gateway_url}/v1/people"
    assert browser.get(people, timeout=10).status_code == 200
    store = OperatorStore(facegate.aws)
    leaving = store.get("leaving")
    assert leaving
    store.update(leaving, datetime.now(UTC), status=OperatorStatus.DISABLED)
    disabled = time.monotonic()
    until(lambda: browser.get(people, timeout=10).status_code == 401)
    with capsys.disabled():
        sys.stdout.write(f"a disabled operator was refused after {time.monotonic() - disabled:.2f} s\n")
