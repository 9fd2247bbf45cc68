"""Dead letters, as they are shown: what a message was about, without pictures and without names of people."""

import re
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from typing import TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, Json, JsonValue, ValidationError

from services.contracts.failed_events import FailedEvent
from services.contracts.messages import (
    DELETE_PERSON_TASK,
    ENROLL_TASK,
    READ_BATCH_TASK,
    RECOGNIZE_TASK,
    REMOVE_PHOTO_TASK,
    RESOLVE_HELD_TASK,
)

_TASKS = frozenset(
    {
        DELETE_PERSON_TASK,
        ENROLL_TASK,
        READ_BATCH_TASK,
        RECOGNIZE_TASK,
        REMOVE_PHOTO_TASK,
        RESOLVE_HELD_TASK,
    }
)
#: What a Lambda that failed was given, and why it failed; the job of none of our workers.
FAILED_EVENT = "failed_event"
#: Of a job's fields these are told; others may be pictures, or be added without a thought of this.
_FACTS = (
    "recognition_id",
    "kiosk_id",
    "door_id",
    "enrollment_id",
    "deletion_id",
    "batch_id",
    "resolution",
    "received_at",
    "requested_at",
    "deadline",
)
_LONGEST_FACT = 200
_LONGEST_EXCERPT = 300
_LONGEST_REASON = 1024
_EXAMINED = 4096
#: Pictures, tokens and hashes are long runs of these; words are not.
_RUN = re.compile(r"[A-Za-z0-9+/=_-]{40,}")

Parsed = TypeVar("Parsed", bound=BaseModel)


class DeadLetterQueueName(StrEnum):
    """A job queue whose dead letters are kept."""

    RECOGNIZE = "recognize"
    ENROLL = "enroll"


class Contents(BaseModel):
    """What a message was about.

    Attributes
    ----------
    job : str, optional
        The task's name of a job of ours, or `FAILED_EVENT`.
    facts : dict of str to str
        Of the job, by the names of its fields.
    person_id : str, optional
        Whom it was about.
    photos : tuple of str
        The objects that it was about, as ``s3://bucket/key``; whoever put one there may have named it after
        a person.
    excerpt : str, optional
        The beginning of what is none of our jobs; may be anything, about anybody.
    """

    model_config = ConfigDict(frozen=True)

    job: str | None = None
    facts: Mapping[str, str] = Field(default_factory=dict)
    person_id: str | None = None
    photos: tuple[str, ...] = ()
    excerpt: str | None = None


class DeadLetter(BaseModel):
    """A message that could not be read or done.

    Attributes
    ----------
    message_id : str
        SQS's; the same for as long as the message lies there.
    reason : str, optional
        Why, as whoever put it aside has said; None where SQS itself moved it after the last delivery.
    failed_at : datetime, optional
        When it was put aside, if that is known.
    sent_at : datetime
        When it was sent, by SQS's clock: to its queue if SQS moved it, to the dead letters otherwise.
    expires_at : datetime
        When SQS deletes it.
    receives : int
        How often it was received, looks at it included.
    size : int
        Bytes.
    """

    model_config = ConfigDict(frozen=True)

    message_id: str
    reason: str | None
    failed_at: AwareDatetime | None
    sent_at: AwareDatetime
    first_received_at: AwareDatetime | None
    expires_at: AwareDatetime
    receives: int
    size: int
    contents: Contents


class Redriven(BaseModel):
    """What became of dead letters that were to be sent again.

    Attributes
    ----------
    refused : dict of str to str
        Why some were not, by their ids.
    left : int
        How many lie there still, as far as SQS knows.
    """

    model_config = ConfigDict(frozen=True)

    redriven: int
    refused: Mapping[str, str] = Field(default_factory=dict)
    left: int


class _Headers(BaseModel):
    task: str


class _Envelope(BaseModel):
    """Celery's message of protocol 2, as far as it is looked at: one argument, the job as JSON text."""

    headers: _Headers
    body: Json[tuple[tuple[Json[dict[str, JsonValue]]], JsonValue, JsonValue]]


def contents_of(body: str) -> Contents:
    """Tell what a message was about; never fails, whatever is in it."""
    event = parsed(FailedEvent, body)
    if event is not None:
        photos = tuple(_url(photo.bucket, photo.key) for photo in event.objects)
        return Contents(job=FAILED_EVENT, facts={"objects": str(len(photos))}, photos=photos)
    envelope = parsed(_Envelope, body)
    if envelope is None or envelope.headers.task not in _TASKS:
        return Contents(excerpt=_RUN.sub("[…]", body[:_EXAMINED])[:_LONGEST_EXCERPT])
    [[job], _, _] = envelope.body
    facts = {name: _shortened(job[name]) for name in _FACTS if isinstance(job.get(name), str)}
    frames, person_id, photo = job.get("frames"), job.get("person_id"), job.get("photo")
    if isinstance(frames, list):
        facts["frames"] = str(len(frames))
    return Contents(
        job=envelope.headers.task,
        facts=facts,
        person_id=_shortened(person_id) if isinstance(person_id, str) else None,
        photos=(_url(photo.get("bucket"), photo.get("key")),) if isinstance(photo, dict) else (),
    )


def reason_within(body: str) -> str | None:
    """Find the reason that a message itself tells: a Lambda's that failed."""
    event = parsed(FailedEvent, body)
    return event.reason[:_LONGEST_REASON] if event is not None else None


def parsed(kind: type[Parsed], body: str) -> Parsed | None:
    """Read a message as one of a kind; None if it is none."""
    with suppress(ValidationError):
        return kind.model_validate_json(body)
    return None


def _url(bucket: JsonValue, key: JsonValue) -> str:
    return _shortened(f"s3://{bucket}/{key}")


def _shortened(value: JsonValue) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST_FACT else f"{text[:_LONGEST_FACT]}…"
