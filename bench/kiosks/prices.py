"""What calls of AWS's API cost: list prices, without the free tiers and volume discounts.

The prices themselves are those of `services.prices`, in US dollars. An item's size in DynamoDB is reckoned as
"Calculating item sizes" of the Developer Guide says; a write unit is 1 KiB of an item, a read unit 4 KiB
of one read consistently, half a unit if eventually. Images of calls that failed are not reckoned, which
makes Rekognition's share smaller and everybody else's larger.

Approximations: what a put replaces or an update and a delete find is not on the wire, so a write counts the
size of what was sent; a scan or query counts the items that it returned. Calls that AWS makes on its own
(KMS for tables and buckets with a key of their own, at most one in five minutes a table and caller) are not
on the wire either. Data transfer within a region is free; logs, storage and machines are not reckoned.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from services.prices import list_prices

_SQS_CHUNK_BYTES = 64 * 1024
_WRITE_UNIT_BYTES = 1024
_READ_UNIT_BYTES = 4096

_FACE_IMAGE_OPERATIONS = frozenset(
    {
        "AssociateFaces",
        "CompareFaces",
        "DisassociateFaces",
        "IndexFaces",
        "SearchFaces",
        "SearchFacesByImage",
        "SearchUsers",
        "SearchUsersByImage",
    }
)
_FREE_SERVICES = frozenset({"cloudformation", "sts"})


class UnknownPrice(Exception):
    """No price is written here for a call."""


@dataclass(frozen=True)
class Exchange:
    """One request to AWS and its answer.

    Attributes
    ----------
    service : str
        As in a signature: ``sqs``, ``dynamodb``.
    operation : str
        As in AWS's API reference; S3's are told from the HTTP method.
    asked, answered : mapping
        The JSON bodies; empty where there is none.
    """

    service: str
    operation: str
    status: int
    asked: Mapping[str, Any]
    answered: Mapping[str, Any]


def price(exchange: Exchange) -> float:
    """Return the list price of a call in US dollars.

    Raises
    ------
    UnknownPrice
        If none is known.
    """
    if exchange.service in _FREE_SERVICES:
        return 0.0
    reckon = _RECKONERS.get(exchange.service)
    if reckon is None:
        raise UnknownPrice(f"{exchange.service} {exchange.operation}")
    return reckon(exchange)


def item_bytes(item: Mapping[str, Any]) -> float:
    """Return the size of a DynamoDB item, given with its typed attributes."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _sqs(exchange: Exchange) -> float:
    messages = [exchange.asked, *exchange.asked.get("Entries", ()), *exchange.answered.get("Messages", ())]
    payload = sum(
        len(message.get(body, "").encode()) + _attributes_bytes(message.get("MessageAttributes", {}))
        for message in messages
        for body in ("MessageBody", "Body")
        if body in message
    )
    return list_prices().sqs.request * max(1, math.ceil(payload / _SQS_CHUNK_BYTES))


def _attributes_bytes(attributes: Mapping[str, Mapping[str, str]]) -> int:
    return sum(len(name) + sum(map(len, map(str, value.values()))) for name, value in attributes.items())


def _dynamodb(exchange: Exchange) -> float:
    units = _DYNAMODB_UNITS.get(exchange.operation)
    if units is None:
        raise UnknownPrice(f"dynamodb {exchange.operation}")
    return units(exchange.asked, exchange.answered)


def _get_item(asked: Mapping[str, Any], answered: Mapping[str, Any]) -> float:
    return _read(item_bytes(answered.get("Item", {})), consistently=asked.get("ConsistentRead", False))


def _batch_get_item(asked: Mapping[str, Any], answered: Mapping[str, Any]) -> float:
    total = 0.0
    for table, request in asked["RequestItems"].items():
        found = [item_bytes(item) for item in answered.get("Responses", {}).get(table, ())]
        # an item that is not there costs as much as the smallest
        missing = [0.0] * (len(request["Keys"]) - len(found))
        consistently = request.get("ConsistentRead", False)
        total += sum(_read(size, consistently=consistently) for size in [*found, *missing])
    return total


