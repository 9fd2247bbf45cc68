"""Pictures of visitors who were denied, kept for a while where the operator wants it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from services.aws.errors import translated
from services.contracts.domain import Decision
from services.contracts.messages import InlineFrame, StoredObject

if TYPE_CHECKING:
    from services.aws.connection import Aws

#: The bucket's lifecycle removes what lies here; the stack's parameter says after how many days.
DENIED_FRAMES_PREFIX = "denied-frames/"


class DeniedFrameStore:
    """The bucket's corner for them, by day and recognition."""

    def __init__(self, aws: "Aws") -> None:
        self._s3 = aws.s3
        self._bucket = aws.outputs.photo_bucket_name

    def keep(self, decision: Decision, frames: Sequence[InlineFrame | StoredObject]) -> None:
        """Keep the frames of a decision; the bucket's default encrypts them.

        Raises
        ------
        AwsError
            If the bucket does not take them, or has one of them no more.
        """
        for number, frame in enumerate(frames, start=1):
            key = f"{DENIED_FRAMES_PREFIX}{decision.decided_at:%Y-%m-%d}/{decision.recognition_id}"
            if number > 1:
                key += f"-{number}"
            with translated(f"keeping frame {number} of {decision.recognition_id}"):
                self._s3.put_object(Bucket=self._bucket, Key=key, Body=self._read(frame))

    def _read(self, frame: InlineFrame | StoredObject) -> bytes:
        if isinstance(frame, InlineFrame):
            return frame.data
        return self._s3.get_object(Bucket=frame.bucket, Key=frame.key)["Body"].read()
