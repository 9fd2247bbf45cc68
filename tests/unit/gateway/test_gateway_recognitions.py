"""From a good frame to its decision."""

from base64 import b64decode
from datetime import UTC, datetime, timedelta
from io import BytesIO
from threading import Thread
from uuid import uuid4

import pytest

from services.aws.errors import AwsError, AwsUnavailable
from services.contracts.messages import InlineFrame, StoredObject
from services.contracts.reasons import DecisionReason
from services.gateway.uuid7 import parse_uuid7, uuid7
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.in_memory import decision_on, noise, picture

JPEG = "image/jpeg"


def post(gateway: Gateway, body: bytes | None = None, content_type: str = JPEG, **headers: str):
    return gateway.client.post(
        "/v1/recognitions",
        data=picture() if body is None else body,
        content_type=content_type,
        headers=gateway.headers(**headers),
    )


def test_a_waiting_kiosk_gets_the_decision(gateway: Gateway):
    gateway.worker_decides()
    answer = post(gateway, Prefer="wait=5")

    assert answer.status_code == 200
    assert answer.headers["Preference-Applied"] == "wait=5"
    decision = answer.get_json()
    assert decision == {
        "recognition_id": gateway.jobs.sent[0].recognition_id,
        "status": "decided",
        "outcome": "granted",
        "reason": "match",
        "message": "Welcome, Grace Hopper.",
        "person": {"person_id": "p-1", "full_name": "Grace Hopper"},
        "similarity": 99.7,
        "threshold": 99.0,
        "frames": 1,
        "agreed": 1,
        "door_id": "front",
        "kiosk_id": "lobby",
        "received_at": "2026-01-02T03:04:05Z",
        "decided_at": "2026-01-02T03:04:05Z",
        "timings_ms": {"search": 12.5},
    }


@pytest.mark.parametrize(
    "reason", [reason for reason in DecisionReason if reason is not DecisionReason.MATCH]
)
def test_a_denied_kiosk_hears_why_and_no_name(gateway: Gateway, reason: DecisionReason):
    gateway.worker_decides(reason)
    answer = post(gateway, Prefer="wait=5")

    decision = answer.get_json()
    assert (decision["outcome"], decision["reason"]) == ("denied", reason)
    assert decision["message"] == reason.sentence
    assert decision["person"] is None
    assert "Hopper" not in answer.get_data(as_text=True)


def test_the_job_says_who_asks_until_when_and_where_to_answer(gateway: Gateway):
    gateway.worker_decides()
    frame = picture()
    before = datetime.now(UTC)
    post(gateway, frame, Prefer="wait=5")

    (job,) = gateway.jobs.sent
    assert parse_uuid7(job.recognition_id)
    assert (job.kiosk_id, job.door_id, job.reply_to) == ("lobby", "front", gateway.replies.url)
    assert job.frames == (InlineFrame(data=frame),)
    assert before <= job.received_at <= datetime.now(UTC)
    assert job.deadline - job.received_at == timedelta(seconds=8)
    assert b64decode(job.model_dump(mode="json")["frames"][0]["data"]) == frame


def test_a_frame_may_come_as_a_form(gateway: Gateway):
    frame = picture("PNG")
    form = {"image": (BytesIO(frame), "frame.png", "image/png"), "note": "ignored"}
    answer = gateway.client.post(
        "/v1/recognitions", data=form, content_type="multipart/form-data", headers=gateway.headers()
    )

    assert answer.status_code == 202
    assert gateway.jobs.sent[0].frames == (InlineFrame(data=frame),)


def test_a_large_frame_travels_through_the_bucket(gateway: Gateway):
    frame = noise(size=(400, 300))
    assert len(frame) > 50_000
    answer = post(gateway, frame, "image/png")

    assert answer.status_code == 202
    key = f"posted-frames/lobby/{answer.get_json()['recognition_id']}"
    assert gateway.jobs.sent[0].frames == (StoredObject(bucket="frames", key=key),)
    assert gateway.frames.stored == {key: frame}


@pytest.mark.parametrize("prefer", [{}, {"Prefer": "wait=soon"}, {"Prefer": "respond-async"}])
def test_a_kiosk_that_does_not_wait_is_told_where_to_look(gateway: Gateway, prefer: dict[str, str]):
    answer = post(gateway, **prefer)

    (job,) = gateway.jobs.sent
    assert answer.status_code == 202
    assert answer.get_json() == {"recognition_id": job.recognition_id, "status": "pending"}
    assert answer.headers["Location"] == f"/v1/recognitions/{job.recognition_id}"
    assert answer.headers["Retry-After"] == "1"
    assert "Preference-Applied" not in answer.headers
    assert job.reply_to is None

    gateway.decisions.decisions[job.recognition_id] = decision_on(job.recognition_id)
    found = gateway.client.get(answer.headers["Location"], headers=gateway.headers())
    assert (found.status_code, found.get_json()["outcome"]) == (200, "granted")


