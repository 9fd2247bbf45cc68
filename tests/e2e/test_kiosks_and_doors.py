"""Kiosks and doors as they are in use: paired, revoked, signing; opened, told once, told again."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from threading import Event, Thread

import pytest
import requests

from cli.demo import as_frame
from cli.kiosk import recognize, register_kiosk
from cli.opening import open_to_everyone
from cli.portraits import eileen_collins, grace_hopper
from services.aws.door_actions import DoorActionStore
from services.aws.emergencies import EmergencyStore
from services.aws.jobs import JobQueue
from services.aws.kiosks import KioskStore
from services.contracts.doors import DoorAction, Webhook, new_secret
from services.contracts.messages import InlineFrame, RecognizeJob
from services.contracts.tokens import KioskToken
from tests.conftest import REPOSITORY, environment_of, until
from tests.door_receiver import DoorController, door_controller

pytestmark = [pytest.mark.access, pytest.mark.usefixtures("grace_is_enrolled")]
_WAIT_SECONDS = 8


@pytest.fixture(scope="module")
def frames():
    return as_frame(grace_hopper()), as_frame(eileen_collins())


@dataclass(frozen=True)
class ActingDoor:
    """A door that acts, and the token of the kiosk at it."""

    door_id: str
    token: KioskToken
    secret: str
    controller: DoorController
    store: DoorActionStore

    @property
    def action(self) -> DoorAction:
        return self.store.get(self.door_id)


@pytest.fixture
def acting(facegate, request):
    """A door of its own for each test: orders to the one before may still be under way."""
    door_id = f"door-{request.function.__name__[-40:].strip('_')}".replace("_", "-")
    open_to_everyone(facegate.aws, door_id)
    token = KioskToken.create(f"kiosk-of-{door_id}")
    register_kiosk(facegate.aws, token, door_id)
    with door_controller() as controller:
        target, secret = Webhook(url=controller.url), new_secret()
        action = DoorAction(door_id=door_id, target=target, secret=secret, updated_at=datetime.now(UTC))
        door = ActingDoor(door_id, token, secret, controller, DoorActionStore(facegate.aws))
        assert door.store.put(action, None)
        # what a worker knows of doors it believes for two seconds
        until(lambda: _opened(facegate, token, controller))
        until(lambda: door.action.opened == len(controller.received))
        controller.received.clear()
        yield door
        door.store.remove(door_id)


def _opened(facegate, token, controller):
    decision = recognize(
        facegate.gateway_url, str(token), as_frame(grace_hopper()), "image/jpeg", _WAIT_SECONDS
    )
    assert decision["outcome"] == "granted"
    deadline = time.monotonic() + 0.5
    while not controller.received and time.monotonic() < deadline:
        time.sleep(0.02)
    return controller.received


def post(facegate, token, frame):
    return recognize(facegate.gateway_url, str(token), frame, "image/jpeg", _WAIT_SECONDS)


def test_a_door_is_told_once_and_signed_for_whoever_is_let_in_and_for_nobody_else(facegate, acting, frames):
    token, controller = acting.token, acting.controller
    grace, stranger = frames
    before = acting.action
    decision = post(facegate, token, grace)
    assert decision["outcome"] == "granted"
    until(lambda: controller.received)
    assert post(facegate, token, stranger)["outcome"] == "denied"

    # the same message once more, as SQS may deliver it
    now = datetime.now(UTC)
    job = RecognizeJob(
        recognition_id=decision["recognition_id"],
        kiosk_id=token.kiosk_id,
        door_id=acting.door_id,
        frames=(InlineFrame(data=grace),),
        received_at=now,
        deadline=now + timedelta(seconds=8),
    )
    JobQueue(facegate.aws, facegate.aws.outputs.recognize_queue_url).send(job)
    until(lambda: job.recognition_id in found_decided(facegate))

    last = post(facegate, token, grace)["recognition_id"]
    until(lambda: controller.received[-1].order["data"]["recognition_id"] == last)
    told = [received.order["data"]["recognition_id"] for received in controller.received]
    assert told == [decision["recognition_id"], last]
    assert all(received.is_signed_with(acting.secret) for received in controller.received)
    assert "Grace" not in controller.received[0].body.decode()
    until(lambda: acting.action.opened == before.opened + 2)
    assert acting.secret not in facegate.log("recognize") + facegate.log("gateway")


def found_decided(facegate):
    """The recognitions that a worker found decided when their message came again."""
    lines = [line for line in facegate.log("recognize").splitlines() if "decided_before" in line]
    return {json.loads(line[line.index("{") :])["recognition_id"] for line in lines}


def test_a_door_that_is_down_is_told_again_and_one_that_stays_so_is_reported(facegate, acting, frames):
    token, controller = acting.token, acting.controller
    before = acting.action
    controller.answers = [503, None]
    decision = post(facegate, token, frames[0])
    until(lambda: acting.action.opened == before.opened + 1)
    told = [received.headers["webhook-id"] for received in controller.received]
    assert told == [decision["recognition_id"]] * 3

    controller.answers = [503] * 1000
    refused = post(facegate, token, frames[0])
    until(lambda: acting.action.failed)
    assert refused["outcome"] == "granted"
    assert len(controller.received) > 4
    shown = json.loads(facegate.command("doors", "action", "show", acting.door_id).stdout)
    assert (shown["failed"], shown["last_failure"]) == (1, acting.action.last_failure)
    assert "door_not_opened" in facegate.log("recognize")


def test_in_an_emergency_every_door_that_acts_is_told_through_the_gateway(facegate, acting):
    controller = acting.controller
    made = facegate.command("tokens", "create", "--name", "fire panel", "--scope", "emergency")
    api = requests.Session()
    api.headers["Authorization"] = f"Bearer {made.stdout.strip()}"
    url = f"{facegate.gateway_url}/v1/emergencies"
    for action, command in (("open_all", "door.hold_open"), ("end", "door.release")):
        controller.received.clear()
        proposed = api.post(url, json={"action": action}, timeout=10).json()
        confirmed = api.post(
            f"{url}/{proposed['emergency_id']}/confirmation",
            json={"confirmation": proposed["confirmation"]},
            timeout=10,
        )
        assert confirmed.status_code == HTTPStatus.ACCEPTED, confirmed.text
        until(lambda found=proposed: EmergencyStore(facegate.aws).get(found["emergency_id"]).finished_at)
        (received,) = controller.received
        assert received.order["type"] == command
        assert received.is_signed_with(acting.secret)


def test_a_revoked_kiosk_is_refused_within_two_seconds_under_load(facegate, frames, record_property):
    token, ended, answers = KioskToken.create("revoked-kiosk"), Event(), []
    register_kiosk(facegate.aws, token, "front-door")

    def load():
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "image/jpeg", "Prefer": "wait=8"}
        with requests.Session() as session:
            while not ended.is_set():
                posted = time.monotonic()
                url = f"{facegate.gateway_url}/v1/recognitions"
                status = session.post(url, data=frames[1], headers=headers, timeout=30).status_code
                answers.append((posted, status))

    threads = [Thread(target=load) for _ in range(6)]
    for thread in threads:
        thread.start()
    try:
        until(lambda: [status for _, status in answers].count(200) > 12)
        revoked_at = time.monotonic()
        assert KioskStore(facegate.aws).revoke("revoked-kiosk")
        until(lambda: [status for _, status in answers].count(401) > 12)
    finally:
        ended.set()
        for thread in threads:
            thread.join(60)
    taken = [posted - revoked_at for posted, status in answers if status != HTTPStatus.UNAUTHORIZED]
    last_taken = round(1000 * max(taken))
    # a frame that came in later and was taken would mean that a stolen kiosk works on
    assert last_taken <= 2000
    figures = {"kiosks": 6, "frames": len(answers), "last_frame_taken_ms_after_revocation": last_taken}
    print(json.dumps(figures))  # noqa: T201  # a figure that the run is made for
    record_property("last_frame_taken_ms_after_revocation", last_taken)


def test_a_kiosk_that_has_to_sign_does_and_its_request_counts_once(facegate, frames, tmp_path):
    token = facegate.command("kiosks", "register", "signing-kiosk", "--door", "front-door", "--signed")
    (tmp_path / "frame.jpg").write_bytes(frames[0])
    shown = ["--token", token.stdout.strip()]
    signed = facegate.command("recognize", str(tmp_path / "frame.jpg"), *shown, "--sign")
    assert signed.returncode == 0, signed.stderr
    unsigned = facegate.command("recognize", str(tmp_path / "frame.jpg"), *shown)
    assert unsigned.returncode == 1
    assert "403 The frame is not signed" in unsigned.stderr


@pytest.mark.skipif(
    not all(map(shutil.which, ("curl", "jq", "openssl"))), reason="needs curl, jq and openssl"
)
def test_the_examples_of_the_documentation_work_word_for_word(facegate, frames, tmp_path):
    text = (REPOSITORY / "docs" / "kiosk-api.md").read_text()
    (script,) = re.findall("```bash\n(.*?)```", text, re.DOTALL)
    (program,) = re.findall("```python\n(.*?)```", text, re.DOTALL)
    (tmp_path / "frame.jpg").write_bytes(frames[0])
    (tmp_path / "frame2.jpg").write_bytes(frames[0])
    environment = environment_of(facegate.settings)
    environment["PATH"] = f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace("http://127.0.0.1:8000", facegate.gateway_url)],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count('"granted"') >= 3

    token = KioskToken.create("python-kiosk")
    register_kiosk(facegate.aws, token, "front-door", signed=True)
    decided = subprocess.run(
        [sys.executable, "-c", program, facegate.gateway_url, str(token), str(tmp_path / "frame.jpg")],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert json.loads(decided.stdout)["outcome"] == "granted", decided.stderr
