"""The images of requests: sent along, or waiting in S3."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from localaws.rekognition.engine import Pixels, decode_image
from localaws.rekognition.protocol.errors import (
    ServiceError,
    image_too_large,
    invalid_parameter,
    invalid_s3_object,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

#: Rekognition's limits ("Guidelines and quotas in Amazon Rekognition").
MAX_SENT_BYTES = 5 * 1024 * 1024
MAX_STORED_BYTES = 15 * 1024 * 1024
MIN_SIDE = 80


class ImageReader:
    """Reads the images that requests name.

    Parameters
    ----------
    make_s3_client : callable
        Makes the boto3 client, when the first image in S3 is asked for.
    """

    def __init__(self, make_s3_client: Callable[[], "S3Client"]) -> None:
        self._make_s3_client = make_s3_client

    @cached_property
    def _s3(self) -> "S3Client":
        return self._make_s3_client()

    def read(self, image: dict[str, Any]) -> bytes:
        """Return the file of a request's Image member.

        Raises
        ------
        ServiceError
            ImageTooLargeException, InvalidS3ObjectException, or InvalidParameterException where it
            names none or two; InternalServerError where S3 cannot be reached.
        """
        sent, stored = image.get("Bytes"), image.get("S3Object")
        if (sent is None) == (stored is None):
            raise invalid_parameter("An image is given either by Bytes or by S3Object")
        if sent is None:
            return self._read_stored(stored or {})
        if len(sent) > MAX_SENT_BYTES:
            raise image_too_large(f"Image size is too large. At most {MAX_SENT_BYTES} bytes may be sent.")
        return sent

    def _read_stored(self, stored: dict[str, Any]) -> bytes:
        if not stored.get("Bucket") or not stored.get("Name"):
            raise invalid_s3_object("An S3Object needs Bucket and Name")
        version = {"VersionId": stored["Version"]} if "Version" in stored else {}
        try:
            found = self._s3.get_object(Bucket=stored["Bucket"], Key=stored["Name"], **version)
            with found["Body"] as body:
                if found["ContentLength"] > MAX_STORED_BYTES:
                    raise image_too_large(
                        f"Image size is too large. At most {MAX_STORED_BYTES} bytes are read from S3."
                    )
                return body.read(MAX_STORED_BYTES)
        except ClientError as error:
            raise invalid_s3_object(
                "Unable to get object metadata from S3. Check object key, region and/or access permissions."
            ) from error
        except BotoCoreError as error:
            raise ServiceError("InternalServerError", "S3 cannot be reached", 500) from error


def decode(data: bytes) -> Pixels:
    """Decode an image file of at least 80 pixels on either side to RGB (height, width, 3).

    Raises
    ------
    ServiceError
        InvalidParameterException where it is smaller.
    InvalidImageError, ImageDimensionsError
    """
    pixels = decode_image(data)
    height, width = pixels.shape[:2]
    if min(height, width) < MIN_SIDE:
        raise invalid_parameter(
            f"Request has invalid parameters. The image has {width} x {height} pixels; "
            f"either side needs at least {MIN_SIDE}."
        )
    return pixels
