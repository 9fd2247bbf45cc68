"""ListTagsForResource, TagResource, UntagResource: the resources are collections."""

import re
from typing import Any

from localaws.rekognition.protocol.errors import invalid_parameter, not_found
from localaws.rekognition.protocol.service import Call, Service

_ARN = re.compile(r"(?:arn:)?aws:rekognition:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):(?P<resource>\S+)")


def list_tags_for_resource(service: Service, call: Call) -> dict[str, Any]:
    """Return a collection's tags."""
    return {"Tags": service.collections.tags(_collection_id(service, call))}


def tag_resource(service: Service, call: Call) -> dict[str, Any]:
    """Add tags to a collection; those of the same key are replaced."""
    service.collections.tag(_collection_id(service, call), call.parameters["Tags"])
    return {}


def untag_resource(service: Service, call: Call) -> dict[str, Any]:
    """Remove tags from a collection."""
    service.collections.untag(_collection_id(service, call), call.parameters["TagKeys"])
    return {}


def _collection_id(service: Service, call: Call) -> str:
    arn = call.parameters["ResourceArn"]
    found = _ARN.fullmatch(arn)
    if found is None:
        raise invalid_parameter(f"Not the ARN of a Rekognition resource: {arn:.100}")
    kind, _, collection_id = found["resource"].partition("/")
    if found["account"] != service.account_id or kind != "collection" or not collection_id:
        raise not_found(f"The resource {arn:.300} does not exist")
    return collection_id
