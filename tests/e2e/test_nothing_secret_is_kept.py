"""Everything that is secret is used, rightly and wrongly, and is in no log and no table afterwards."""

import base64
import json
import subprocess
from urllib.parse import quote

import pytest
import requests

from cli.demo import as_frame
from cli.opening import open_to_everyone
from cli.portraits import eileen_collins, grace_hopper
from services.contracts.tokens import ApiToken, InvitationToken, KioskToken
from tests.conftest import FACEGATE, RunningFacegate, environment_of, until

pytestmark = [pytest.mark.access, pytest.mark.usefixtures("grace_is_enrolled")]

PASSWORD = "seven herons over the harbour"
GUESSED = "eight herons over the harbour"
NEW_PASSWORD = "nine cranes under the bridge"
DOOR = "watched-door"


class Caller:
    """Somebody who talks to the gateway, and remembers what was secret in it."""

    def __init__(self, url: str, secrets: set[str]):
        self.url, self.secrets, self.session = url, secrets, requests.Session()

    def call(self, method: str, path: str, token: str | None = None, status: int = 200, **arguments):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= arguments.pop("headers", {})
        answer = self.session.request(method, self.url + path, headers=headers, timeout=20, **arguments)
        assert answer.status_code == status, answer.text
        return answer

    def secret(self, text: str) -> str:
        self.secrets.add(text)
        return text


