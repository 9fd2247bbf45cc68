"""Photos on their way into the bucket: put by us, copied, or by whoever we give a signed form."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from services.aws.errors import error_code, translated
from services.aws.forms import Forms, UploadForm
from services.contracts.ids import upload_key
from services.contracts.names import to_metadata

if TYPE_CHECKING:
    from services.aws.connection import Aws
    from services.aws.prefixes import StoredPhoto

#: S3's answers to a put that must not replace: it is there, or another put of it is under way.
_THERE_ALREADY = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})


@dataclass(frozen=True)
class PhotoUpload:
    """A photo whose person is known, and where it goes.

    Attributes
    ----------
    file : str
        The last part of its key.
    submitted_at : datetime
        When its batch was begun, or its form signed: who is deleted later is not brought back by it.
    batch_id, path : str, optional
        The batch it comes with, and its name there.
    groups : tuple of str
        What a person who is new belongs to.
    external_id : str, optional
        The number of a person who is new in somebody else's system.
    """

    enrollment_id: str
    person_id: str
    full_name: str
    content_type: str
    file: str
    submitted_at: datetime
    batch_id: str | None = None
    path: str | None = None
    groups: tuple[str, ...] = ()
    external_id: str | None = None

    @property
    def key(self) -> str:
        """Where it goes, which tells the Lambda the enrollment's id."""
        return upload_key(self.enrollment_id, self.file)

    @property
    def metadata(self) -> dict[str, str]:
        """What tells the enroll worker whose photo it is, and what else is known."""
        said = {
            "FullName": self.full_name,
            "person-id": self.person_id,
            "batch-id": self.batch_id,
            "file": self.path,
            "groups": ",".join(self.groups),
            "external-id": self.external_id,
            "submitted-at": self.submitted_at.isoformat(),
        }
        return {name: to_metadata(text) for name, text in said.items() if text}


class PhotoUploadStore:
    """The bucket's ``index/uploads/`` prefix."""

    def __init__(self, aws: "Aws") -> None:
        self._s3 = aws.s3
        self._forms = Forms(aws)
        self.bucket = aws.outputs.photo_bucket_name

    def put(self, upload: PhotoUpload, data: bytes) -> None:
        """Put a photo, whatever is there.

        Raises
        ------
        AwsError
            If the bucket does not take it.
        """
        with translated(f"storing photo {upload.path or upload.key}"):
            self._s3.put_object(
                Bucket=self.bucket,
                Key=upload.key,
                Body=data,
                ContentType=upload.content_type,
                Metadata=upload.metadata,
            )

    def put_new(self, upload: PhotoUpload, data: bytes) -> None:
        """Put a photo unless one waits there for its worker already: it is the same.

        Raises
        ------
        AwsError
            If the bucket does not take it.
        """
        with translated(f"storing photo {upload.path or upload.key}"):
            try:
                self._s3.put_object(
                    Bucket=self.bucket,
                    Key=upload.key,
                    Body=data,
                    ContentType=upload.content_type,
                    Metadata=upload.metadata,
                    IfNoneMatch="*",
                )
            except ClientError as error:
                if error_code(error) not in _THERE_ALREADY:
                    raise

    def copy(self, upload: PhotoUpload, photo: "StoredPhoto") -> None:
        """Copy a photo that lies in S3; it does not pass through here.

        Raises
        ------
        AwsError
            If the bucket does not take it, or the photo is another one by now.
        """
        with translated(f"copying photo {upload.path or upload.key}"):
            self._s3.copy_object(
                Bucket=self.bucket,
                Key=upload.key,
                ContentType=upload.content_type,
                Metadata=upload.metadata,
                CopySource={"Bucket": photo.bucket, "Key": photo.key},
                CopySourceIfMatch=photo.etag,
                MetadataDirective="REPLACE",
            )

    def form(self, upload: PhotoUpload, max_bytes: int, seconds: int) -> UploadForm:
        """Sign a form for one photo.

        Parameters
        ----------
        max_bytes : int
            Largest file that S3 then takes.
        seconds : int
            How long it does.

        Raises
        ------
        AwsError
            If there are no credentials to sign with.
        """
        fields = {
            "Content-Type": upload.content_type,
            **{f"x-amz-meta-{name.lower()}": value for name, value in upload.metadata.items()},
        }
        return self._forms.sign(upload.key, fields, max_bytes, seconds)
