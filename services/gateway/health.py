"""Whether the process lives, and whether it can do its work."""

import structlog
from flask import Blueprint, Response, jsonify

from services.aws.errors import AwsError
from services.gateway.problems import NOT_READY, Problem
from services.gateway.service import Recognitions
from services.gateway.uuid7 import uuid7

_log = structlog.stdlib.get_logger(__name__)


def health(recognitions: Recognitions) -> Blueprint:
    """Make the blueprint of ``/healthz`` and ``/readyz``."""
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="alive")

    @blueprint.get("/readyz")
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
        return jsonify(status="ready", queued=depth)

    return blueprint


def _not_ready(what: str) -> Problem:
    return Problem(NOT_READY, f"{what} Try again in a few seconds.", {"Retry-After": "5"})
