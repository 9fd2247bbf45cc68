"""The OpenAPI document says what the routes are."""

from typing import Any

import pytest
from flask import Blueprint
from openapi_spec_validator import OpenAPIV31SpecValidator

from services.gateway.openapi_document import undeclared
from services.gateway.problems import PROBLEM_TYPES, TOO_MANY_WATCHERS
from tests.unit.gateway.conftest import Gateway


@pytest.fixture
def document(gateway: Gateway) -> dict[str, Any]:
    return gateway.client.get("/openapi.json").get_json()


def test_every_route_is_declared(gateway: Gateway):
    assert undeclared(gateway.client.application) == []


def test_a_route_that_is_not_declared_is_named(gateway: Gateway):
    app, added = gateway.client.application, Blueprint("added", __name__)
    added.add_url_rule("/v1/added", view_func=lambda: "", methods=["POST"])
    app.register_blueprint(added)
    assert undeclared(app) == ["['POST'] /v1/added"]


def test_the_document_is_openapi(document: dict[str, Any]):
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"].startswith("3.1")


def test_operations_have_ids_of_their_own(document: dict[str, Any]):
    ids = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids)) > 20


def test_what_an_operation_needs_is_told(document: dict[str, Any]):
    people = document["paths"]["/v1/people"]
    assert (people["get"]["x-scope"], people["post"]["x-scope"]) == ("people:read", "people:write")
    assert {"programToken": []} in people["post"]["security"]
    assert document["paths"]["/v1/recognitions"]["post"]["security"] == [{"kioskToken": []}]
    assert "security" not in document["paths"]["/healthz"]["get"]


def test_an_operation_tells_what_it_takes_and_every_way_it_ends(document: dict[str, Any]):
    create = document["paths"]["/v1/people"]["post"]
    assert create["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/NewPerson"
    }
    assert [parameter["name"] for parameter in create["parameters"]] == ["Idempotency-Key"]
    assert {"201", "400", "401", "403", "408", "413", "415", "422", "500", "503"} <= set(create["responses"])
    assert {"Location", "ETag"} == set(create["responses"]["201"]["headers"])
    refused = create["responses"]["422"]["content"]["application/problem+json"]["schema"]
    assert "/problems/invalid-fields" in refused["properties"]["type"]["enum"]
    assert "Retry-After" in create["responses"]["503"]["headers"]


def test_problems_are_told_by_types_that_explain_themselves(document: dict[str, Any]):
    told = {
        kind
        for path in document["paths"].values()
        for operation in path.values()
        for answer in operation["responses"].values()
        for content in answer.get("content", {}).values()
        for kind in content["schema"].get("properties", {}).get("type", {}).get("enum", [])
    }
    of_pages_alone = {TOO_MANY_WATCHERS.slug}
    assert told == {f"/problems/{slug}" for slug in PROBLEM_TYPES.keys() - of_pages_alone} | {"about:blank"}


def test_fields_are_described_by_the_docstrings_of_their_models(document: dict[str, Any]):
    schemas = document["components"]["schemas"]
    assert schemas["PersonBody"]["description"] == "A person as programs see them."
    assert schemas["PersonBody"]["properties"]["photos"]["description"] == "How many are indexed."
    assert "How many faces were removed" in schemas["DeletionBody"]["properties"]["decisions"]["description"]


def test_models_have_names_of_their_own(document: dict[str, Any]):
    assert not [name for name in document["components"]["schemas"] if "__" in name]


def test_the_document_is_sent_once(gateway: Gateway):
    first = gateway.client.get("/openapi.json")
    again = gateway.client.get("/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
