"""What an object put into S3 asks for: an enroll job, a recognize job, or nothing.

The shapes are those of the contracts' EnrollJob and RecognizeJob, whose package the Lambda does not
carry; a test parses every job made here with them.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote_plus
from uuid import NAMESPACE_URL, UUID, uuid5

ENROLL_TASK = "facegate.enroll"
RECOGNIZE_TASK = "facegate.recognize"

#: Below it an object's key begins with the id that whoever put it gave to its enrollment.
_UPLOADS = "index/uploads/"
_KIOSK_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class NotAJobError(Exception):
    """The object asks for nothing; the message says why."""


@dataclass(frozen=True)
class Job:
    """A task for a worker.

    Attributes
    ----------
    task : str
        Name of the Celery task.
    id : str
        Made from the object alone, so that the same event twice is the same job.
    argument : dict
        The job as the contracts define it.
    """

    task: str
    id: str
    argument: dict[str, Any]


@dataclass(frozen=True)
class _StoredObject:
    bucket: str
    key: str
    version_id: str | None
    etag: str
    put_at: datetime

    @property
    def id(self) -> str:
        # a list in JSON keeps its parts apart whatever characters a key has
        return str(uuid5(NAMESPACE_URL, json.dumps([self.bucket, self.key, self.version_id or self.etag])))

    def reference(self) -> dict[str, Any]:
        return {"kind": "s3", "bucket": self.bucket, "key": self.key, "version_id": self.version_id}


def job_of(record: Mapping[str, Any], frame_deadline: timedelta) -> Job:
    """Return the job that one record of an S3 event asks for.

    Parameters
    ----------
    record : mapping
        An element of the event's ``Records``.
    frame_deadline : timedelta
        How long after its upload a frame is worth deciding about.

    Raises
    ------
    NotAJobError
        Where the record asks for nothing.
    """
    if not record["eventName"].startswith("ObjectCreated:"):
        raise NotAJobError("nothing was put")
    stored = _stored_object(record)
    if stored.key.endswith("/"):
        raise NotAJobError("the object is a folder's placeholder")
    prefix, _, rest = stored.key.partition("/")
    if prefix == "index" and rest:
        return _enroll_job(stored)
    if prefix == "frames":
        return _recognize_job(stored, rest, frame_deadline)
    raise NotAJobError("the key is neither under index/ nor under frames/")


def _stored_object(record: Mapping[str, Any]) -> _StoredObject:
    described = record["s3"]["object"]
    return _StoredObject(
        bucket=record["s3"]["bucket"]["name"],
        key=unquote_plus(described["key"]),
        version_id=described.get("versionId"),
        etag=described.get("eTag", ""),
        put_at=datetime.fromisoformat(record["eventTime"]),
    )


def _enroll_job(photo: _StoredObject) -> Job:
    enrollment_id = _given_id(photo.key) or photo.id
    argument = {
        "version": 1,
        "enrollment_id": enrollment_id,
        "photo": photo.reference(),
        "received_at": photo.put_at.isoformat(),
    }
    return Job(ENROLL_TASK, enrollment_id, argument)


def _given_id(key: str) -> str | None:
    if not key.startswith(_UPLOADS):
        return None
    enrollment_id, separator, file = key.removeprefix(_UPLOADS).partition("/")
    try:
        return str(UUID(enrollment_id)) if separator and file else None
    except ValueError:
        return None


def _recognize_job(frame: _StoredObject, rest: str, frame_deadline: timedelta) -> Job:
    kiosk_id, separator, name = rest.partition("/")
    if not (separator and name):
        raise NotAJobError("the key names no kiosk: frames/<kiosk id>/<file> is expected")
    if not _KIOSK_ID.fullmatch(kiosk_id):
        raise NotAJobError("the kiosk id has characters that no kiosk id has, or is too long")
    argument = {
        "version": 1,
        "recognition_id": frame.id,
        "kiosk_id": kiosk_id,
        "door_id": None,
        "frames": [frame.reference()],
        "received_at": frame.put_at.isoformat(),
        "deadline": (frame.put_at + frame_deadline).isoformat(),
        "reply_to": None,
    }
    return Job(RECOGNIZE_TASK, frame.id, argument)
