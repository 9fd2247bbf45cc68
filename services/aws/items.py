"""DynamoDB items from models and back."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from pydantic import BaseModel

Record = TypeVar("Record", bound=BaseModel)
_serializer = TypeSerializer()
_deserializer = TypeDeserializer()


def attribute(value: Any) -> Any:
    """Shape one value, made of what JSON knows, as DynamoDB's typed attribute."""
    return _serializer.serialize(_with_decimals(value))


def sortable(instant: datetime) -> str:
    """Write an instant so that DynamoDB, which compares text, finds the earlier one smaller."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def to_item(record: BaseModel, *, rename: dict[str, str] | None = None) -> dict[str, Any]:
    """Shape a model as an item; what is None is left out.

    Parameters
    ----------
    record : BaseModel
        Its JSON form is stored, so instants are ISO 8601 text.
    rename : dict of str to str, optional
        Field names that the table calls otherwise.
    """
    names = rename or {}
    values = record.model_dump(mode="json", exclude_none=True)
    return {names.get(name, name): attribute(value) for name, value in values.items()}


def from_item(kind: type[Record], item: dict[str, Any], *, rename: dict[str, str] | None = None) -> Record:
    """Read a model from an item; the inverse of `to_item`.

    Raises
    ------
    pydantic.ValidationError
        If the item is not such a record.
    """
    fields = {stored: name for name, stored in (rename or {}).items()}
    return kind.model_validate(
        {fields.get(name, name): _deserializer.deserialize(value) for name, value in item.items()}
    )


def _with_decimals(value: Any) -> Any:
    """DynamoDB's serializer refuses floats; their shortest text is exact enough to come back equal."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, dict):
        return {name: _with_decimals(inner) for name, inner in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        return [_with_decimals(inner) for inner in value]  # pyright: ignore[reportUnknownVariableType]
    return value