@pytest.fixture(scope="module")
def caller(facegate: RunningFacegate) -> Caller:
    """One who has signed in as an admin, with a wrong password first."""
    made = subprocess.run(
        [FACEGATE, "operators", "create", "--login", "watcher", "--role", "admin", "--password-stdin"],
        check=False, env=environment_of(facegate.settings), input=PASSWORD, capture_output=True, text=True,
        timeout=60,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    caller = Caller(facegate.gateway_url, set())
    for password in (caller.secret(GUESSED), caller.secret(PASSWORD)):
        answer = caller.session.post(
            f"{caller.url}/v1/session", json={"login": "watcher", "password": password}, timeout=20
        )
    assert answer.status_code == 201, answer.text
    caller.session.headers["X-CSRF-Token"] = caller.secret(answer.json()["csrf_token"])
    caller.secret(caller.session.cookies["facegate"])
    return caller


def pair_a_kiosk(facegate: RunningFacegate, caller: Caller) -> str:
    """Have a kiosk registered, paired and its token rotated, and a token tried where it is worth nothing."""
    open_to_everyone(facegate.aws, DOOR)
    registered = caller.call("POST", "/v1/kiosks", status=201, json={"door_id": DOOR}).json()
    code = caller.secret(registered["pairing_code"])
    paired = caller.call("POST", "/v1/kiosks/pairing", status=201, json={"code": code}).json()
    first = caller.secret(paired["token"])
    caller.call("GET", f"/v1/people?search={first[:100]}", token=first, status=401)
    rotated = caller.call("POST", "/v1/kiosk/token", token=first, status=201).json()
    return caller.secret(rotated["token"])


def use_an_api_token(caller: Caller) -> None:
    issued = caller.call(
        "POST", "/v1/tokens", status=201, json={"name": "Payroll", "scopes": ["people:read"]}
    ).json()
    token = caller.secret(issued["token"])
    machine = Caller(caller.url, caller.secrets)
    machine.call("GET", "/v1/people", token=token)
    machine.call("POST", "/v1/people", token=token, status=403, json={"full_name": token[:90]})
    machine.call("GET", f"/v1/people?search={token}", status=401)
    machine.call("GET", "/v1/kiosk", token=token, status=401)
    machine.call("GET", "/v1/people", token=caller.secret(str(ApiToken.issue())), status=401)
    machine.call("GET", "/v1/kiosk", token=caller.secret(str(KioskToken.create("nobody"))), status=401)


def use_an_invitation(caller: Caller, person_id: str) -> None:
    invited = caller.call("POST", f"/v1/people/{person_id}/invitations", status=201, json={}).json()
    token = caller.secret(invited["token"])
    guest = Caller(caller.url, caller.secrets)
    version = guest.call("GET", "/v1/invitation", token=token).json()["consent_texts"]["en"]
    guest.call("PUT", "/v1/invitation/consent", token=token, json={"text_version": version})
    guest.call("GET", f"/v1/people?search={token}", token=token, status=401)
    guest.call("GET", "/v1/invitation", token=caller.secret(str(InvitationToken.issue())), status=401)


def have_a_frame_decided(caller: Caller, kiosk: str, frame: bytes) -> dict:
    key = caller.secret("a-key-for-one-frame-alone-4711")
    return caller.call(
        "POST",
        "/v1/recognitions",
        token=kiosk,
        data=frame,
        headers={"Content-Type": "image/jpeg", "Prefer": "wait=8", "Idempotency-Key": f'"{key}"'},
    ).json()


def change_the_password(caller: Caller) -> None:
    change = {"current_password": PASSWORD, "new_password": caller.secret(NEW_PASSWORD)}
    answer = caller.session.post(f"{caller.url}/v1/session/password", json=change, timeout=20)
    assert answer.ok, answer.text
    caller.secret(caller.session.cookies["facegate"])


def written(text: str) -> set[bytes]:
    """The ways in which something may be written down."""
    return {text.encode(), quote(text).encode(), base64.b64encode(text.encode())[:-4]}


def pieces(picture: bytes) -> set[bytes]:
    """Bytes from the middle of a picture, as they are and as base64, wherever that begins."""
    middle = len(picture) // 2
    encoded = {base64.b64encode(picture[start:])[1000:1040] for start in range(3)}
    return {picture[middle : middle + 32], picture[middle : middle + 32].hex().encode(), *encoded}


def test_nothing_secret_is_in_the_logs_and_none_of_it_lies_in_a_table(
    facegate: RunningFacegate, caller: Caller
):
    kiosk = pair_a_kiosk(facegate, caller)
    use_an_api_token(caller)
    target = {"kind": "webhook", "url": "https://127.0.0.1:9/open"}
    action = caller.call("PUT", f"/v1/doors/{DOOR}/action", json={"target": target}).json()
    webhook_secret = caller.secret(action["secret"])
    frame, photo = as_frame(grace_hopper()), eileen_collins().read_bytes()
    decision = have_a_frame_decided(caller, kiosk, frame)
    assert decision["outcome"] == "granted"
    caller.call(
        "POST", "/v1/recognitions", token=kiosk, data=frame[:5000], status=422,
        headers={"Content-Type": "image/jpeg"},
    )  # fmt: skip
    person = caller.call("POST", "/v1/people", status=201, json={"full_name": "Eileen Collins"}).json()
    use_an_invitation(caller, person["person_id"])
    photos = f"/v1/people/{person['person_id']}/photos"
    sent = caller.call("POST", photos, status=202, data=photo, headers={"Content-Type": "image/jpeg"})
    until(lambda: caller.call("GET", sent.headers["Location"]).json()["finished_at"])
    # who is enrolled would open the door for the tests that come after
    deleted = caller.call("DELETE", f"/v1/people/{person['person_id']}", status=202)
    until(lambda: caller.call("GET", deleted.headers["Location"]).json()["finished_at"])
    change_the_password(caller)
    until(lambda: '"/v1/session/password"' in facegate.log("gateway"))

    words = {way for secret in caller.secrets for way in written(secret)} | pieces(frame) | pieces(photo)
    for log in facegate.settings.logs.glob("*"):
        text = log.read_bytes()
        assert not [word for word in words if word in text], log.name
    # what may be there is found in the same way
    assert decision["recognition_id"] in facegate.log("recognize")
    # to sign with it, a webhook's secret has to be there
    tables = contents_of_all_tables(facegate)
    assert webhook_secret in tables
    assert not [secret for secret in caller.secrets - {webhook_secret} if secret in tables]


def contents_of_all_tables(facegate: RunningFacegate) -> str:
    names = [name for name in type(facegate.aws.outputs).model_fields if name.endswith("_table_name")]
    scans = facegate.aws.dynamodb.get_paginator("scan")
    return json.dumps(
        [
            page["Items"]
            for name in names
            for page in scans.paginate(TableName=getattr(facegate.aws.outputs, name))
        ],
        default=str,
    )
