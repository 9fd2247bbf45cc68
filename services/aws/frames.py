"""Frames too large for a message, kept in the bucket until its lifecycle removes them."""

from typing import TYPE_CHECKING

from services.aws.errors import translated
from services.contracts.messages import StoredObject

if TYPE_CHECKING:
    from services.aws.connection import Aws

#: Not ``frames/``: an upload there is itself a job (cameras that can only upload).
POSTED_FRAMES_PREFIX = "posted-frames/"


class FrameStore:
    """The bucket's corner for posted frames."""

    def __init__(self, aws: "Aws") -> None:
        self._s3 = aws.s3
        self._bucket = aws.outputs.photo_bucket_name

    def put(self, kiosk_id: str, recognition_id: str, data: bytes, content_type: str) -> StoredObject:
        """Store a frame; the bucket's default encrypts it, its lifecycle removes it.

        Raises
        ------
        AwsError
            If the bucket does not take it.
        """
        key = f"{POSTED_FRAMES_PREFIX}{kiosk_id}/{recognition_id}"
        with translated(f"storing the frame of {recognition_id}"):
            answer = self._s3.put_object(Bucket=self._bucket, Key=key, Body=data, ContentType=content_type)
        return StoredObject(bucket=self._bucket, key=key, version_id=answer.get("VersionId"))
