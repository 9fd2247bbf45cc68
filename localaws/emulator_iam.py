"""IAM's checks as AWS makes them, where ministack with ``AUTH=true`` makes others."""

from importlib import import_module
from typing import Any

#: The batches of SQS need the permission for one: "Actions, resources, and condition keys for Amazon SQS".
_BATCHES = {
    f"sqs:{action}Batch": f"sqs:{action}"
    for action in ("ChangeMessageVisibility", "DeleteMessage", "SendMessage")
}
_TRANSPORT = b"x-forwarded-proto"


def install() -> None:
    """Have a batch of messages allowed to whoever may send, delete or hide one."""
    actions: Any = import_module("ministack.core.iam_actions")
    extract = actions.extract_iam_action

    def extract_iam_action(*arguments: Any, **options: Any) -> str | None:
        action: str | None = extract(*arguments, **options)
        return _BATCHES.get(action, action) if action else action

    actions.extract_iam_action = extract_iam_action


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
