"""Enrolment pictures in the bucket and the name that comes with them."""

from email.errors import HeaderParseError
from email.header import Header, decode_header, make_header
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from services.aws.errors import AwsError, error_code, translated
from services.contracts.messages import StoredObject

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef

    from services.aws.connection import Aws

#: What is put under it is enrolled.
INDEX_PREFIX = "index/"
#: S3 stores the names of user metadata in lower case.
_FULL_NAME = "fullname"
_MISSING = frozenset({"404", "NoSuchKey", "NotFound"})


class PhotoMissing(AwsError):
    """The photo is not in the bucket any more, or another one has taken its place."""


class PhotoStore:
    """The bucket's ``index/`` prefix."""

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
            In any script; S3 metadata is ASCII, so others travel as RFC 2047 encoded words, as S3 itself
            returns them.

        Raises
        ------
        AwsError
            If the bucket does not take it.
        """
        metadata = full_name if full_name.isascii() else Header(full_name, "utf-8", maxlinelen=2**16).encode()
        key = f"{INDEX_PREFIX}{name}"
        with translated(f"storing photo {key}"):
            answer = self._s3.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=data,
                ContentType=content_type,
                Metadata={"FullName": metadata},
            )
        return StoredObject(bucket=self._bucket, key=key, version_id=answer.get("VersionId"))

    def find(self, name: str) -> StoredObject | None:
        """Find the photo that is under ``index/`` by this name now.

        Raises
        ------
        AwsError
            If the bucket cannot be asked.
        """
        key = f"{INDEX_PREFIX}{name}"
        try:
            head = self._head(self._bucket, key)
        except PhotoMissing:
            return None
        return StoredObject(bucket=self._bucket, key=key, version_id=head.get("VersionId"))

    def full_name(self, photo: StoredObject) -> str | None:
        """Read the FullName that the photo was put with.

        Returns
        -------
        str or None
            With its white space folded; None if there is none.

        Raises
        ------
        PhotoMissing
            If the photo was deleted, or replaced by a newer one, which is enrolled for itself.
        AwsError
            If the bucket cannot be asked.
        """
        head = self._head(photo.bucket, photo.key)
        if photo.version_id is not None and head.get("VersionId") != photo.version_id:
            raise PhotoMissing(f"{photo.key} was replaced by a newer photo")
        return _readable(head["Metadata"].get(_FULL_NAME, ""))

    def _head(self, bucket: str, key: str) -> "HeadObjectOutputTypeDef":
        with translated(f"reading the metadata of {key}"):
            try:
                return self._s3.head_object(Bucket=bucket, Key=key)
            except ClientError as error:
                if error_code(error) in _MISSING:
                    raise PhotoMissing(f"{key} is not in the bucket") from error
                raise


def _readable(metadata: str) -> str | None:
    try:
        text = str(make_header(decode_header(metadata)))
    except (HeaderParseError, LookupError, UnicodeDecodeError):
        text = metadata
    return " ".join(text.split()) or None
