"""Limits that follow from those of the parts around the gateway."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.aws.jobs import celery_body
from services.contracts.messages import RECOGNIZE_TASK, InlineFrame, RecognizeJob
from services.gateway.frames import Frame
from services.gateway.problems import Problem
from services.gateway.schemas import DecisionBody
from services.gateway.service import PENDING_FOR
from services.gateway.settings import MOST_INLINE_FRAME_BYTES, GatewaySettings
from services.gateway.uuid7 import uuid7
from tests.unit.gateway.in_memory import NOW, decision_on, kiosk_with, picture

TEMPLATE = Path(__file__).parents[3] / "infra" / "parts" / "queues.yaml"
SQS_MESSAGE_BYTES = 1024 * 1024


def queue_property(name):
    """What the template says of the queue of recognize jobs; its own tags keep plain YAML from reading it."""
    queue = re.search(r"QueueName: !Sub \$\{DataStack\}-recognize\n((?: {6}.*\n)+)", TEMPLATE.read_text())
    return int(re.search(rf"{name}: (\d+)", queue[1])[1])


def test_the_largest_frame_that_may_travel_inline_fits_the_queue():
    longest = "k" * 100
    job = RecognizeJob(
        recognition_id=longest,
        kiosk_id=longest,
        door_id=longest,
        frames=(InlineFrame(data=b"\xff" * MOST_INLINE_FRAME_BYTES),),
        received_at=NOW,
        deadline=NOW,
        reply_to="https://sqs.eu-central-1.amazonaws.com/123456789012/" + "q" * 80,
    )
    body = celery_body(RECOGNIZE_TASK, longest, job.model_dump_json(), "q" * 80)
    assert len(body.encode()) <= SQS_MESSAGE_BYTES
    assert queue_property("MaximumMessageSize") == SQS_MESSAGE_BYTES


def test_no_frame_may_travel_inline_that_the_queue_would_refuse():
    assert GatewaySettings(inline_frame_bytes=MOST_INLINE_FRAME_BYTES)
    with pytest.raises(ValidationError, match="inline_frame_bytes"):
        GatewaySettings(inline_frame_bytes=MOST_INLINE_FRAME_BYTES + 1)


def test_an_id_is_pending_for_as_long_as_the_queue_may_still_hold_its_job():
    assert timedelta(seconds=queue_property("MessageRetentionPeriod")) == PENDING_FOR


def test_a_job_that_may_still_be_queued_is_pending_and_an_older_one_is_unknown(gateway):
    def status(age):
        made = int((datetime.now(UTC) - age).timestamp() * 1000)
        return gateway.client.get(
            f"/v1/recognitions/{uuid7(unix_ms=made)}", headers=gateway.headers()
        ).status_code

    assert status(PENDING_FOR - timedelta(minutes=1)) == 202
    assert status(PENDING_FOR + timedelta(minutes=1)) == 404


@pytest.mark.parametrize("deadline", [0.5, 3, 8, 60])
def test_a_frame_has_no_longer_to_arrive_than_it_is_worth_deciding_about(deadline):
    assert GatewaySettings(recognition_deadline=deadline).body_timeout <= deadline


@pytest.mark.parametrize("wait", [0, 5])
def test_a_frame_that_arrived_after_its_deadline_is_refused_and_not_queued(gateway, wait):
    frame = Frame(picture(), "image/jpeg", 160, 120)
    received_at = datetime.now(UTC) - gateway.recognitions.deadline
    with pytest.raises(Problem) as refused:
        gateway.recognitions.request(kiosk_with(gateway.token), (frame,), received_at, wait)
    assert refused.value.type.status == 408
    assert gateway.jobs.sent == []


@pytest.mark.parametrize(
    ("similarity", "shown"), [(98.99999, 98.9999), (99.7, 99.7), (99.0, 99.0), (100.0, 100.0), (1e-9, 0.0)]
)
def test_a_similarity_is_shown_with_four_decimals_and_never_rounded_up(similarity, shown):
    decision = decision_on("r").model_copy(update={"similarity": similarity})
    assert DecisionBody.of(decision).similarity == shown
    assert decision.similarity == similarity


@given(st.floats(0, 100))
def test_a_shown_similarity_is_never_more_than_the_real_one_and_hardly_less(similarity):
    shown = DecisionBody.of(decision_on("r").model_copy(update={"similarity": similarity})).similarity
    assert shown <= similarity < shown + 0.000_101
