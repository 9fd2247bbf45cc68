"""The OpenAPI document as a page for people."""

import re

import pytest

from services.gateway.docs_words import code_in, type_in_words
from tests.unit.gateway.conftest import Gateway


@pytest.fixture
def page(gateway: Gateway) -> str:
    answer = gateway.client.get("/docs")
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    return answer.get_data(as_text=True)


def test_every_operation_and_schema_is_on_the_page(gateway: Gateway, page: str):
    document = gateway.client.get("/openapi.json").get_json()
    ids = {operation["operationId"] for path in document["paths"].values() for operation in path.values()}
    assert ids | set(document["components"]["schemas"]) <= set(re.findall(r'id="([^"]+)"', page))


def test_every_link_of_the_page_leads_somewhere(gateway: Gateway, page: str):
    ids = set(re.findall(r'id="([^"]+)"', page))
    for link in set(re.findall(r'(?:href|src)="([^"]+)"', page)):
        if link.startswith("#"):
            assert link[1:] in ids
        else:
            assert gateway.client.get(link).status_code == 200, link


def test_the_page_has_nothing_inline_and_nothing_from_elsewhere(page: str):
    assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=", page)
    assert not re.search(r'(?:href|src)="(?![/#])', page)


def test_the_page_is_sent_once(gateway: Gateway):
    known = gateway.client.get("/docs").headers["ETag"]
    assert gateway.client.get("/docs", headers={"If-None-Match": known}).status_code == 304


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string"}, "string"),
        ({"type": "string", "format": "date-time"}, "date-time"),
        ({"$ref": "#/components/schemas/Door"}, '<a href="#Door">Door</a>'),
        ({"type": "array", "items": {"type": "integer"}}, "list of integer"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string or null"),
        ({"enum": ["<b>", "a"]}, "<code>&lt;b&gt;</code>, <code>a</code>"),
        ({"const": "held"}, "<code>held</code>"),
        ({}, "anything"),
    ],
)
def test_schemas_are_told_in_words(schema: dict[str, object], words: str):
    assert type_in_words(schema) == words


def test_words_between_backquotes_are_code_and_nothing_is_markup():
    assert code_in("`a<b` & <c>") == "<code>a&lt;b</code> &amp; &lt;c&gt;"
