"""IAM's checks as AWS makes them, where ministack with ``AUTH=true`` makes others."""

import json
import re
from collections.abc import Mapping
from importlib import import_module
from typing import Any

#: The batches of SQS need the permission for one: "Actions, resources, and condition keys for Amazon SQS".
_BATCHES = {
    f"sqs:{action}Batch": f"sqs:{action}"
    for action in ("ChangeMessageVisibility", "DeleteMessage", "SendMessage")
}
_TRANSPORT = b"x-forwarded-proto"

#: Attributes in expressions, but no word of these: ":value" is none, nor is "deep" in "map.deep".
_NAME = re.compile(
    r"(?<![:.#\w])"
    r"(?!(?:set|remove|add|delete|and|or|not|between|in|if_not_exists|list_append|attribute_exists"
    r"|attribute_not_exists|attribute_type|begins_with|contains|size)\b)"
    r"#?[a-z_]\w*",
    re.IGNORECASE,
)


def install() -> None:
    """Mend the names of SQS's batches and the condition keys of single writes to a table."""
    actions: Any = import_module("ministack.core.iam_actions")
    tables: Any = import_module("ministack.services.dynamodb")._tables
    extract, context_of = actions.extract_iam_action, actions.dynamodb_service_context

    def extract_iam_action(*arguments: Any, **options: Any) -> str | None:
        action: str | None = extract(*arguments, **options)
        return _BATCHES.get(action, action) if action else action

    def dynamodb_service_context(body: bytes) -> dict[str, Any]:
        context: dict[str, Any] = context_of(body)
        request: Any = json.loads(body) if context else {}
        # named by its ARN, a table is none of the services' requests
        table = tables.get(request.get("TableName"))
        if table and isinstance(request.get("Key"), dict):
            context |= _of_item(request, table["pk_name"])
        return context

    actions.extract_iam_action = extract_iam_action
    actions.dynamodb_service_context = dynamodb_service_context


def _of_item(request: Mapping[str, Any], partition_key: str) -> dict[str, Any]:
    """Return the condition keys of a request for one item: its partition, and the attributes of an update.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
    """
    found: dict[str, Any] = {
        "dynamodb:LeadingKeys": [str(value) for value in request["Key"].get(partition_key, {}).values()]
    }
    if "UpdateExpression" in request:
        placeholders = request.get("ExpressionAttributeNames", {})
        expressions = f"{request['UpdateExpression']} {request.get('ConditionExpression', '')}"
        names = {placeholders.get(name, name) for name in _NAME.findall(expressions)}
        found["dynamodb:Attributes"] = sorted(names | set(request["Key"]))
    return found


def as_if_by_tls(application: Any) -> Any:
    """Have requests that say nothing of their transport count as encrypted.

    The stack's bucket and queues refuse plain HTTP. Here nothing leaves the machine, or the network of its
    containers; a request that says ``X-Forwarded-Proto: http`` meets those policies all the same.
    """

    async def serve(scope: dict[str, Any], receive: Any, send: Any) -> None:
        headers: list[tuple[bytes, bytes]] = scope.get("headers", [])
        if not any(name.lower() == _TRANSPORT for name, _ in headers):
            scope = {**scope, "headers": [*headers, (_TRANSPORT, b"https")]}
        await application(scope, receive, send)

    return serve
