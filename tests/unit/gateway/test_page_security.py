"""What keeps every page to itself, and what is about people out of caches."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask

from services.gateway.openapi_document import Route, routes_of
from services.gateway.problems import PROBLEM_TYPES
from services.gateway.strict_transport import insist_on_tls
from tests.unit.gateway.conftest import Gateway

YEAR = 31_536_000


def pages_of(gateway: Gateway) -> Iterator[str]:
    """Addresses of all routes that answer with a page."""
    for route in routes_of(gateway.client.application):
        if any(answer.body == "text/html" for answer in route.operation.answers):
            yield route.path.replace("{slug}", next(iter(PROBLEM_TYPES)))


def private(route: Route) -> bool:
    return route.guard is not None and route.method == "GET"


def test_every_page_allows_scripts_and_styles_of_its_own_alone(gateway: Gateway):
    pages = list(pages_of(gateway))
    assert {"/", "/kiosk", "/docs"} < set(pages)
    for path in pages:
        assert "{" not in path, "say in this test what a page with a parameter is asked for"
        answer = gateway.client.get(path)
        assert answer.status_code in (200, 302), path
        policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
        assert policy["default-src"] == "'none'", path
        assert policy["script-src"] == policy["style-src"] == "'self'", path
        assert policy["frame-ancestors"] == policy["form-action"] == policy["base-uri"] == "'none'", path
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_no_page_has_anything_inline(gateway: Gateway):
    for path in pages_of(gateway):
        page = gateway.client.get(path).get_data(as_text=True)
        assert not re.search(r"<script(?![^>]*\bsrc=)", page), path
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page), path


def test_whatever_needs_a_token_is_kept_by_no_cache(gateway: Gateway):
    routes = [route for route in routes_of(gateway.client.application) if private(route)]
    assert len(routes) > 20
    for route in routes:
        path = re.sub(r"\{[^}]*\}", "ada", route.path)
        for headers in ({}, gateway.as_program(), gateway.headers()):
            answer = gateway.client.get(path, headers=headers)
            assert answer.headers["Cache-Control"] == "no-store", (path, answer.status_code)


@pytest.fixture
def insistent() -> Flask:
    app = Flask(__name__)
    insist_on_tls(app, YEAR)
    app.add_url_rule("/", view_func=lambda: "page")
    return app


def test_browsers_that_came_by_tls_are_told_to_come_by_it_alone(insistent: Flask):
    answer = insistent.test_client().get("/", base_url="https://gateway")
    assert answer.headers["Strict-Transport-Security"] == f"max-age={YEAR}"


def test_browsers_that_came_without_tls_are_told_nothing(insistent: Flask):
    assert "Strict-Transport-Security" not in insistent.test_client().get("/").headers


def test_browsers_are_told_nothing_unless_the_deployer_says_so(gateway: Gateway):
    answer = gateway.client.get("/kiosk", base_url="https://gateway")
    assert "Strict-Transport-Security" not in answer.headers
