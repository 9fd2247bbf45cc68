"""Putting a photo into S3 and waiting for what becomes of it."""

import time
from pathlib import Path

from services.aws.connection import Aws
from services.aws.enrollments import EnrollmentStore
from services.aws.photos import PhotoStore
from services.batches.photo import content_type_of
from services.contracts.domain import Enrollment
from services.contracts.ids import stored_object_id

CONTENT_TYPES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png"}
_POLL_SECONDS = 0.1


class EnrollmentPending(Exception):
    """The photo is in S3 and its job queued, but nobody finished it in time."""


class UnsupportedPicture(Exception):
    """The file is neither JPEG nor PNG by its name."""


def content_type(picture: Path) -> str:
    """Tell a picture's content type by its name.

    Raises
    ------
    UnsupportedPicture
        If it is neither JPEG nor PNG.
    """
    try:
        return CONTENT_TYPES[picture.suffix.lower()]
    except KeyError:
        raise UnsupportedPicture(f"{picture} is neither .jpg nor .png; convert it first") from None


def enroll_photo(aws: Aws, photo: Path, full_name: str, timeout: float) -> Enrollment:
    """Put a photo under ``index/`` and wait until its enrollment is finished.

    Parameters
    ----------
    timeout : float
        Seconds to wait.

    Returns
    -------
    Enrollment
        Indexed or rejected.

    Raises
    ------
    services.batches.photo.UnusablePhoto
        If the file is of another kind by its name.
    OSError
        If it cannot be read.
    EnrollmentPending
        If it took longer; it will still be done.
    AwsError
        If S3 or the table refuse.
    """
    kind = content_type_of(photo.name)
    stored = PhotoStore(aws).put(photo.name, photo.read_bytes(), kind, full_name)
    enrollment_id = stored_object_id(stored.bucket, stored.key, stored.version_id or "")
    enrollments = EnrollmentStore(aws)
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        enrollment = enrollments.get(enrollment_id)
        if enrollment is not None and enrollment.finished:
            return enrollment
        time.sleep(_POLL_SECONDS)
    raise EnrollmentPending(
        f"{photo.name} is in s3://{stored.bucket}/{stored.key}, but its enrollment {enrollment_id} was not "
        f"finished after {timeout:.0f} s: does an enroll worker run?"
    )
