"""The API of photos that wait for an operator."""

from http import HTTPStatus

from flask import Blueprint, Response, g, request, url_for

from services.contracts.domain import EnrollmentStatus, Scope
from services.gateway.authentication import PrincipalAuthenticator
from services.gateway.cursors import Cursors, page_size
from services.gateway.held import HeldPhotos
from services.gateway.json_answer import json_answer
from services.gateway.json_body import read_json
from services.gateway.openapi import Answer, Parameter, json_of, operation
from services.gateway.openapi_fields import LOCATION, PAGE
from services.gateway.person_bodies import EnrollmentBody, HeldBody, ResolutionOrder
from services.gateway.problems import INVALID_QUERY, NOT_HELD, UNKNOWN_ENROLLMENT, Problem
from services.gateway.settings import GatewaySettings
from services.gateway.watchdog import Watchdog

_STATUS = Parameter(
    "status",
    "query",
    "What they are to be; no others are listed.",
    {"const": EnrollmentStatus.HELD.value},
    (INVALID_QUERY,),
    required=True,
)


def held_api(held: HeldPhotos, authenticator: PrincipalAuthenticator, settings: GatewaySettings) -> Blueprint:
    """Make the blueprint of ``/v1/enrollments?status=held`` and of resolutions."""
    blueprint = Blueprint("held_api", __name__, url_prefix="/v1/enrollments")
    authenticator.guard(blueprint, reading=Scope.PEOPLE_READ, writing=Scope.PEOPLE_WRITE)
    watchdog = Watchdog(settings.photo_timeout)

    @blueprint.get("")
    @operation(
        "List photos that wait for an operator",
        Answer(HTTPStatus.OK, "A page of the list, in no particular order.", HeldBody),
        parameters=(_STATUS, *PAGE),
    )
    def waiting() -> Response:
        if request.args.get("status") != EnrollmentStatus.HELD.value:
            raise Problem(
                INVALID_QUERY,
                "Enrollments are listed with status=held alone. Ask for a person's photos, or for a batch's "
                "report.",
            )
        cursors = Cursors(g.principal, "held enrollments")
        position = cursors.read(request.args.get("cursor"))
        found, following = held.page(position, page_size(request.args))
        body = HeldBody(
            enrollments=[EnrollmentBody.of(enrollment) for enrollment in found],
            next_cursor=cursors.write(following),
        )
        return json_answer(body)

    @blueprint.post("/<enrollment_id>/resolution")
    @operation(
        "Decide about a photo that waits",
        Answer(
            HTTPStatus.ACCEPTED,
            "The enrollment, held until it is done.",
            EnrollmentBody,
            (LOCATION,),
        ),
        takes=json_of(ResolutionOrder),
        problems=(UNKNOWN_ENROLLMENT, NOT_HELD),
    )
    def resolve(enrollment_id: str) -> Response:
        order = read_json(request, ResolutionOrder, watchdog)
        enrollment = held.resolve(enrollment_id, order.resolution, g.principal.name)
        response = json_answer(EnrollmentBody.of(enrollment), HTTPStatus.ACCEPTED)
        response.headers["Location"] = url_for("photos_api.enrollment", enrollment_id=enrollment_id)
        return response

    return blueprint
