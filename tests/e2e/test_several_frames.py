"""Several frames of one visitor, posted as one form."""

import io

import pytest
import requests
from PIL import Image

from cli.demo import as_frame
from cli.portraits import cat, eileen_collins, grace_hopper

pytestmark = pytest.mark.usefixtures("grace_is_enrolled")


def post(facegate, *frames):
    return requests.post(
        f"{facegate.gateway_url}/v1/recognitions",
        files=[("image", ("frame.jpg", frame, "image/jpeg")) for frame in frames],
        headers={"Authorization": f"Bearer {facegate.token}", "Prefer": "wait=8"},
        timeout=30,
    )


def large(portrait):
    with Image.open(portrait) as picture:
        encoded = io.BytesIO()
        picture.convert("RGB").resize((1000, 1200)).save(encoded, "JPEG", quality=100)
    return encoded.getvalue()


def stored(facegate, recognition_id):
    answer = facegate.aws.s3.list_objects_v2(
        Bucket=facegate.aws.outputs.photo_bucket_name,
        Prefix=f"posted-frames/{facegate.kiosk_id}/{recognition_id}",
    )
    return [item["Key"].rsplit("/", 1)[-1] for item in answer.get("Contents", [])]


def test_most_frames_decide_and_the_answer_says_how_many_agreed(facegate):
    decision = post(facegate, as_frame(cat()), as_frame(grace_hopper()), as_frame(grace_hopper())).json()
    assert (decision["outcome"], decision["frames"], decision["agreed"]) == ("granted", 3, 2)
    assert stored(facegate, decision["recognition_id"]) == []


def test_one_frame_of_somebody_enrolled_does_not_open_the_door_to_another(facegate):
    stranger = as_frame(eileen_collins())
    decision = post(facegate, stranger, as_frame(grace_hopper()), stranger).json()
    assert (decision["outcome"], decision["person"]) == ("denied", None)


def test_frames_too_large_for_one_message_go_through_s3(facegate):
    frames = [large(grace_hopper())] * 3
    assert sum(map(len, frames)) > 750 * 1024
    decision = post(facegate, *frames).json()
    assert decision["outcome"] == "granted"
    first = decision["recognition_id"]
    assert stored(facegate, first) == [first, f"{first}-2", f"{first}-3"]


def test_six_frames_are_refused_with_the_way_out(facegate):
    refused = post(facegate, *[as_frame(grace_hopper())] * 6)
    assert refused.status_code == 422
    assert refused.json()["type"] == "/problems/too-many-frames"
    assert "up to 5" in refused.json()["detail"]
