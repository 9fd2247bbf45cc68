"""Where something of a person is still kept: every table, every version in the bucket, the collection."""

import json
from contextlib import suppress

_MARK = {"person_id", "deletion_id", "deleted_at", "expires_at"}


def where(aws, *words):
    """Name the places that have any of the words, but for the ids that a deletion's mark and receipt keep."""
    return {place for place, text in _places(aws).items() if any(word in text for word in words)}


def _places(aws):
    tables = [name for name in type(aws.outputs).model_fields if name.endswith("_table_name")]
    kept = {table.removesuffix("_table_name"): list(_items(aws, table)) for table in tables}
    kept["bucket"] = list(_versions(aws))
    collection = {"CollectionId": aws.outputs.collection_id}
    kept["faces of the collection"] = _pages(aws.rekognition, "list_faces", "Faces", **collection)
    kept["users"] = _pages(aws.rekognition, "list_users", "Users", **collection)
    return {place: json.dumps(things, default=str, ensure_ascii=False) for place, things in kept.items()}


def _items(aws, table):
    for item in _pages(aws.dynamodb, "scan", "Items", TableName=getattr(aws.outputs, table)):
        if table == "people_table_name" and item.keys() == _MARK:
            continue
        if table == "deletions_table_name":
            item.pop("person_id")
        yield item


def _versions(aws):
    """Keys of all versions and marks of deletion, and what is said of each version."""
    bucket = {"Bucket": aws.outputs.photo_bucket_name}
    for page in aws.s3.get_paginator("list_object_versions").paginate(**bucket):
        yield from (marker["Key"] for marker in page.get("DeleteMarkers", []))
        for version in page.get("Versions", []):
            yield version["Key"]
            # it may be deleted while we look
            with suppress(aws.s3.exceptions.ClientError):
                yield aws.s3.head_object(**bucket, Key=version["Key"], VersionId=version["VersionId"])[
                    "Metadata"
                ]


def _pages(client, operation, field, **parameters):
    pages = client.get_paginator(operation).paginate(**parameters)
    return [item for page in pages for item in page.get(field, [])]
