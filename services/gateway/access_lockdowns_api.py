"""The API of lockdowns: a door, a zone or the whole site closed to everybody at once."""

from http import HTTPStatus

from flask import Blueprint, Response, g, request

from services.contracts.access import Lockdown, Locked
from services.contracts.domain import Scope
from services.gateway.access import AccessControl
from services.gateway.access_bodies import LockdownOrder, LockdownsBody
from services.gateway.authentication import PrincipalAuthenticator
from services.gateway.cursors import Cursors, page_size
from services.gateway.json_answer import json_answer
from services.gateway.json_body import read_json
from services.gateway.openapi import Answer, json_of, operation
from services.gateway.openapi_fields import PAGE
from services.gateway.problems import UNKNOWN_ACCESS_RECORD, ProblemType
from services.gateway.settings import GatewaySettings
from services.gateway.watchdog import Watchdog

_HELD = "Nobody passes from the next decision on, whatever the rules say, until the lockdown is ended."


def access_lockdowns_api(
    access: AccessControl, authenticator: PrincipalAuthenticator, settings: GatewaySettings
) -> Blueprint:
    """Make the blueprint of ``/v1/lockdowns`` and of each door's, zone's and the site's lockdown."""
    blueprint = Blueprint("access_lockdowns_api", __name__, url_prefix="/v1")
    authenticator.guard(blueprint, reading=Scope.ACCESS_READ, writing=Scope.EMERGENCY)
    watchdog = Watchdog(settings.photo_timeout)

    @blueprint.get("/lockdowns")
    @operation(
        "List the lockdowns that stand",
        Answer(HTTPStatus.OK, "A page of the list.", LockdownsBody),
        parameters=PAGE,
    )
    def lockdowns() -> Response:
        cursors = Cursors(g.principal, "lockdowns")
        standing, following = access.lockdowns(
            cursors.read(request.args.get("cursor")), page_size(request.args)
        )
        return json_answer(LockdownsBody(lockdowns=standing, next_cursor=cursors.write(following)))

    for target, path, word in (
        (Locked.SITE, "/site/lockdown", "the whole site"),
        (Locked.ZONE, "/zones/<target_id>/lockdown", "a zone"),
        (Locked.DOOR, "/doors/<target_id>/lockdown", "a door"),
    ):
        _add_lockdown(blueprint, access, watchdog, target=target, path=path, word=word)
    return blueprint


def _add_lockdown(
    blueprint: Blueprint, access: AccessControl, watchdog: Watchdog, *, target: Locked, path: str, word: str
) -> None:
    problems: tuple[ProblemType, ...] = () if target is Locked.SITE else (UNKNOWN_ACCESS_RECORD,)

    @blueprint.put(path, endpoint=f"lock_{target}")
    @operation(
        f"Lock {word}",
        Answer(HTTPStatus.OK, "The lockdown.", Lockdown),
        description=_HELD,
        takes=json_of(LockdownOrder),
        problems=problems,
    )
    def lock(target_id: str | None = None) -> Response:
        order = read_json(request, LockdownOrder, watchdog)
        return json_answer(access.lock(target, target_id, order.reason, g.principal.name))

    @blueprint.delete(path, endpoint=f"unlock_{target}")
    @operation(
        f"End the lockdown of {word}",
        Answer(HTTPStatus.NO_CONTENT, "It is not locked, from the next decision on; the rules decide."),
        problems=problems,
    )
    def unlock(target_id: str | None = None) -> Response:
        access.unlock(target, target_id)
        return Response(status=HTTPStatus.NO_CONTENT)
