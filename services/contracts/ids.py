"""Ids that two parts derive alike without asking each other."""

import json
from uuid import NAMESPACE_URL, uuid5


def stored_object_id(bucket: str, key: str, version: str) -> str:
    """Derive the id of the job that an object put into the bucket asks for.

    The Lambda derives the same from S3's event, so whoever puts a photo knows its enrollment's id.

    Parameters
    ----------
    version : str
        The object's VersionId; its ETag where the bucket has no versions.
    """
    return str(uuid5(NAMESPACE_URL, json.dumps([bucket, key, version])))
