"""Shaping answers by the service model."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from botocore.model import ListShape, MapShape, Shape, StructureShape


def shape_response(value: Mapping[str, Any], shape: StructureShape) -> dict[str, Any]:
    """Turn an operation's result into a JSON document; members that are None are left out.

    Raises
    ------
    KeyError
        A member that the model does not know: a mistake of this server.
    """
    return {name: _encode(item, shape.members[name]) for name, item in value.items() if item is not None}


def _encode(value: Any, shape: Shape) -> Any:
    if isinstance(shape, StructureShape):
        return shape_response(value, shape)
    if isinstance(shape, ListShape):
        return [_encode(item, shape.member) for item in cast("Sequence[Any]", value)]
    if isinstance(shape, MapShape):
        return {key: _encode(item, shape.value) for key, item in cast("dict[str, Any]", value).items()}
    return _SCALARS.get(shape.type_name, str)(value)


_SCALARS: Mapping[str, Callable[[Any], Any]] = {
    "boolean": bool,
    "double": float,
    "float": float,
    "integer": int,
    "long": int,
    "timestamp": datetime.timestamp,
}
