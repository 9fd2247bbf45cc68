"""The OpenAPI document, and the page made of it."""

import json
from functools import cache
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Flask, Response, request

from services.gateway.openapi import Answer, operation
from services.gateway.openapi_document import openapi_document


def docs(app: Flask) -> Blueprint:
    """Make the blueprint of ``/openapi.json``.

    Parameters
    ----------
    app : flask.Flask
        Whose routes are described; read when the document is first asked for, so with all its blueprints.
    """
    blueprint = Blueprint("docs", __name__)

    @cache
    def document() -> dict[str, Any]:
        return openapi_document(app)

    @blueprint.get("/openapi.json")
    @operation("Show this document", Answer(HTTPStatus.OK, "The OpenAPI document.", "application/json"))
    def openapi() -> Response:
        response = Response(json.dumps(document()), mimetype="application/json")
        response.add_etag()
        response.make_conditional(request)
        return response

    return blueprint
