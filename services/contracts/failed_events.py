"""Events of S3 that the Lambda could not turn into jobs, as Lambda puts them aside."""

from datetime import datetime
from urllib.parse import unquote_plus

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from services.contracts.ids import uploaded_enrollment_id
from services.contracts.messages import EnrollJob, StoredObject

_PHOTOS = "index/"


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, frozen=True)


class _Bucket(_Part):
    name: str


class _Object(_Part):
    key: str
    version_id: str | None = None
    e_tag: str = ""


class _S3(_Part):
    bucket: _Bucket
    object: _Object


class _Record(_Part):
    event_name: str
    event_time: datetime
    s3: _S3

    @property
    def photo(self) -> StoredObject:
        described = self.s3.object
        return StoredObject(
            bucket=self.s3.bucket.name, key=unquote_plus(described.key), version_id=described.version_id
        )


class _Event(_Part):
    records: tuple[_Record, ...] = Field(default=(), alias="Records")


class _Context(_Part):
    condition: str


class _Answer(_Part):
    error_type: str = ""
    error_message: str = ""


class FailedEvent(_Part):
    """What Lambda sends to the destination of an asynchronous invocation that failed.

    Attributes
    ----------
    request_context : object
        Why it is not tried again, like ``RetriesExhausted``.
    request_payload : object
        The event.
    response_payload : object, optional
        What the function failed with; none if it never ran.
    """

    request_context: _Context
    request_payload: _Event
    response_payload: _Answer | None = None

    @property
    def reason(self) -> str:
        """Why, in a few words."""
        answer = self.response_payload
        failure = f"{answer.error_type}: {answer.error_message}" if answer and answer.error_type else ""
        return f"the Lambda failed ({self.request_context.condition}){failure and ': '}{failure}"

    @property
    def objects(self) -> list[StoredObject]:
        """What was put."""
        return [record.photo for record in self.request_payload.records]

    @property
    def jobs(self) -> list[EnrollJob]:
        """What the Lambda should have sent, with the ids that it would have given.

        Only of photos: frames have been of no use for long.
        """
        return [_job(record) for record in self.request_payload.records if _is_photo(record)]


def _is_photo(record: _Record) -> bool:
    key = record.photo.key
    return (
        record.event_name.startswith("ObjectCreated:") and key.startswith(_PHOTOS) and not key.endswith("/")
    )


def _job(record: _Record) -> EnrollJob:
    photo = record.photo
    version = photo.version_id or record.s3.object.e_tag
    return EnrollJob(
        enrollment_id=uploaded_enrollment_id(photo.bucket, photo.key, version),
        photo=photo,
        received_at=record.event_time,
    )
