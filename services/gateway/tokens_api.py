"""The API of API tokens: issued, listed, revoked."""

from http import HTTPStatus

from flask import Blueprint, Response, g, request, url_for

from services.contracts.domain import Scope
from services.gateway.authentication import PrincipalAuthenticator
from services.gateway.cursors import Cursors, page_size
from services.gateway.json_answer import json_answer
from services.gateway.json_body import read_json
from services.gateway.openapi import Answer, json_of, operation
from services.gateway.openapi_fields import LOCATION, PAGE
from services.gateway.problems import UNKNOWN_TOKEN
from services.gateway.settings import GatewaySettings
from services.gateway.token_bodies import NewToken, NewTokenBody, TokenBody, TokensBody
from services.gateway.tokens import TokenRegister
from services.gateway.watchdog import Watchdog


def tokens_api(
    tokens: TokenRegister, authenticator: PrincipalAuthenticator, settings: GatewaySettings
) -> Blueprint:
    """Make the blueprint of ``/v1/tokens``."""
    blueprint = Blueprint("tokens_api", __name__, url_prefix="/v1/tokens")
    authenticator.guard(blueprint, reading=Scope.TOKENS_WRITE, writing=Scope.TOKENS_WRITE)
    watchdog = Watchdog(settings.photo_timeout)

    @blueprint.post("")
    @operation(
        "Issue a token",
        Answer(HTTPStatus.CREATED, "The token, which is shown this once.", NewTokenBody, (LOCATION,)),
        description="Nobody issues one that may more than they may themselves.",
        takes=json_of(NewToken),
    )
    def issue() -> Response:
        issued, token = tokens.issue(read_json(request, NewToken, watchdog), g.principal)
        response = json_answer(NewTokenBody.issued(issued, token), HTTPStatus.CREATED)
        response.headers["Location"] = url_for("tokens_api.show", token_id=issued.token_id)
        return response

    @blueprint.get("")
    @operation(
        "List tokens",
        Answer(HTTPStatus.OK, "A page of the list, the oldest first.", TokensBody),
        parameters=PAGE,
    )
    def listed() -> Response:
        cursors = Cursors(g.principal, "tokens")
        page, following = tokens.page(cursors.read(request.args.get("cursor")), page_size(request.args))
        body = TokensBody(
            tokens=[TokenBody.of(issued) for issued in page], next_cursor=cursors.write(following)
        )
        return json_answer(body)

    @blueprint.get("/<token_id>")
    @operation(
        "Show a token's record",
        Answer(HTTPStatus.OK, "What it may, and never itself.", TokenBody),
        problems=(UNKNOWN_TOKEN,),
    )
    def show(token_id: str) -> Response:
        return json_answer(TokenBody.of(tokens.find(token_id)))

    @blueprint.delete("/<token_id>")
    @operation(
        "Revoke a token",
        Answer(HTTPStatus.NO_CONTENT, "Within two seconds no gateway takes it any more."),
        problems=(UNKNOWN_TOKEN,),
    )
    def revoke(token_id: str) -> Response:
        tokens.revoke(token_id)
        return Response(status=HTTPStatus.NO_CONTENT)

    return blueprint
