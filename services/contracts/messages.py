"""The messages that cross queues, version 1.

A field may be added within a version and readers ignore what they do not know; anything else is
a new version, which an old reader refuses and leaves to the dead-letter queue.
Celery carries a job as its task's only argument; the task names stand here too, because the
gateway and the Lambda send them without Celery.
"""

from base64 import b64decode, b64encode
from typing import Annotated, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
)

from services.contracts.domain import Decision, Identifier

RECOGNIZE_TASK = "facegate.recognize"
ENROLL_TASK = "facegate.enroll"
DELETE_PERSON_TASK = "facegate.delete_person"
REMOVE_PHOTO_TASK = "facegate.remove_photo"
READ_BATCH_TASK = "facegate.read_batch"
RESOLVE_HELD_TASK = "facegate.resolve_held"
#: Frames of one visitor in one job.
MOST_FRAMES = 5


def _decode_text(value: object) -> object:
    return b64decode(value, validate=True) if isinstance(value, str) else value


#: Bytes in Python, base64 text in JSON.
FileBytes = Annotated[
    bytes,
    BeforeValidator(_decode_text),
    PlainSerializer(lambda value: b64encode(value).decode(), return_type=str, when_used="json"),
]


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class InlineFrame(_Message):
    """A frame small enough to travel in its message.

    Attributes
    ----------
    data : bytes
        The JPEG or PNG file as the kiosk sent it; base64 in JSON.
    """

    kind: Literal["inline"] = "inline"
    data: FileBytes = Field(repr=False)


class StoredObject(_Message):
    """A frame or photo in the stack's bucket."""

    kind: Literal["s3"] = "s3"
    bucket: str
    key: str
    version_id: str | None = None


#: A frame, wherever it is.
FrameSource = Annotated[InlineFrame | StoredObject, Field(discriminator="kind")]


class RecognizeJob(_Message):
    """Decide about one visitor.

    Attributes
    ----------
    frames : tuple of InlineFrame or StoredObject
        1 to 5 pictures of the same visitor, in the order in which the kiosk sent them.
    door_id : str, optional
        Unknown to cameras that only upload; the worker then asks the kiosk's record.
    deadline : datetime
        When the answer has lost its worth: a later worker records ``expired``.
    reply_to : str, optional
        URL of the reply queue of the gateway process that waits.
    """

    version: Literal[1] = 1
    recognition_id: Identifier
    kiosk_id: Identifier
    door_id: Identifier | None = None
    frames: tuple[FrameSource, ...] = Field(min_length=1, max_length=MOST_FRAMES)
    received_at: AwareDatetime
    deadline: AwareDatetime
    reply_to: str | None = None


class EnrollJob(_Message):
    """Turn one photo into one face. The id is made from the object, so that S3 may say it twice."""

    version: Literal[1] = 1
    enrollment_id: Identifier
    photo: StoredObject
    received_at: AwareDatetime


class DeletePersonJob(_Message):
    """Remove a person from everywhere; done again until nothing is left, and then once more for nothing."""

    version: Literal[1] = 1
    deletion_id: Identifier
    person_id: str
    requested_at: AwareDatetime


class RemovePhotoJob(_Message):
    """Remove one photo of a person from everywhere; done again, it removes what is left, or nothing."""

    version: Literal[1] = 1
    deletion_id: Identifier
    enrollment_id: Identifier
    person_id: str
    requested_at: AwareDatetime


class ResolveHeldJob(_Message):
    """Do what an operator decided about a held photo; done again, it changes nothing."""

    version: Literal[1] = 1
    enrollment_id: Identifier
    resolution: Literal["merge", "keep_both", "reject"]
    requested_by: str


class ReadBatchJob(_Message):
    """Go on reading a batch that was submitted; a large one takes many of these, one after the other.

    Attributes
    ----------
    run : int
        Of the submission; the jobs of an earlier one are done with.
    position : int
        How many files were read when it was queued.
    """

    version: Literal[1] = 1
    batch_id: Identifier
    run: int
    position: int = Field(ge=0)


class DecisionReply(_Message):
    """What the recognize worker sends to the gateway process that waits."""

    version: Literal[1] = 1
    decision: Decision
