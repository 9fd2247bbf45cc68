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

    def put(
        self, kiosk_id: str, recognition_id: str, number: int, data: bytes, content_type: str
    ) -> StoredObject:
        """Store a frame; the bucket's default encrypts it, its lifecycle removes it.

        Parameters
        ----------
        number : int
            Which one of the recognition's frames it is, from 1.

        Raises
        ------
        AwsError
            If the bucket does not take it.
        """
        key = f"{POSTED_FRAMES_PREFIX}{kiosk_id}/{recognition_id}"
        if number > 1:
            key += f"-{number}"
        with translated(f"storing frame {number} of {recognition_id}"):
            answer = self._s3.put_object(Bucket=self._bucket, Key=key, Body=data, ContentType=content_type)
        return StoredObject(bucket=self._bucket, key=key, version_id=answer.get("VersionId"))
