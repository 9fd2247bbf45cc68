"""Photos of known people on their way into the bucket: put by us, or by whoever we give a signed form."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from botocore.config import Config

from services.aws.errors import translated
from services.contracts.ids import upload_key
from services.contracts.names import to_metadata

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    from services.aws.connection import Aws


@dataclass(frozen=True)
class PhotoUpload:
    """A photo of a person who is known.

    Attributes
    ----------
    sha256 : str
        Of the file, 64 hexadecimal digits.
    file : str
        The last part of its key.
    """

    enrollment_id: str
    person_id: str
    full_name: str
    sha256: str
    content_type: str
    file: str

    @property
    def key(self) -> str:
        """Where it goes, which tells the Lambda the enrollment's id."""
        return upload_key(self.enrollment_id, self.file)

    @property
    def metadata(self) -> dict[str, str]:
        """What tells the enroll worker whose photo it is."""
        return {"FullName": to_metadata(self.full_name), "person-id": self.person_id}


@dataclass(frozen=True)
class UploadForm:
    """A form that puts one photo into the bucket: post it with the photo as its last field, ``file``."""

    url: str
    fields: dict[str, str]


class PhotoUploadStore:
    """The bucket's ``index/uploads/`` prefix."""

    def __init__(self, aws: "Aws") -> None:
        self._aws = aws
        self.bucket = aws.outputs.photo_bucket_name

    @cached_property
    def _signing_s3(self) -> "S3Client":
        # a form signed otherwise cannot put what KMS encrypts
        signature = Config(signature_version="s3v4")
        return self._aws.session.client("s3", config=self._aws.s3.meta.config.merge(signature))

    def put(self, upload: PhotoUpload, data: bytes) -> None:
        """Put a photo.

        Raises
        ------
        AwsError
            If the bucket does not take it.
        """
        with translated(f"storing photo {upload.key}"):
            self._aws.s3.put_object(
                Bucket=self.bucket,
                Key=upload.key,
                Body=data,
                ContentType=upload.content_type,
                Metadata=upload.metadata,
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
        with translated(f"signing the upload of {upload.key}"):
            signed = self._signing_s3.generate_presigned_post(
                self.bucket,
                upload.key,
                Fields=dict(fields),
                Conditions=[
                    *({name: value} for name, value in fields.items()),
                    ["content-length-range", 1, max_bytes],
                ],
                ExpiresIn=seconds,
            )
        return UploadForm(signed["url"], signed["fields"])
