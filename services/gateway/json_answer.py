"""Answers in JSON."""

from http import HTTPStatus

from flask import Response
from pydantic import BaseModel


def json_answer(body: BaseModel, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Make an answer that nobody on the way keeps: it is about a person."""
    response = Response(body.model_dump_json(), status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
