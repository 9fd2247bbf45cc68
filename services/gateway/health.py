"""Whether the process lives, and whether it can do its work."""

from http import HTTPStatus
from typing import Literal

import structlog
from flask import Blueprint, Response
from pydantic import BaseModel

from services.aws.errors import AwsError
from services.gateway.json_answer import json_answer
from services.gateway.openapi import Answer, operation
from services.gateway.problems import NOT_READY, Problem
from services.gateway.service import Recognitions
from services.gateway.uuid7 import uuid7

_log = structlog.stdlib.get_logger(__name__)


class HealthBody(BaseModel):
    """That the process lives."""

    status: Literal["alive"] = "alive"


class ReadinessBody(BaseModel):
    """That the gateway takes frames.

    Attributes
    ----------
    queued : int
        How many recognitions wait for a worker.
    """

    status: Literal["ready"] = "ready"
    queued: int


def health(recognitions: Recognitions) -> Blueprint:
    """Make the blueprint of ``/healthz`` and ``/readyz``."""
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/healthz")
    @operation("Tell whether the process lives", Answer(HTTPStatus.OK, "It does.", HealthBody))
    def healthz() -> Response:
        return json_answer(HealthBody())

    @blueprint.get("/readyz")
    @operation(
        "Tell whether frames can be taken",
        Answer(HTTPStatus.OK, "They can.", ReadinessBody),
        problems=(NOT_READY,),
    )
    def readyz() -> Response:
        if not recognitions.replies.healthy:
            raise _not_ready("The workers' replies cannot be heard.")
        try:
            depth = recognitions.jobs.depth()
            # no decision has this fresh id; asking for it shows that the table answers
            recognitions.decisions.get(str(uuid7()))
        except AwsError as error:
            _log.warning("not_ready", error=str(error))
            raise _not_ready("The queue of jobs or the table of decisions cannot be reached.") from error
        return json_answer(ReadinessBody(queued=depth))

    return blueprint


def _not_ready(what: str) -> Problem:
    return Problem(NOT_READY, f"{what} Try again in a few seconds.", {"Retry-After": "5"})
