"""Checking requests against the service model: types and required members, then what they may hold."""

import base64
import binascii
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, cast

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from botocore.validate import ParamValidator

from localaws.rekognition.protocol.errors import ServiceError

_VALIDATOR = ParamValidator()


def parse_request(document: object, shape: StructureShape) -> dict[str, Any]:
    """Turn a JSON document into the parameters of an operation.

    Members the model does not know are left out, as AWS does; blobs are decoded from base64.

    Raises
    ------
    ServiceError
        SerializationException for what is not of the right type, ValidationException for what is
        missing or outside its length, pattern, enumeration or range.
    """
    if not isinstance(document, dict):
        raise ServiceError("SerializationException", "The request body is not a JSON object")
    parameters = cast("dict[str, Any]", _decode(document, shape))
    report = _VALIDATOR.validate(parameters, shape)
    if report.has_errors():
        raise ServiceError("ValidationException", report.generate_report())
    violations = list(_violations(parameters, shape, ""))
    if violations:
        plural = "" if len(violations) == 1 else "s"
        raise ServiceError(
            "ValidationException",
            f"{len(violations)} validation error{plural} detected: {'; '.join(violations)}",
        )
    return parameters


def _decode(value: Any, shape: Shape) -> Any:
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return {
            name: _decode(members[name], member)
            for name, member in shape.members.items()
            if members.get(name) is not None
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_decode(item, shape.member) for item in cast("list[Any]", value)]
    if shape.type_name == "blob":
        return _decode_blob(value)
    return value


def _decode_blob(value: Any) -> bytes:
    if not isinstance(value, str):
        raise ServiceError("SerializationException", "Binary members are base64 text")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ServiceError("SerializationException", "A binary member is not valid base64") from error


def _violations(value: Any, shape: Shape, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        for name, item in value.items():
            yield from _violations(item, shape.members[name], f"{path}.{name}".lstrip("."))
        return
    broken = list(_broken_constraints(value, shape))
    # The values of blobs and of whole lists stay out of messages, and messages out of proportion.
    shown = f"Value '{value:.100}' at" if isinstance(value, str) else "Value at"
    yield from (f"{shown} '{path}' failed to satisfy constraint: {constraint}" for constraint in broken)
    if isinstance(shape, ListShape) and not broken:
        for number, item in enumerate(value, start=1):
            yield from _violations(item, shape.member, f"{path}.{number}.member")
    if isinstance(shape, MapShape) and not broken:
        for key, item in cast("dict[str, Any]", value).items():
            yield from _violations(key, shape.key, f"{path}.key")
            yield from _violations(item, shape.value, f"{path}.{key:.100}")


def _broken_constraints(value: Any, shape: Shape) -> Iterator[str]:
    limits = shape.metadata
    least, most = limits.get("min"), limits.get("max")
    if shape.type_name in {"integer", "long", "float", "double"}:
        if least is not None and value < least:
            yield f"Member must have value greater than or equal to {least}"
        if most is not None and value > most:
            yield f"Member must have value less than or equal to {most}"
    elif shape.type_name in {"string", "list", "map", "blob"}:
        if least is not None and len(value) < least:
            yield f"Member must have length greater than or equal to {least}"
        # Too many bytes of image have their own error, ImageTooLargeException.
        if most is not None and len(value) > most and shape.type_name != "blob":
            yield f"Member must have length less than or equal to {most}"
    if isinstance(shape, StringShape):
        if shape.enum and value not in shape.enum:
            yield f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"
        pattern = limits.get("pattern")
        if pattern is not None and not _compiled(pattern).fullmatch(value):
            yield f"Member must satisfy regular expression pattern: {pattern}"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # The model is written for Java, whose names for character classes Python lacks.
    return re.compile(
        pattern.replace(r"\p{L}", r"[^\W\d_]").replace(r"\p{Z}", r"\s").replace(r"\p{N}", r"\d")
    )
