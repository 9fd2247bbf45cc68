"""Ids that two parts derive alike without asking each other."""

import json
from contextlib import suppress
from uuid import NAMESPACE_URL, UUID, uuid5

from services.contracts.names import fold_name

_PEOPLE = UUID("0f3c1f0e-6a5e-5d0b-9d6b-3a1c6f0f5f2a")
_BATCHES = UUID("a7c3b1de-2f64-5d0e-9a55-1f4be0c6d2f7")
_PHOTOS = UUID("4f7e53f4-3f0b-5c0e-8f39-6b9d6a0f2c11")
#: Below it an object's key begins with the id of its enrollment.
UPLOAD_PREFIX = "index/uploads/"
#: Below it a person's photos are kept, in a folder of the person's id.
KEPT_PREFIX = "photos/"


def stored_object_id(bucket: str, key: str, version: str) -> str:
    """Derive the id of the job that an object put into the bucket asks for.

    The Lambda derives the same from S3's event, so whoever puts a photo knows its enrollment's id.

    Parameters
    ----------
    version : str
        The object's VersionId; its ETag where the bucket has no versions.
    """
    return str(uuid5(NAMESPACE_URL, json.dumps([bucket, key, version])))


def person_id_of(full_name: str) -> str:
    """Derive a person's id from the name alone.

    The plain S3 workflow knows nothing of a person but the FullName, so photos with the same name are
    photos of the same person, whoever put them and in whatever order they arrive. Case, white space and
    Unicode's ways to compose a letter make no difference.
    """
    return str(uuid5(_PEOPLE, fold_name(full_name)))


def photo_enrollment_id(person_id: str, sha256: str) -> str:
    """Derive the enrollment's id of a photo of a person: sent twice, it is the same enrollment.

    Parameters
    ----------
    sha256 : str
        Of the file, 64 hexadecimal digits.
    """
    return str(uuid5(_PHOTOS, json.dumps([person_id, sha256])))


def batch_id_of(place: str) -> str:
    """Derive a batch's id from where it lies: what is submitted again from there is the same batch.

    Parameters
    ----------
    place : str
        ``s3://bucket/prefix``, or a machine's name and a path there.
    """
    return str(uuid5(_BATCHES, place))


def upload_key(enrollment_id: str, file: str) -> str:
    """Tell where a photo has to be put so that its enrollment has this id, a UUID."""
    return f"{UPLOAD_PREFIX}{enrollment_id}/{file}"


def uploaded_enrollment_id(bucket: str, key: str, version: str) -> str:
    """Tell the enrollment's id of an object below ``index/``: its key has one, or the object gives one."""
    enrollment_id, separator, file = key.removeprefix(UPLOAD_PREFIX).partition("/")
    if key.startswith(UPLOAD_PREFIX) and separator and file:
        with suppress(ValueError):
            return str(UUID(enrollment_id))
    return stored_object_id(bucket, key, version)


def kept_photo_key(person_id: str, enrollment_id: str) -> str:
    """Tell where a person's photo is kept."""
    return f"{KEPT_PREFIX}{person_id}/{enrollment_id}.jpg"
