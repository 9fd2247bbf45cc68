"""Whatever JSON any declared route is sent, it answers as it declares, and never with an error of ours."""

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.gateway.openapi_document import openapi_document
from tests.unit.gateway.conftest import Gateway

WORDS = st.text(max_size=30) | st.sampled_from(
    [
        "ada",
        "everyone",
        "2026-02-30",
        "02-29",
        "25:00-26:00",
        "22:00-06:00",
        "Europe/Berlin",
        "s3://b/",
        "\x00",
    ]
)
NUMBERS = st.integers() | st.floats() | st.sampled_from([10**400, -1, 0, 2**63, 1e308])
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


def bodies(document: dict[str, Any], schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Objects with the fields of a schema, its values and others."""
    named = document["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], schema)
    fields = dict.fromkeys(named.get("properties", {}), VALUES)
    return st.fixed_dictionaries({}, optional=fields) | VALUES


def taking_json(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, operation["requestBody"]["content"]["application/json"]["schema"])
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if "application/json" in operation.get("requestBody", {}).get("content", {})
    ]


@pytest.fixture
def document(gateway: Gateway) -> dict[str, Any]:
    return openapi_document(gateway.client.application)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(data=st.data())
def test_whatever_json_is_sent_is_answered_as_declared(
    gateway: Gateway, document: dict[str, Any], data: st.DataObject
):
    method, path, schema = data.draw(st.sampled_from(taking_json(document)))
    answer = gateway.client.open(
        re.sub(r"\{[^}]*\}", "ada", path),
        method=method.upper(),
        headers=gateway.as_program(),
        data=json.dumps(data.draw(bodies(document, schema))),
        content_type="application/json",
    )
    assert answer.status_code < 500, answer.get_data(as_text=True)
    assert str(answer.status_code) in document["paths"][path][method]["responses"], answer.status_code
    if answer.status_code >= 400:
        assert answer.mimetype == "application/problem+json"
        assert answer.get_json()["detail"]
