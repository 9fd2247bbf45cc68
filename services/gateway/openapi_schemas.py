"""JSON Schemas of the models that routes declare, with what their docstrings say of each field."""

import re
from collections.abc import Iterable, Mapping
from inspect import cleandoc
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

#: A model, as it is read or as it is answered.
ModelIn = tuple[type[BaseModel], JsonSchemaMode]
References = Mapping[ModelIn, Any]

_ATTRIBUTES = re.compile(r"\n\nAttributes\n-+\n")
_NAMES = re.compile(r"(?P<names>[a-z0-9_]+(?:, [a-z0-9_]+)*) : .+")


def schemas_of(
    models: Iterable[ModelIn],
) -> tuple[References, dict[str, Any]]:
    """Make the schemas of models and of all that they are made of.

    Parameters
    ----------
    models : iterable of (model, mode)
        Each as it is read (``validation``) or as it is answered (``serialization``).

    Returns
    -------
    references : mapping of (model, mode) to schema
        A ``$ref`` for each.
    definitions : dict of str to schema
        What those refer to, by name.
    """
    unique: list[Any] = sorted(set(models), key=lambda one: (one[0].__name__, one[1]))
    references, schema = models_json_schema(
        unique,
        ref_template="#/components/schemas/{model}",
    )
    definitions: dict[str, Any] = schema.get("$defs", {})
    for definition in definitions.values():
        _tell_fields(definition)
    return {one: references[one] for one in unique}, definitions


def _tell_fields(schema: dict[str, Any]) -> None:
    """Move what a NumPy-style docstring says of attributes to the properties themselves."""
    summary, *attributes = _ATTRIBUTES.split(schema.get("description", ""), maxsplit=1)
    if not attributes:
        return
    schema["description"] = summary
    properties = schema.get("properties", {})
    for names, told in _attributes(attributes[0]):
        for name in names:
            if name in properties:
                properties[name]["description"] = told


def _attributes(section: str) -> Iterable[tuple[list[str], str]]:
    names: list[str] = []
    lines: list[str] = []
    for line in [*section.splitlines(), "end : of section"]:
        named = _NAMES.fullmatch(line)
        if named is None:
            lines.append(line)
            continue
        if names:
            yield names, " ".join(cleandoc("\n".join(lines)).split())
        names, lines = named["names"].split(", "), []
