"""The API of emergencies: all doors open, all locked, and the end of it."""

from http import HTTPStatus

from flask import Blueprint, Response, g, request, url_for

from services.contracts.domain import Scope
from services.contracts.emergencies import Emergency
from services.gateway.authentication import PrincipalAuthenticator
from services.gateway.cursors import Cursors, page_size
from services.gateway.door_bodies import (
    EmergenciesBody,
    EmergencyConfirmation,
    EmergencyProposal,
    ProposedEmergencyBody,
)
from services.gateway.emergencies import EmergencyDesk
from services.gateway.json_answer import json_answer
from services.gateway.json_body import read_json
from services.gateway.openapi import Answer, json_of, operation
from services.gateway.openapi_fields import LOCATION, PAGE
from services.gateway.problems import UNKNOWN_ACCESS_RECORD, UNKNOWN_EMERGENCY, WRONG_CONFIRMATION
from services.gateway.settings import GatewaySettings
from services.gateway.watchdog import Watchdog


def emergencies_api(
    desk: EmergencyDesk, authenticator: PrincipalAuthenticator, settings: GatewaySettings
) -> Blueprint:
    """Make the blueprint of ``/v1/emergencies``."""
    blueprint = Blueprint("emergencies_api", __name__, url_prefix="/v1/emergencies")
    authenticator.guard(blueprint, reading=Scope.ACCESS_READ, writing=Scope.EMERGENCY)
    watchdog = Watchdog(settings.photo_timeout)

    @blueprint.post("")
    @operation(
        "Ask for an emergency: the first of two steps, which changes nothing",
        Answer(
            HTTPStatus.ACCEPTED,
            "What to send to `/v1/emergencies/<emergency_id>/confirmation` within a minute.",
            ProposedEmergencyBody,
        ),
        description="`open_all` tells doors that act to stand open, `lock_all` lets nobody in from the next "
        "decision on and tells doors to shut, `end` undoes both.",
        takes=json_of(EmergencyProposal),
        problems=(UNKNOWN_ACCESS_RECORD,),
    )
    def propose() -> Response:
        proposal = read_json(request, EmergencyProposal, watchdog)
        return json_answer(desk.propose(proposal, g.principal), HTTPStatus.ACCEPTED)

    @blueprint.post("/<emergency_id>/confirmation")
    @operation(
        "Confirm an emergency",
        Answer(
            HTTPStatus.ACCEPTED,
            "The emergency. Locks count already; `doors` tells, when it is asked for later, which doors that "
            "act were reached.",
            Emergency,
            (LOCATION,),
        ),
        description="By the token or session that asked for it. Confirmed twice, it is done once.",
        takes=json_of(EmergencyConfirmation),
        problems=(WRONG_CONFIRMATION, UNKNOWN_ACCESS_RECORD, UNKNOWN_EMERGENCY),
    )
    def confirm(emergency_id: str) -> Response:
        said = read_json(request, EmergencyConfirmation, watchdog)
        emergency = desk.confirm(emergency_id, said.confirmation, g.principal)
        response = json_answer(emergency, HTTPStatus.ACCEPTED)
        response.headers["Location"] = url_for("emergencies_api.show", emergency_id=emergency.emergency_id)
        return response

    @blueprint.get("")
    @operation(
        "List emergencies",
        Answer(HTTPStatus.OK, "A page of the list, the newest first.", EmergenciesBody),
        parameters=PAGE,
    )
    def emergencies() -> Response:
        cursors = Cursors(g.principal, "emergencies")
        page, position = desk.page(cursors.read(request.args.get("cursor")), page_size(request.args))
        return json_answer(EmergenciesBody(emergencies=page, next_cursor=cursors.write(position)))

    @blueprint.get("/<emergency_id>")
    @operation(
        "Show what became of an emergency",
        Answer(HTTPStatus.OK, "The emergency, with every door's outcome.", Emergency),
        problems=(UNKNOWN_EMERGENCY,),
    )
    def show(emergency_id: str) -> Response:
        return json_answer(desk.find(emergency_id))

    return blueprint