def _query_or_scan(asked: Mapping[str, Any], answered: Mapping[str, Any]) -> float:
    size = sum(item_bytes(item) for item in answered.get("Items", ()))
    return _read(size, consistently=asked.get("ConsistentRead", False))


def _put_item(asked: Mapping[str, Any], _answered: Mapping[str, Any]) -> float:
    return _written(item_bytes(asked["Item"]))


def _update_or_delete_item(asked: Mapping[str, Any], _answered: Mapping[str, Any]) -> float:
    return _written(item_bytes({**asked["Key"], **asked.get("ExpressionAttributeValues", {})}))


def _transact_write_items(asked: Mapping[str, Any], _answered: Mapping[str, Any]) -> float:
    # every item is written twice: once to prepare the transaction, once to commit it
    return 2 * sum(
        _put_item(write, {}) if "Item" in write else _update_or_delete_item(write, {})
        for action in asked["TransactItems"]
        for write in action.values()
    )


def _read(size: float, *, consistently: bool) -> float:
    units = max(1, math.ceil(size / _READ_UNIT_BYTES))
    return list_prices().dynamodb.read_unit * units * (1.0 if consistently else 0.5)


def _written(size: float) -> float:
    return list_prices().dynamodb.write_unit * max(1, math.ceil(size / _WRITE_UNIT_BYTES))


def _s3(exchange: Exchange) -> float:
    if exchange.operation == "DELETE":
        return 0.0
    s3 = list_prices().s3
    return s3.put if exchange.operation in ("PUT", "POST") else s3.get


def _kms(_exchange: Exchange) -> float:
    return list_prices().kms.request


def _rekognition(exchange: Exchange) -> float:
    if exchange.operation not in _FACE_IMAGE_OPERATIONS:
        return 0.0
    return list_prices().rekognition.image[0].usd if exchange.status == 200 else 0.0


_RECKONERS: Mapping[str, Callable[[Exchange], float]] = {
    "sqs": _sqs,
    "dynamodb": _dynamodb,
    "s3": _s3,
    "kms": _kms,
    "rekognition": _rekognition,
}
_DYNAMODB_UNITS: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any]], float]] = {
    "GetItem": _get_item,
    "BatchGetItem": _batch_get_item,
    "Query": _query_or_scan,
    "Scan": _query_or_scan,
    "PutItem": _put_item,
    "UpdateItem": _update_or_delete_item,
    "DeleteItem": _update_or_delete_item,
    "TransactWriteItems": _transact_write_items,
}


def _value_bytes(typed: Mapping[str, Any]) -> float:
    (kind, value), *_ = typed.items()
    match kind:
        case "L":
            return 3 + sum(1 + _value_bytes(element) for element in value)
        case "M":
            return 3 + sum(1 + len(name.encode()) + _value_bytes(inner) for name, inner in value.items())
        case "SS" | "NS" | "BS":
            return sum(_SCALAR_BYTES[kind[0]](element) for element in value)
        case _:
            return _SCALAR_BYTES[kind](value)


def _number_bytes(text: str) -> float:
    """Return "approximately (length of the number)/2 + 1": two digits a byte, one for sign or exponent."""
    digits = sum(character.isdigit() for character in text)
    return math.ceil(digits / 2) + 1


_SCALAR_BYTES: Mapping[str, Callable[[Any], float]] = {
    "S": lambda text: len(text.encode()),
    "N": _number_bytes,
    "B": lambda base64: len(base64) * 3 / 4,
    "BOOL": lambda _: 1,
    "NULL": lambda _: 1,
}


def share(dollars: Mapping[str, float], of: str) -> float:
    """Return what all others cost, as a share of what one costs."""
    return sum(amount for name, amount in dollars.items() if name != of) / dollars[of]
