"""The API of kiosks: a frame in, a decision out."""

from datetime import UTC, datetime
from http import HTTPStatus
from threading import BoundedSemaphore

from flask import Blueprint, Response, g, request, url_for
from pydantic import BaseModel

from services.contracts.domain import Decision
from services.gateway.authentication import KioskAuthenticator
from services.gateway.frames import FrameLimits, read_frame
from services.gateway.prefer import preferred_wait
from services.gateway.request_body import read_picture
from services.gateway.schemas import DecisionBody, PendingBody
from services.gateway.service import Pending, Recognitions
from services.gateway.settings import GatewaySettings

_POLL_AGAIN_SECONDS = "1"


def kiosk_api(
    recognitions: Recognitions, authenticator: KioskAuthenticator, settings: GatewaySettings
) -> Blueprint:
    """Make the blueprint of ``/v1/recognitions``."""
    blueprint = Blueprint("kiosk_api", __name__, url_prefix="/v1/recognitions")
    limits = FrameLimits(
        settings.max_frame_bytes,
        settings.max_frame_pixels,
        settings.min_frame_side,
        settings.needed_frame_side,
    )
    reading = BoundedSemaphore(settings.frames_read_at_once)

    @blueprint.before_request
    def authenticate() -> None:
        # before the body is read: whoever has no token sends us nothing
        g.kiosk = authenticator.authenticate(request.headers.get("Authorization"))

    @blueprint.post("")
    def recognize() -> Response:
        received_at = datetime.now(UTC)
        data, content_type = read_picture(request, settings.max_frame_bytes, settings.body_timeout)
        with reading:
            frame = read_frame(data, content_type, limits)
        wait = preferred_wait(request.headers.getlist("Prefer"), settings.max_wait)
        response = _answer(recognitions.request(g.kiosk, frame, received_at, wait or 0))
        if wait is not None:
            response.headers["Preference-Applied"] = f"wait={wait}"
        return response

    @blueprint.get("/<recognition_id>")
    def recognition(recognition_id: str) -> Response:
        return _answer(recognitions.find(g.kiosk, recognition_id))

    return blueprint


def _answer(result: Decision | Pending) -> Response:
    g.recognition_id = result.recognition_id
    if isinstance(result, Decision):
        g.outcome = f"{result.outcome}:{result.reason}"
        return _json(DecisionBody.of(result), HTTPStatus.OK)
    g.outcome = "pending"
    response = _json(PendingBody(recognition_id=result.recognition_id), HTTPStatus.ACCEPTED)
    response.headers["Location"] = url_for("kiosk_api.recognition", recognition_id=result.recognition_id)
    response.headers["Retry-After"] = _POLL_AGAIN_SECONDS
    return response


def _json(body: BaseModel, status: HTTPStatus) -> Response:
    response = Response(body.model_dump_json(), status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
