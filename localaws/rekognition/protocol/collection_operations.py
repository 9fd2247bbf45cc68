"""CreateCollection, DescribeCollection, ListCollections, DeleteCollection."""

from typing import Any

from localaws.rekognition.protocol.paging import make_token, read_token
from localaws.rekognition.protocol.service import Call, Service

_PAGE = 1000


def create_collection(service: Service, call: Call) -> dict[str, Any]:
    """Create an empty collection."""
    collection_id = call.parameters["CollectionId"]
    service.collections.create(collection_id, call.parameters.get("Tags", {}))
    return {
        "StatusCode": 200,
        # AWS leaves out the leading "arn:" here, and nowhere else.
        "CollectionArn": _arn(service, call, collection_id).removeprefix("arn:"),
        "FaceModelVersion": service.engine.face_model_version,
    }


def describe_collection(service: Service, call: Call) -> dict[str, Any]:
    """Tell about a collection."""
    collection = service.collections.describe(call.parameters["CollectionId"])
    return {
        "FaceCount": collection.face_count,
        "FaceModelVersion": collection.face_model_version,
        "CollectionARN": _arn(service, call, collection.collection_id),
        "CreationTimestamp": collection.created_at,
        "UserCount": collection.user_count,
    }


def list_collections(service: Service, call: Call) -> dict[str, Any]:
    """List collections by id, a page at a time."""
    limit = call.parameters.get("MaxResults") or _PAGE
    after = read_token("collections", call.parameters.get("NextToken"))
    found = service.collections.versions(after, limit + 1)
    page = found[:limit]
    return {
        "CollectionIds": [collection_id for collection_id, _ in page],
        "FaceModelVersions": [version for _, version in page],
        "NextToken": make_token("collections", page[-1][0]) if len(found) > limit else None,
    }


def delete_collection(service: Service, call: Call) -> dict[str, Any]:
    """Delete a collection and every face in it."""
    service.collections.delete(call.parameters["CollectionId"])
    return {"StatusCode": 200}


def _arn(service: Service, call: Call, collection_id: str) -> str:
    return f"arn:aws:rekognition:{call.region}:{service.account_id}:collection/{collection_id}"
