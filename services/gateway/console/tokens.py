"""The page of the tokens by which programs use the API."""

from datetime import UTC, datetime

from flask import Blueprint, g, render_template

from services.contracts.domain import Scope
from services.gateway.console.guard import console_blueprint
from services.gateway.console.layout import asked_by_htmx
from services.gateway.console.lists import part_of
from services.gateway.token_bodies import TokenBody
from services.gateway.tokens import TokenRegister


def token_pages(tokens: TokenRegister) -> Blueprint:
    """Make the blueprint of ``/console/tokens``."""
    blueprint = console_blueprint("token_pages", Scope.TOKENS_WRITE)

    @blueprint.get("/tokens")
    def some() -> str:
        page, next_url = part_of(tokens.records.list(), "token_pages.some")
        return render_template(
            "console/tokens/some.html" if asked_by_htmx() else "console/tokens/page.html",
            tokens=[TokenBody.of(issued) for issued in page],
            next_url=next_url,
            now=datetime.now(UTC),
            scopes=[scope for scope in Scope if scope in g.principal.scopes],
        )

    return blueprint
