"""Checking requests against the service model: types, required members, then what they may hold.

An operation's input shape is turned into functions once; a request only runs them.
"""

import binascii
import math
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NoReturn, TypeAlias, cast

import pybase64
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from localaws.rekognition.protocol.errors import ServiceError

#: Takes a JSON value and its path, returns the parameter, and notes what is broken in the list.
_Reader: TypeAlias = Callable[[Any, str, list[str]], Any]

#: A sentence of AWS's, and what has to hold for it.
_Constraint: TypeAlias = tuple[str, Callable[[Any], bool]]

_MAX_REPORTED = 10


class RequestParser:
    """Turns JSON documents into the parameters of one operation.

    Members that the model does not know are left out, as AWS does; blobs are decoded from base64.
    """

    def __init__(self, shape: StructureShape) -> None:
        self._read = _reader(shape)

    def parse(self, document: object) -> dict[str, Any]:
        """Return the parameters.

        Raises
        ------
        ServiceError
            SerializationException for what is not of the right type, ValidationException for what is
            missing or outside its length, pattern, enumeration or range.
        """
        violations: list[str] = []
        parameters = self._read(document, "", violations)
        if violations:
            plural = "" if len(violations) == 1 else "s"
            raise ServiceError(
                "ValidationException",
                f"{len(violations)} validation error{plural} detected: "
                + "; ".join(violations[:_MAX_REPORTED]),
            )
        return parameters


def _reader(shape: Shape) -> _Reader:
    if isinstance(shape, StructureShape):
        return _structure_reader(shape)
    if isinstance(shape, ListShape):
        return _list_reader(shape)
    if isinstance(shape, MapShape):
        return _map_reader(shape)
    if shape.type_name == "blob":
        return _blob_reader(shape)
    return _scalar_reader(shape)


def _structure_reader(shape: StructureShape) -> _Reader:
    # AWS's messages spell members as its Java code does: collectionId.
    members = [(name, name[0].lower() + name[1:], _reader(member)) for name, member in shape.members.items()]
    required = set(shape.required_members)

    def read(value: Any, path: str, violations: list[str]) -> dict[str, Any]:
        if not isinstance(value, dict):
            _refuse(value, "a structure")
        sent, known = cast("dict[str, Any]", value), dict[str, Any]()
        for name, spelled, read_member in members:
            item, place = sent.get(name), f"{path}.{spelled}" if path else spelled
            if item is not None:
                known[name] = read_member(item, place, violations)
            elif name in required:
                violations.append(
                    f"Value null at '{place}' failed to satisfy constraint: Member must not be null"
                )
        return known

    return read


def _list_reader(shape: ListShape) -> _Reader:
    lengths, member = _length_constraints(shape), shape.member
    scalar = isinstance(member, StringShape)
    constraints = _constraints(member) if scalar else []
    read_type = _type_reader(member) if scalar else None
    read_member = _reader(member)
    all_of = f"Member must satisfy constraint: [{', '.join(sentence for sentence, _ in constraints)}]"

    def read(value: Any, path: str, violations: list[str]) -> list[Any]:
        if not isinstance(value, list):
            _refuse(value, "a list")
        items = cast("list[Any]", value)
        if _note_broken(lengths, items, f"Value at '{path}'", violations):
            return items
        if read_type is None:
            return [
                read_member(item, f"{path}.{number}.member", violations)
                for number, item in enumerate(items, start=1)
            ]
        for item in items:
            read_type(item)
        broken = next((i for i in items if not all(holds(i) for _, holds in constraints)), None)
        if broken is not None:
            violations.append(f"Value '[{broken:.100}]' at '{path}' failed to satisfy constraint: {all_of}")
        return items

    return read


def _map_reader(shape: MapShape) -> _Reader:
    lengths, read_key, read_value = _length_constraints(shape), _reader(shape.key), _reader(shape.value)

    def read(value: Any, path: str, violations: list[str]) -> dict[str, Any]:
        if not isinstance(value, dict):
            _refuse(value, "a map")
        entries = cast("dict[str, Any]", value)
        if _note_broken(lengths, entries, f"Value at '{path}'", violations):
            return entries
        return {
            read_key(key, f"{path}.key", violations): read_value(item, f"{path}.value", violations)
            for key, item in entries.items()
        }

    return read


