"""Up to five frames of one visitor, sent as one form."""

from io import BytesIO

import pytest
from werkzeug.test import TestResponse

from services.aws.jobs import celery_body
from services.contracts.messages import RECOGNIZE_TASK, InlineFrame, RecognizeJob, StoredObject
from services.gateway.settings import MOST_INLINE_FRAME_BYTES, GatewaySettings
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.in_memory import NOW, noise, picture

SQS_MESSAGE_BYTES = 1024 * 1024


def post(gateway: Gateway, *frames: bytes, content_type: str = "image/jpeg", **headers: str) -> TestResponse:
    return gateway.client.post(
        "/v1/recognitions",
        data={"image": [(BytesIO(frame), "frame", content_type) for frame in frames]},
        content_type="multipart/form-data",
        headers=gateway.headers(**headers),
    )


@pytest.mark.parametrize("count", range(1, 6))
def test_the_frames_of_a_form_are_one_recognition_in_their_order(gateway: Gateway, count: int):
    frames = [picture(size=(100 + number, 100)) for number in range(count)]
    gateway.worker_decides()
    answer = post(gateway, *frames, Prefer="wait=5")

    assert answer.status_code == 200
    (job,) = gateway.jobs.sent
    assert job.frames == tuple(InlineFrame(data=frame) for frame in frames)


def test_six_frames_are_too_many(gateway: Gateway):
    answer = post(gateway, *[picture()] * 6)

    assert (answer.status_code, answer.get_json()["type"]) == (422, "/problems/too-many-frames")
    assert "up to 5" in answer.get_json()["detail"]
    assert gateway.jobs.sent == []


def test_one_bad_frame_refuses_all_and_is_named(gateway: Gateway):
    answer = post(gateway, picture(), picture()[:-200], picture())

    assert (answer.status_code, answer.get_json()["type"]) == (422, "/problems/unreadable-frame")
    assert answer.get_json()["detail"].startswith("Frame 2 of 3: ")
    assert gateway.jobs.sent == []
    assert gateway.frames.stored == {}


def test_each_frame_is_made_as_small_as_needed(gateway: Gateway):
    post(gateway, picture(size=(1600, 1200)), picture())

    large, small = gateway.jobs.sent[0].frames
    assert isinstance(large, InlineFrame)
    assert large.data != picture(size=(1600, 1200))
    assert small == InlineFrame(data=picture())


def test_frames_that_are_too_large_together_are_refused_while_they_are_read(gateway: Gateway):
    answer = post(gateway, *[noise(size=(800, 800))] * 4, content_type="image/png")

    assert (answer.status_code, answer.get_json()["type"]) == (413, "/problems/frame-too-large")
    assert gateway.jobs.sent == []


def test_a_form_may_be_as_large_as_two_of_the_largest_frames_unless_told_otherwise():
    assert GatewaySettings(max_frame_bytes=3_000_000).max_form_bytes == 6_000_000
    assert GatewaySettings(max_form_bytes=1_000_000).max_form_bytes == 1_000_000


def test_frames_that_do_not_fit_a_message_go_to_the_bucket_each_with_its_own_key(gateway: Gateway):
    frames = [noise(size=(200 + number, 150)) for number in range(3)]
    assert sum(map(len, frames)) > 3 * 50_000
    answer = post(gateway, *frames, content_type="image/png")

    first = f"posted-frames/lobby/{answer.get_json()['recognition_id']}"
    keys = [first, f"{first}-2", f"{first}-3"]
    assert gateway.frames.stored == dict(zip(keys, frames, strict=True))
    assert gateway.jobs.sent[0].frames == tuple(StoredObject(bucket="frames", key=key) for key in keys)


def test_the_largest_frames_that_may_travel_inline_fit_the_queue():
    longest = "k" * 100
    share = MOST_INLINE_FRAME_BYTES // 5
    job = RecognizeJob(
        recognition_id=longest,
        kiosk_id=longest,
        door_id=longest,
        frames=(InlineFrame(data=b"\xff" * share),) * 5,
        received_at=NOW,
        deadline=NOW,
        reply_to="https://sqs.eu-central-1.amazonaws.com/123456789012/" + "q" * 80,
    )
    body = celery_body(RECOGNIZE_TASK, longest, job.model_dump_json(), "q" * 80)
    assert len(body.encode()) <= SQS_MESSAGE_BYTES
