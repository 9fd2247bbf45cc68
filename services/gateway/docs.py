"""The OpenAPI document, and the page made of it."""

import json
from functools import cache
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Flask, Response, render_template, request

from services.gateway.docs_words import code_in, name_of, type_in_words
from services.gateway.openapi import Answer, operation
from services.gateway.openapi_document import openapi_document


def docs(app: Flask) -> Blueprint:
    """Make the blueprint of ``/openapi.json`` and ``/docs``.

    Parameters
    ----------
    app : flask.Flask
        Whose routes are described; read when the document is first asked for, so with all its blueprints.
    """
    blueprint = Blueprint("docs", __name__)

    @cache
    def document() -> dict[str, Any]:
        return openapi_document(app)

    @cache
    def page() -> str:
        return render_template(
            "docs.html", document=document(), type_in_words=type_in_words, code_in=code_in, name_of=name_of
        )

    @blueprint.get("/openapi.json")
    @operation("Show this document", Answer(HTTPStatus.OK, "The OpenAPI document.", "application/json"))
    def openapi() -> Response:
        return _unless_known(Response(json.dumps(document()), mimetype="application/json"))

    @blueprint.get("/docs")
    @operation("Show this document as a page", Answer(HTTPStatus.OK, "The page.", "text/html"))
    def shown() -> Response:
        return _unless_known(Response(page(), mimetype="text/html"))

    return blueprint


def _unless_known(response: Response) -> Response:
    response.add_etag()
    response.cache_control.no_cache = True
    response.make_conditional(request)
    return response
