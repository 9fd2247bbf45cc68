"""The API of what doors do when somebody may pass."""

from http import HTTPStatus

from flask import Blueprint, Response, request

from services.contracts.domain import Scope
from services.contracts.doors import DoorAction
from services.gateway.authentication import PrincipalAuthenticator
from services.gateway.door_actions import DoorActions
from services.gateway.door_bodies import ActionOrder, DoorActionBody
from services.gateway.etags import etag, wanted_version
from services.gateway.json_answer import json_answer
from services.gateway.json_body import read_json
from services.gateway.openapi import Answer, json_of, operation
from services.gateway.openapi_fields import ETAG, IF_MATCH
from services.gateway.problems import ACTION_CHANGED, NO_ACTION, UNKNOWN_ACCESS_RECORD, UNUSABLE_TARGET
from services.gateway.settings import GatewaySettings
from services.gateway.watchdog import Watchdog


def door_actions_api(
    actions: DoorActions, authenticator: PrincipalAuthenticator, settings: GatewaySettings
) -> Blueprint:
    """Make the blueprint of ``/v1/doors/<id>/action``."""
    blueprint = Blueprint("door_actions_api", __name__, url_prefix="/v1/doors/<door_id>/action")
    authenticator.guard(blueprint, reading=Scope.ACCESS_READ, writing=Scope.ACCESS_WRITE)
    watchdog = Watchdog(settings.photo_timeout)

    @blueprint.get("")
    @operation(
        "Show what a door does",
        Answer(HTTPStatus.OK, "Its action, without the secret.", DoorActionBody, (ETAG,)),
        problems=(UNKNOWN_ACCESS_RECORD, NO_ACTION),
    )
    def show(door_id: str) -> Response:
        return _answer(actions.find(door_id))

    @blueprint.put("")
    @operation(
        "Set what a door does",
        Answer(
            HTTPStatus.OK, "Its action; a secret that is new is shown this once.", DoorActionBody, (ETAG,)
        ),
        description="It holds within two seconds. What was counted for the action before is forgotten.",
        takes=json_of(ActionOrder),
        parameters=(IF_MATCH,),
        problems=(UNKNOWN_ACCESS_RECORD, UNUSABLE_TARGET, ACTION_CHANGED),
    )
    def put(door_id: str) -> Response:
        version = wanted_version(request.headers.get("If-Match"), ACTION_CHANGED)
        order = read_json(request, ActionOrder, watchdog)
        action, fresh = actions.set(
            door_id, order.target, new_secret_wanted=order.new_secret, version=version
        )
        return _answer(action, with_secret=fresh)

    @blueprint.delete("")
    @operation(
        "Have a door do nothing",
        Answer(HTTPStatus.NO_CONTENT, "It does nothing, within two seconds."),
        problems=(UNKNOWN_ACCESS_RECORD, NO_ACTION),
    )
    def remove(door_id: str) -> Response:
        actions.remove(door_id)
        return Response(status=HTTPStatus.NO_CONTENT)

    return blueprint


def _answer(action: DoorAction, *, with_secret: bool = False) -> Response:
    response = json_answer(DoorActionBody.of(action, with_secret=with_secret))
    response.headers["ETag"] = etag(action.version)
    return response
