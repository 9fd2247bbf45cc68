"""Forms by which somebody else puts one file into the bucket, without passing through here."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from botocore.config import Config

from services.aws.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    from services.aws.connection import Aws


@dataclass(frozen=True)
class UploadForm:
    """A form that puts one file into the bucket: post it with the file as its last field, ``file``."""

    url: str
    fields: dict[str, str]


class Forms:
    """Signs forms with this process's own rights."""

    def __init__(self, aws: "Aws") -> None:
        self._aws = aws
        self._bucket = aws.outputs.photo_bucket_name

    @cached_property
    def _s3(self) -> "S3Client":
        # a form signed otherwise cannot put what KMS encrypts
        signature = Config(signature_version="s3v4")
        return self._aws.session.client("s3", config=self._aws.s3.meta.config.merge(signature))

    def sign(self, key: str, fields: Mapping[str, str], max_bytes: int, seconds: int) -> UploadForm:
        """Sign a form for one object.

        Parameters
        ----------
        fields : mapping of str to str
            What S3 then holds to, beside the key.
        max_bytes : int
            Largest file that S3 then takes.
        seconds : int
            How long it does.

        Raises
        ------
        AwsError
            If there are no credentials to sign with.
        """
        with translated(f"signing the upload of {key}"):
            signed = self._s3.generate_presigned_post(
                self._bucket,
                key,
                Fields=dict(fields),
                Conditions=[
                    *({name: value} for name, value in fields.items()),
                    ["content-length-range", 1, max_bytes],
                ],
                ExpiresIn=seconds,
            )
        return UploadForm(signed["url"], signed["fields"])
