"""The API of kiosks: frames in, a decision out."""

from datetime import UTC, datetime
from http import HTTPStatus

from flask import Blueprint, Response, g, request, url_for

from services.contracts.domain import Decision
from services.contracts.kiosk_signatures import TIME
from services.contracts.messages import MOST_FRAMES
from services.gateway.authentication import KioskAuthenticator
from services.gateway.frames import FRAME_FORMATS, FrameLimits, FrameReader
from services.gateway.idempotency_key import idempotency_key
from services.gateway.json_answer import json_answer
from services.gateway.kiosk_contacts import KioskContacts
from services.gateway.kiosk_signatures import SIGNED, FrameSignatures
from services.gateway.openapi import Answer, Guard, Security, guarded, operation, pictures_of
from services.gateway.openapi_fields import IDEMPOTENCY_KEY, LOCATION, PREFER, PREFERENCE_APPLIED, RETRY_AFTER
from services.gateway.prefer import preferred_wait
from services.gateway.problems import (
    FRAME_DIMENSIONS,
    IDEMPOTENCY_KEY_REUSED,
    OVERLOADED,
    UNKNOWN_RECOGNITION,
    UNREADABLE_FRAME,
)
from services.gateway.request_body import FRAME, BodyLimits, read_pictures
from services.gateway.retries import RepeatableRecognitions, fingerprint
from services.gateway.schemas import DecisionBody, PendingBody
from services.gateway.service import Pending, Recognitions
from services.gateway.settings import GatewaySettings
from services.gateway.watchdog import Watchdog

_POLL_AGAIN_SECONDS = "1"


def kiosk_api(
    recognitions: Recognitions,
    repeatable: RepeatableRecognitions,
    authenticator: KioskAuthenticator,
    settings: GatewaySettings,
    *,
    signatures: FrameSignatures,
    contacts: KioskContacts,
) -> Blueprint:
    """Make the blueprint of ``/v1/recognitions``."""
    blueprint = Blueprint("kiosk_api", __name__, url_prefix="/v1/recognitions")
    guarded(blueprint, Guard((Security.KIOSK,)))
    body_limits = BodyLimits(
        settings.max_frame_bytes, settings.max_form_bytes, MOST_FRAMES, Watchdog(settings.body_timeout)
    )
    reader = FrameReader(
        FrameLimits(
            settings.max_frame_bytes,
            settings.max_frame_pixels,
            settings.min_frame_side,
            settings.needed_frame_side,
        ),
        settings.frames_read_at_once,
    )

    @blueprint.before_request
    def authenticate() -> None:
        # before the body is read: whoever has no token sends us nothing
        g.kiosk = authenticator.authenticate(request.headers.get("Authorization"))
        contacts.heard(g.kiosk, request.headers.get(TIME))

    @blueprint.post("")
    @operation(
        "Have a visitor recognised",
        Answer(HTTPStatus.OK, "The decision.", DecisionBody, (PREFERENCE_APPLIED,)),
        Answer(
            HTTPStatus.ACCEPTED,
            "The recognition is not decided yet.",
            PendingBody,
            (LOCATION, RETRY_AFTER, PREFERENCE_APPLIED),
        ),
        description="Up to five frames of one visitor, as the body or as files `image` of a form.",
        takes=pictures_of(FRAME, MOST_FRAMES, *FRAME_FORMATS),
        parameters=(IDEMPOTENCY_KEY, PREFER, *SIGNED),
        problems=(UNREADABLE_FRAME, FRAME_DIMENSIONS, IDEMPOTENCY_KEY_REUSED, OVERLOADED),
    )
    def recognize() -> Response:
        received_at = datetime.now(UTC)
        key = idempotency_key(request.headers.get("Idempotency-Key"))
        headers = request.headers
        check = signatures.check_of(g.kiosk, lambda: authenticator.shown(headers["Authorization"]), headers)
        pictures = read_pictures(request, body_limits, check)
        frames = reader.read(pictures)
        wait = preferred_wait(request.headers.getlist("Prefer"), settings.max_wait)
        if key is None:
            result = recognitions.request(g.kiosk, frames, received_at, wait or 0)
        else:
            result = repeatable.request(
                g.kiosk, frames, received_at, wait or 0, key=key, frames_sha256=fingerprint(pictures)
            )
        response = _answer(result)
        if wait is not None:
            response.headers["Preference-Applied"] = f"wait={wait}"
        return response

    @blueprint.get("/<recognition_id>")
    @operation(
        "Show the decision of a recognition",
        Answer(HTTPStatus.OK, "The decision.", DecisionBody),
        Answer(HTTPStatus.ACCEPTED, "It is not decided yet.", PendingBody, (LOCATION, RETRY_AFTER)),
        problems=(UNKNOWN_RECOGNITION,),
    )
    def recognition(recognition_id: str) -> Response:
        return _answer(recognitions.find(g.kiosk, recognition_id))

    return blueprint


def _answer(result: Decision | Pending) -> Response:
    g.recognition_id = result.recognition_id
    if isinstance(result, Decision):
        g.outcome = f"{result.outcome}:{result.reason}"
        return json_answer(DecisionBody.of(result), HTTPStatus.OK)
    g.outcome = "pending"
    response = json_answer(PendingBody(recognition_id=result.recognition_id), HTTPStatus.ACCEPTED)
    response.headers["Location"] = url_for("kiosk_api.recognition", recognition_id=result.recognition_id)
    response.headers["Retry-After"] = _POLL_AGAIN_SECONDS
    return response
