"""What an OpenAPI document says, in words for a page."""

import re
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup, escape

_CODE = re.compile("`([^`]+)`")


def code_in(text: str) -> Markup:
    """Set what stands between backquotes as code."""
    # escaped before
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704  # nosec B704


def name_of(reference: str) -> str:
    """Tell the name of what a ``$ref`` refers to."""
    return reference.rpartition("/")[2]


def type_in_words(schema: Mapping[str, Any]) -> Markup:
    """Say what a JSON Schema asks for, with links to the schemas that have names."""
    if "$ref" in schema:
        name = name_of(schema["$ref"])
        return Markup('<a href="#{0}">{0}</a>').format(name)
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return Markup(" or ").join(type_in_words(one) for one in schema[choice])
    if "const" in schema:
        return Markup("<code>{}</code>").format(schema["const"])
    if "enum" in schema:
        return Markup(", ").join(Markup("<code>{}</code>").format(value) for value in schema["enum"])
    if schema.get("type") == "array":
        return Markup("list of ") + type_in_words(schema.get("items", {}))
    return escape(schema.get("format") or schema.get("type") or schema.get("contentMediaType") or "anything")
