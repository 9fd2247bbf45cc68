"""Pages of operators: who signs in, as what, and since when."""

from flask import Blueprint, g, render_template

from services.contracts.domain import Scope
from services.contracts.operators import PERMISSIONS, Role
from services.gateway.console.guard import console_blueprint
from services.gateway.console.layout import asked_by_htmx
from services.gateway.console.lists import part_of
from services.gateway.operator_bodies import OperatorBody
from services.gateway.operators import OperatorRegister


def operator_pages(operators: OperatorRegister) -> Blueprint:
    """Make the blueprint of ``/console/operators``."""
    blueprint = console_blueprint("operator_pages", Scope.OPERATORS_WRITE)

    @blueprint.get("/operators")
    def some() -> str:
        page, next_url = part_of(operators.records.list(), "operator_pages.some")
        shown = [OperatorBody.of(operator) for operator in page]
        template = "console/operators/some.html" if asked_by_htmx() else "console/operators/page.html"
        return render_template(template, operators=shown, next_url=next_url, roles=_given_away())

    @blueprint.get("/operators/<operator_id>")
    def one(operator_id: str) -> str:
        found = operators.find(operator_id)
        return render_template(
            "console/operators/operator.html",
            shown=OperatorBody.of(found),
            version=found.version,
            roles=_given_away(),
        )

    return blueprint


def _given_away() -> list[Role]:
    """Tell the roles that may no more than who looks at the page."""
    return [role for role in Role if PERMISSIONS[role] <= g.principal.scopes]