def _blob_reader(shape: Shape) -> _Reader:
    # Too many bytes of image have their own error, ImageTooLargeException.
    least = [found for found in _length_constraints(shape) if "greater" in found[0]]

    def read(value: Any, path: str, violations: list[str]) -> bytes:
        if not isinstance(value, str):
            _refuse(value, "base64 text")
        try:
            blob = pybase64.b64decode(value, validate=True)
        except (binascii.Error, ValueError) as error:
            raise ServiceError("SerializationException", f"'{path}' is not valid base64") from error
        _note_broken(least, blob, f"Value at '{path}'", violations)
        return blob

    return read


def _scalar_reader(shape: Shape) -> _Reader:
    read_type, constraints = _type_reader(shape), _constraints(shape)

    def read(value: Any, path: str, violations: list[str]) -> Any:
        read_type(value)
        for sentence, holds in constraints:
            if not holds(value):
                shown = f"{value:.100}" if isinstance(value, str) else f"{value:g}"
                violations.append(f"Value '{shown}' at '{path}' failed to satisfy constraint: {sentence}")
        return value

    return read


def _type_reader(shape: Shape) -> Callable[[Any], None]:
    expected, types = _TYPES[shape.type_name]

    def read(value: Any) -> None:
        if not isinstance(value, types) or (isinstance(value, bool) and types is not bool):
            _refuse(value, expected)
        if isinstance(value, str):
            if not value.isascii():
                _check_encodable(value)
        elif abs(value) > _LARGEST_NUMBER or math.isnan(value):
            _refuse(value, expected)

    return read


_TYPES: Mapping[str, tuple[str, Any]] = {
    "string": ("String", str),
    "boolean": ("Boolean", bool),
    "integer": ("Integer", int),
    "long": ("Long", int),
    "float": ("Float", (int, float)),
    "double": ("Double", (int, float)),
}

_LARGEST_NUMBER = 2**63


def _check_encodable(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ServiceError("SerializationException", "A text holds half of a surrogate pair") from error


def _refuse(value: Any, expected: str) -> NoReturn:
    match value:
        case list():
            message = "Start of list found where not expected"
        case dict():
            message = "Start of structure or map found where not expected."
        case None:
            message = f"NULL_VALUE can not be converted to {expected}"
        case bool():
            message = f"{str(value).upper()}_VALUE can not be converted to {expected}"
        case str():
            message = f"STRING_VALUE can not be converted to {expected}"
        case _:
            message = f"NUMBER_VALUE can not be converted to {expected}"
    raise ServiceError("SerializationException", message)


def _note_broken(constraints: list[_Constraint], value: Any, place: str, violations: list[str]) -> bool:
    broken = [sentence for sentence, holds in constraints if not holds(value)]
    violations.extend(f"{place} failed to satisfy constraint: {sentence}" for sentence in broken)
    return bool(broken)


def _constraints(shape: Shape) -> list[_Constraint]:
    if not isinstance(shape, StringShape):
        return _range_constraints(shape)
    constraints = _length_constraints(shape)
    if shape.enum:
        allowed = frozenset(shape.enum)
        constraints.append(
            (f"Member must satisfy enum value set: [{', '.join(shape.enum)}]", allowed.__contains__)
        )
    pattern = shape.metadata.get("pattern")
    if pattern is not None:
        matches = _compiled(pattern).fullmatch
        constraints.append(
            (
                f"Member must satisfy regular expression pattern: {pattern}",
                lambda value: matches(value) is not None,
            )
        )
    return constraints


def _length_constraints(shape: Shape) -> list[_Constraint]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    constraints: list[_Constraint] = []
    if most is not None:
        constraints.append(
            (f"Member must have length less than or equal to {most}", lambda value: len(value) <= most)
        )
    if least:
        constraints.append(
            (f"Member must have length greater than or equal to {least}", lambda value: len(value) >= least)
        )
    return constraints


def _range_constraints(shape: Shape) -> list[_Constraint]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    constraints: list[_Constraint] = []
    if most is not None:
        constraints.append(
            (f"Member must have value less than or equal to {most}", lambda value: value <= most)
        )
    if least is not None:
        constraints.append(
            (f"Member must have value greater than or equal to {least}", lambda value: value >= least)
        )
    return constraints


#: Java's names for classes of characters, which Python lacks. Letters come with digits and the
#: underscore, which every pattern of the model that has letters allows as well.
_CHARACTER_CLASSES = {
    r"\p{L}": r"\w",
    r"\p{N}": r"\d",
    r"\p{Z}": r" \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000",
}


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    for name, characters in _CHARACTER_CLASSES.items():
        pattern = pattern.replace(name, characters)
    return re.compile(pattern)
