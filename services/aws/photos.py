"""Enrolment pictures in the bucket: as they are uploaded, and as they are kept."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from services.aws.errors import AwsError, error_code, translated
from services.contracts.ids import UPLOAD_PREFIX, kept_photo_key
from services.contracts.messages import StoredObject
from services.contracts.names import from_metadata, to_metadata

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

    from services.aws.connection import Aws

#: What is put under it is enrolled.
INDEX_PREFIX = "index/"
_MISSING = frozenset({"404", "NoSuchKey", "NotFound"})


class PhotoMissing(AwsError):
    """The photo is not in the bucket any more, or another one has taken its place."""


@dataclass(frozen=True)
class UploadedPhoto:
    """A photo as somebody put it into the bucket, with what they said of it in the object's metadata.

    Attributes
    ----------
    size : int
        Of the file, bytes.
    data : bytes, optional
        The file; None if it is larger than what is read.
    full_name, person_id, batch_id, file : str, optional
        Metadata ``FullName``, ``person-id``, ``batch-id`` and ``file`` (its name in the batch).
    groups : tuple of str
        Metadata ``groups``, separated by commas: what a person who is new belongs to.
    external_id : str, optional
        Metadata ``external-id``: the number of a person who is new in somebody else's system.
    submitted_at : datetime, optional
        Metadata ``submitted-at``: when its batch was begun, or its form signed. What is no instant with its
        offset, in ISO 8601, says nothing.
    """

    size: int
    data: bytes | None = field(repr=False)
    full_name: str | None = None
    person_id: str | None = None
    batch_id: str | None = None
    file: str | None = None
    groups: tuple[str, ...] = ()
    external_id: str | None = None
    submitted_at: datetime | None = None


class PhotoStore:
    """The bucket's ``index/`` and ``photos/`` prefixes."""

    def __init__(self, aws: "Aws") -> None:
        self._s3 = aws.s3
        self._bucket = aws.outputs.photo_bucket_name

    def put(self, name: str, data: bytes, content_type: str, full_name: str) -> StoredObject:
        """Put a photo under ``index/``, which enrols the person in it.

        Parameters
        ----------
        name : str
            The key below ``index/``.
        full_name : str
            In any script.

        Raises
        ------
        AwsError
            If the bucket does not take it.
        """
        key = f"{INDEX_PREFIX}{name}"
        with translated(f"storing photo {key}"):
            answer = self._s3.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=data,
                ContentType=content_type,
                Metadata={"FullName": to_metadata(full_name)},
            )
        return StoredObject(bucket=self._bucket, key=key, version_id=answer.get("VersionId"))

    def read(self, photo: StoredObject, max_bytes: int) -> UploadedPhoto:
        """Read an uploaded photo and its metadata with one call.

        Parameters
        ----------
        max_bytes : int
            A larger file is left unread.

        Raises
        ------
        PhotoMissing
            If the photo was deleted, or replaced by a newer one, which is enrolled for itself.
        AwsError
            If the bucket cannot be read.
        """
        with translated(f"reading {photo.key}"):
            answer = self._get(photo.bucket, photo.key)
            stands = photo.version_id is None or answer.get("VersionId") == photo.version_id
            # under an id that its content gave it, the newer object is the same photo once more
            if not stands and not photo.key.startswith(UPLOAD_PREFIX):
                answer["Body"].close()
                raise PhotoMissing(f"{photo.key} was replaced by a newer photo")
            size = answer["ContentLength"]
            data = answer["Body"].read() if size <= max_bytes else None
            answer["Body"].close()
        said = {name.lower(): from_metadata(value) or None for name, value in answer["Metadata"].items()}
        groups = (said.get("groups") or "").split(",")
        return UploadedPhoto(
            size=size,
            data=data,
            full_name=said.get("fullname"),
            person_id=said.get("person-id"),
            batch_id=said.get("batch-id"),
            file=said.get("file"),
            groups=tuple(group.strip() for group in groups if group.strip()),
            external_id=said.get("external-id"),
            submitted_at=_instant(said.get("submitted-at")),
        )

    def keep(self, jpeg: bytes, person_id: str, enrollment_id: str) -> StoredObject:
        """Keep a person's photo.

        Raises
        ------
        AwsError
            If the bucket does not take it.
        """
        key = kept_photo_key(person_id, enrollment_id)
        with translated(f"keeping photo {key}"):
            answer = self._s3.put_object(Bucket=self._bucket, Key=key, Body=jpeg, ContentType="image/jpeg")
        return StoredObject(bucket=self._bucket, key=key, version_id=answer.get("VersionId"))

    def kept(self, key: str) -> bytes:
        """Read a kept photo.

        Raises
        ------
        PhotoMissing
            If it is not there.
        AwsError
            If the bucket cannot be read.
        """
        with translated(f"reading {key}"):
            return self._get(self._bucket, key)["Body"].read()

    def discard(self, photo: StoredObject) -> None:
        """Delete one version of a photo for good; one that is not there is not an error.

        Raises
        ------
        AwsError
            If the bucket refuses.
        """
        with translated(f"deleting {photo.key}"):
            if photo.version_id is None:
                self._s3.delete_object(Bucket=photo.bucket, Key=photo.key)
            else:
                self._s3.delete_object(Bucket=photo.bucket, Key=photo.key, VersionId=photo.version_id)

    def discard_versions(self, key: str) -> None:
        """Delete every version of a kept photo for good; one that is not there is not an error.

        Raises
        ------
        AwsError
            If the bucket refuses.
        """
        with translated(f"deleting {key}"):
            pages = self._s3.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=key)
            for page in pages:
                for version in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                    if version.get("Key") == key and "VersionId" in version:
                        self._s3.delete_object(Bucket=self._bucket, Key=key, VersionId=version["VersionId"])

    def _get(self, bucket: str, key: str) -> "GetObjectOutputTypeDef":
        try:
            return self._s3.get_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error_code(error) in _MISSING:
                raise PhotoMissing(f"{key} is not in the bucket") from error
            raise


def _instant(text: str | None) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return None if instant.utcoffset() is None else instant
