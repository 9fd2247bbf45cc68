from datetime import UTC, datetime

import pytest

from services.aws.denied_frames import DeniedFrameStore
from services.aws.errors import AwsError
from services.contracts.domain import Decision
from services.contracts.messages import InlineFrame, StoredObject
from services.contracts.reasons import DecisionReason

pytestmark = pytest.mark.access

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
DECISION = Decision(
    recognition_id="r-1",
    reason=DecisionReason.NO_MATCH,
    kiosk_id="lobby",
    threshold=99,
    received_at=NOON,
    decided_at=NOON,
)


def kept(aws):
    listed = aws.s3.list_objects_v2(Bucket="photos", Prefix="denied-frames/").get("Contents", [])
    return {
        entry["Key"]: aws.s3.get_object(Bucket="photos", Key=entry["Key"])["Body"].read() for entry in listed
    }


def test_frames_are_kept_by_day_and_recognition_wherever_they_were(aws):
    aws.s3.put_object(Bucket="photos", Key="posted-frames/lobby/r-1-2", Body=b"second")
    stored = StoredObject(bucket="photos", key="posted-frames/lobby/r-1-2")
    DeniedFrameStore(aws).keep(DECISION, [InlineFrame(data=b"first"), stored])
    assert kept(aws) == {
        "denied-frames/2026-01-02/r-1": b"first",
        "denied-frames/2026-01-02/r-1-2": b"second",
    }


def test_a_frame_that_is_gone_is_told(aws):
    gone = StoredObject(bucket="photos", key="posted-frames/lobby/gone")
    with pytest.raises(AwsError):
        DeniedFrameStore(aws).keep(DECISION, [gone])