def test_when_no_decision_comes_in_time_the_kiosk_may_look_later(gateway: Gateway):
    answer = post(gateway, Prefer="wait=1")

    assert answer.status_code == 202
    assert answer.headers["Location"].endswith(gateway.jobs.sent[0].recognition_id)
    pending = gateway.client.get(answer.headers["Location"], headers=gateway.headers())
    assert (pending.status_code, pending.get_json()["status"]) == (202, "pending")


def test_a_decision_whose_reply_was_lost_is_found(gateway: Gateway):
    gateway.worker_decides(times=0)
    answer = post(gateway, Prefer="wait=1")

    assert (answer.status_code, answer.get_json()["outcome"]) == (200, "granted")


def test_a_queued_frame_is_pending_even_if_the_decisions_cannot_be_read(gateway: Gateway):
    gateway.decisions.error = AwsUnavailable("reading the decision: throttled")
    answer = post(gateway, Prefer="wait=1")

    assert answer.status_code == 202


def test_an_answer_given_twice_or_to_nobody_disturbs_no_later_one(gateway: Gateway):
    gateway.replies.answer(decision_on("nobody-waits-for-this"))
    gateway.worker_decides(times=2)

    assert post(gateway, Prefer="wait=5").status_code == 200
    assert post(gateway, Prefer="wait=5").status_code == 200
    assert gateway.listener.healthy


@pytest.mark.parametrize(
    ("error", "times_opened"),
    [(AwsUnavailable("no connection"), 1), (AwsError("the queue does not exist"), 2)],
    ids=["out of reach", "lost"],
)
def test_the_listener_survives_and_replaces_a_queue_that_is_lost(
    gateway: Gateway, error: AwsError, times_opened: int
):
    gateway.replies.arrived.put(error)
    gateway.worker_decides()

    assert post(gateway, Prefer="wait=5").status_code == 200
    assert gateway.listener.healthy
    assert gateway.replies.times_opened == times_opened


def test_waiting_kiosks_are_let_go_when_the_gateway_stops(gateway: Gateway):
    gateway.jobs.worker = lambda _job: Thread(target=gateway.listener.close).start()
    answer = post(gateway, Prefer="wait=10")

    assert answer.status_code == 202
    assert gateway.replies.closed.wait(timeout=5)
    assert not gateway.listener.healthy
    assert post(gateway, Prefer="wait=10").status_code == 202, "a kiosk that comes later does not wait either"


def test_a_kiosk_does_not_see_another_kiosks_recognition(gateway: Gateway):
    recognition_id = str(uuid7())
    gateway.decisions.decisions[recognition_id] = decision_on(recognition_id, kiosk_id="garage")

    answer = gateway.client.get(f"/v1/recognitions/{recognition_id}", headers=gateway.headers())
    assert (answer.status_code, answer.get_json()["type"]) == (404, "/problems/unknown-recognition")
    assert "Hopper" not in answer.get_data(as_text=True)

    own = {"Authorization": f"Bearer {gateway.other_token}"}
    assert gateway.client.get(f"/v1/recognitions/{recognition_id}", headers=own).status_code == 200


@pytest.mark.parametrize(
    "recognition_id",
    [
        "nonsense",
        str(uuid4()),
        str(uuid7()).upper(),
        str(uuid7(unix_ms=1_600_000_000_000)),
        str(uuid7(unix_ms=4_000_000_000_000)),
        str(uuid7(unix_ms=2**48 - 1)),
        "x" * 2000,
    ],
    ids=[
        "malformed",
        "not version 7",
        "not canonical",
        "too old",
        "of the future",
        "beyond the calendar",
        "long",
    ],
)
def test_an_id_that_cannot_be_pending_is_unknown(gateway: Gateway, recognition_id: str):
    answer = gateway.client.get(f"/v1/recognitions/{recognition_id}", headers=gateway.headers())

    assert (answer.status_code, answer.get_json()["type"]) == (404, "/problems/unknown-recognition")


def test_looking_needs_a_token_too(gateway: Gateway):
    assert gateway.client.get(f"/v1/recognitions/{uuid7()}").status_code == 401
