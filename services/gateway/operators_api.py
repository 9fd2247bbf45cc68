"""The API of operators: created, changed, removed."""

from http import HTTPStatus

from flask import Blueprint, Response, g, request, url_for

from services.contracts.domain import Scope
from services.contracts.operators import Operator
from services.gateway.authentication import PrincipalAuthenticator
from services.gateway.cursors import Cursors, page_size
from services.gateway.etags import etag, wanted_version
from services.gateway.json_answer import json_answer
from services.gateway.json_body import read_json
from services.gateway.openapi import Answer, json_of, operation
from services.gateway.openapi_fields import ETAG, IF_MATCH, LOCATION, PAGE
from services.gateway.operator_bodies import NewOperator, OperatorBody, OperatorChange, OperatorsBody
from services.gateway.operators import OperatorRegister
from services.gateway.problems import (
    LAST_ADMIN,
    OPERATOR_CHANGED,
    OPERATOR_EXISTS,
    OWN_ACCOUNT,
    TOO_MANY_SIGN_INS,
    UNKNOWN_OPERATOR,
    UNUSABLE_PASSWORD,
)
from services.gateway.settings import GatewaySettings
from services.gateway.watchdog import Watchdog

_OF_ANOTHER = (UNKNOWN_OPERATOR, OPERATOR_CHANGED, OWN_ACCOUNT, LAST_ADMIN)
_OF_A_PASSWORD = (UNUSABLE_PASSWORD, TOO_MANY_SIGN_INS)


def operators_api(
    operators: OperatorRegister, authenticator: PrincipalAuthenticator, settings: GatewaySettings
) -> Blueprint:
    """Make the blueprint of ``/v1/operators``."""
    blueprint = Blueprint("operators_api", __name__, url_prefix="/v1/operators")
    authenticator.guard(blueprint, reading=Scope.OPERATORS_WRITE, writing=Scope.OPERATORS_WRITE)
    watchdog = Watchdog(settings.photo_timeout)

    @blueprint.post("")
    @operation(
        "Create an operator",
        Answer(HTTPStatus.CREATED, "The operator.", OperatorBody, (LOCATION, ETAG)),
        description="Nobody creates one who may more than they may themselves.",
        takes=json_of(NewOperator),
        problems=(OPERATOR_EXISTS, *_OF_A_PASSWORD),
    )
    def create() -> Response:
        operator = operators.create(read_json(request, NewOperator, watchdog), g.principal)
        response = _answer(operator, HTTPStatus.CREATED)
        response.headers["Location"] = url_for("operators_api.show", operator_id=operator.operator_id)
        return response

    @blueprint.get("")
    @operation(
        "List operators",
        Answer(HTTPStatus.OK, "A page of the list, by login.", OperatorsBody),
        parameters=PAGE,
    )
    def listed() -> Response:
        cursors = Cursors(g.principal, "operators")
        page, following = operators.page(cursors.read(request.args.get("cursor")), page_size(request.args))
        body = OperatorsBody(
            operators=[OperatorBody.of(operator) for operator in page], next_cursor=cursors.write(following)
        )
        return json_answer(body)

    @blueprint.get("/<operator_id>")
    @operation(
        "Show an operator",
        Answer(HTTPStatus.OK, "The operator.", OperatorBody, (ETAG,)),
        problems=(UNKNOWN_OPERATOR,),
    )
    def show(operator_id: str) -> Response:
        return _answer(operators.find(operator_id))

    @blueprint.patch("/<operator_id>")
    @operation(
        "Change an operator's role, status or password",
        Answer(HTTPStatus.OK, "The operator.", OperatorBody, (ETAG,)),
        description="All their sessions end. Nobody changes themselves, one who may more than they may "
        "themselves, or the last admin into something else.",
        takes=json_of(OperatorChange),
        parameters=(IF_MATCH,),
        problems=(*_OF_ANOTHER, *_OF_A_PASSWORD),
    )
    def change(operator_id: str) -> Response:
        version = wanted_version(request.headers.get("If-Match"), OPERATOR_CHANGED)
        wanted = read_json(request, OperatorChange, watchdog)
        return _answer(operators.change(operator_id, wanted, version, g.principal))

    @blueprint.delete("/<operator_id>")
    @operation(
        "Remove an operator",
        Answer(HTTPStatus.NO_CONTENT, "The operator is removed, and all their sessions have ended."),
        parameters=(IF_MATCH,),
        problems=_OF_ANOTHER,
    )
    def remove(operator_id: str) -> Response:
        version = wanted_version(request.headers.get("If-Match"), OPERATOR_CHANGED)
        operators.remove(operator_id, version, g.principal)
        return Response(status=HTTPStatus.NO_CONTENT)

    return blueprint


def _answer(operator: Operator, status: HTTPStatus = HTTPStatus.OK) -> Response:
    response = json_answer(OperatorBody.of(operator), status)
    response.headers["ETag"] = etag(operator.version)
    return response
