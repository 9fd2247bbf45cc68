"""The API of what nobody is to see unseen: people's photos, and everything about a person."""

from http import HTTPStatus

from flask import Blueprint, Response, stream_with_context

from services.contracts.domain import Scope
from services.gateway.audit import look
from services.gateway.authentication import PrincipalAuthenticator
from services.gateway.exports import PersonalData
from services.gateway.openapi import Answer, operation
from services.gateway.openapi_fields import CONTENT_DISPOSITION
from services.gateway.problems import UNKNOWN_ENROLLMENT, UNKNOWN_PERSON


def exports_api(personal: PersonalData, authenticator: PrincipalAuthenticator) -> Blueprint:
    """Make the blueprint of ``/v1/people/<id>/export`` and of photos' pictures."""
    blueprint = Blueprint("exports_api", __name__, url_prefix="/v1/people")
    authenticator.guard(blueprint, reading=Scope.PHOTOS_READ, writing=Scope.PHOTOS_READ)

    @blueprint.get("/<person_id>/photos/<enrollment_id>/image")
    @look
    @operation(
        "Look at a photo",
        Answer(HTTPStatus.OK, "The photo as it is kept.", "image/jpeg"),
        description="Each look is in the audit trail.",
        problems=(UNKNOWN_ENROLLMENT,),
    )
    def image(person_id: str, enrollment_id: str) -> Response:
        response = Response(personal.photo(person_id, enrollment_id), mimetype="image/jpeg")
        response.headers["Cache-Control"] = "private, no-store"
        return response

    @blueprint.get("/<person_id>/export")
    @look
    @operation(
        "Export everything about a person",
        Answer(
            HTTPStatus.OK,
            "A ZIP: who they are, photos, enrollments, decisions, records of the audit trail.",
            "application/zip",
            (CONTENT_DISPOSITION,),
        ),
        description="Each export is in the audit trail.",
        problems=(UNKNOWN_PERSON,),
    )
    def export(person_id: str) -> Response:
        response = Response(stream_with_context(personal.archive(person_id)), mimetype="application/zip")
        response.headers["Content-Disposition"] = 'attachment; filename="person.zip"'
        response.headers["Cache-Control"] = "private, no-store"
        return response

    return blueprint
