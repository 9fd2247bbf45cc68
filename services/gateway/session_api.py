"""The API by which operators sign in and out."""

from contextlib import suppress
from http import HTTPStatus

from flask import Blueprint, Response, g, request

from services.gateway.json_answer import json_answer
from services.gateway.json_body import read_json
from services.gateway.limits import RateLimit
from services.gateway.openapi import Answer, Field, Guard, Security, guarded, json_of, operation
from services.gateway.openapi_fields import CSRF_TOKEN
from services.gateway.operators import OperatorRegister
from services.gateway.problems import (
    CROSS_SITE,
    OPERATOR_CHANGED,
    TLS_NEEDED,
    TOO_MANY_SIGN_INS,
    TOO_MANY_TRIES,
    UNUSABLE_PASSWORD,
    WRONG_CREDENTIALS,
    Problem,
)
from services.gateway.session_bodies import Credentials, PasswordChange, SessionBody
from services.gateway.session_cookies import (
    forget_session,
    need_csrf_token,
    need_own_page,
    need_privacy,
    set_session,
    shown_session,
)
from services.gateway.sessions import Sessions, SignedIn, session_ended
from services.gateway.settings import GatewaySettings
from services.gateway.watchdog import Watchdog

_COOKIE = Field("Set-Cookie", "The session, for this browser alone.", {"type": "string"})
_TRIES = (WRONG_CREDENTIALS, TOO_MANY_TRIES, TOO_MANY_SIGN_INS)


def sign_in_api(sessions: Sessions, operators: OperatorRegister, settings: GatewaySettings) -> Blueprint:
    """Make the blueprint of signing in, for which nobody needs a session."""
    blueprint = Blueprint("sign_in_api", __name__, url_prefix="/v1/session")
    guarded(blueprint, Guard(()))
    watchdog, of_an_address = Watchdog(settings.photo_timeout), RateLimit(settings.sign_in_limit)

    @blueprint.before_request
    def refuse() -> None:
        # before anything is read, and before the audit trail is written
        need_own_page(request)
        need_privacy(request)
        of_an_address.count(request.remote_addr or "")

    @blueprint.post("")
    @operation(
        "Sign in",
        Answer(HTTPStatus.CREATED, "Who is signed in.", SessionBody, (_COOKIE,)),
        description="Needs no token. The session is in a cookie that scripts cannot read. Whoever tries too "
        "many passwords is told to wait.",
        takes=json_of(Credentials),
        problems=(*_TRIES, CROSS_SITE, TLS_NEEDED),
    )
    def sign_in() -> Response:
        credentials = read_json(request, Credentials, watchdog)
        operator = operators.passwords.identify(credentials.login, credentials.password)
        # a cookie that is no session's is left behind as it is
        with suppress(Problem):
            if (previous := shown_session(request)) is not None:
                sessions.end(previous)
        signed_in = sessions.begin(operator)
        g.principal = signed_in.principal
        return _answer(sessions, signed_in, HTTPStatus.CREATED)

    return blueprint


def session_api(sessions: Sessions, operators: OperatorRegister, settings: GatewaySettings) -> Blueprint:
    """Make the blueprint of ``/v1/session`` for those who are signed in, whatever their role."""
    blueprint = Blueprint("session_api", __name__, url_prefix="/v1/session")
    guarded(blueprint, Guard((Security.SESSION,)))
    watchdog = Watchdog(settings.photo_timeout)

    @blueprint.before_request
    def authenticate() -> None:
        token = shown_session(request)
        if token is None:
            raise session_ended()
        g.signed_in = sessions.find(token)
        g.principal = g.signed_in.principal
        need_csrf_token(request, token)

    @blueprint.get("")
    @operation(
        "Show who is signed in",
        Answer(HTTPStatus.OK, "Who is signed in, and what they may.", SessionBody),
    )
    def show() -> Response:
        return json_answer(SessionBody.of(g.signed_in, sessions.ends_at(g.signed_in.session)))

    @blueprint.delete("")
    @operation(
        "Sign out",
        Answer(HTTPStatus.NO_CONTENT, "The session has ended.", None, (_COOKIE,)),
        parameters=(CSRF_TOKEN,),
    )
    def sign_out() -> Response:
        sessions.end(g.signed_in.token)
        response = Response(status=HTTPStatus.NO_CONTENT)
        forget_session(response, request)
        return response

    @blueprint.post("/password")
    @operation(
        "Change one's own password",
        Answer(HTTPStatus.OK, "Who is signed in, with a new session.", SessionBody, (_COOKIE,)),
        description="All other sessions of the operator end.",
        takes=json_of(PasswordChange),
        parameters=(CSRF_TOKEN,),
        problems=(*_TRIES, UNUSABLE_PASSWORD, OPERATOR_CHANGED),
    )
    def change_password() -> Response:
        change = read_json(request, PasswordChange, watchdog)
        login = g.signed_in.operator.operator_id
        changed = operators.change_own_password(login, change.current_password, change.new_password)
        sessions.end(g.signed_in.token)
        return _answer(sessions, sessions.begin(changed), HTTPStatus.OK)

    return blueprint


def _answer(sessions: Sessions, signed_in: SignedIn, status: HTTPStatus) -> Response:
    response = json_answer(SessionBody.of(signed_in, sessions.ends_at(signed_in.session)), status)
    set_session(response, request, signed_in.token)
    return response
