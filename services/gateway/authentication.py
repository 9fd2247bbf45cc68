"""Who is talking: a kiosk, a program with an API token, an operator who signed in, or somebody invited."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from flask import Blueprint, current_app, g, request

from services.contracts.domain import Scope
from services.contracts.invitations import Invitation
from services.contracts.kiosks import Kiosk
from services.contracts.tokens import ApiToken, InvitationToken, KioskToken
from services.gateway.collaborators import InvitationRecords, IssuedTokens, Kiosks
from services.gateway.limits import RateLimit
from services.gateway.openapi import Guard, Security, declared_by, guarded
from services.gateway.principals import Principal, PrincipalKind, permit
from services.gateway.problems import NO_TOKEN, WRONG_TOKEN, Problem
from services.gateway.remembered import Remembered
from services.gateway.session_cookies import need_csrf_token, shown_session
from services.gateway.sessions import Sessions

_READING = frozenset({"GET", "HEAD"})

Token = TypeVar("Token", KioskToken, ApiToken, InvitationToken)


class KioskAuthenticator:
    """Tells the kiosk from the token of its request.

    Parameters
    ----------
    kiosks : Kiosks
        The kiosks registered; one that shows its token is asked for at most every two seconds.
    timer : callable
        Seconds from any beginning, for the cache.
    now : callable
        The time, for tokens that work a little longer than their rotation.
    """

    def __init__(
        self,
        kiosks: Kiosks,
        timer: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._kiosk = Remembered(kiosks.get, timer)
        self._now = now

    def authenticate(self, authorization: str | None) -> Kiosk:
        """Find the kiosk whose token the ``Authorization`` field carries.

        Raises
        ------
        Problem
            If there is no bearer token, or it is no registered kiosk's.
        """
        token = self.shown(authorization)
        kiosk = self._kiosk(token.kiosk_id)
        if kiosk is not None and not kiosk.accepts(token, self._now()):
            # paired or with a new token for less than our record is old, perhaps by another gateway
            kiosk = self._kiosk.anew(token.kiosk_id)
        if kiosk is None or not kiosk.accepts(token, self._now()):
            raise _wrong_token(_NO_KIOSK)
        return kiosk

    @staticmethod
    def shown(authorization: str | None) -> KioskToken:
        """Read the token that the ``Authorization`` field carries, whosever it is.

        Raises
        ------
        Problem
            If it carries none of a kiosk's form.
        """
        return _bearer(authorization, KioskToken.parse, _NO_KIOSK)


class ProgramAuthenticator:
    """Tells from the token of a request which program makes it.

    Parameters
    ----------
    tokens : IssuedTokens
        The tokens issued; each is asked for at most every two seconds.
    timer : callable
        Seconds from any beginning, for the cache.
    now : callable
        The time, for tokens that end by themselves.
    """

    def __init__(
        self,
        tokens: IssuedTokens,
        timer: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._issued = Remembered(tokens.get, timer)
        self._now = now

    def authenticate(self, authorization: str | None) -> Principal:
        """Find the program whose token the ``Authorization`` field carries.

        Raises
        ------
        Problem
            If there is no bearer token, or it is no program's.
        """
        token = _bearer(authorization, ApiToken.parse, _NO_PROGRAM)
        issued = self._issued(token.token_id)
        if issued is None or not token.matches(issued.token_sha256):
            raise _wrong_token(_NO_PROGRAM)
        if issued.expires_at is not None and issued.expires_at <= self._now():
            raise _wrong_token(_EXPIRED)
        return Principal(
            PrincipalKind.TOKEN, issued.token_id, frozenset(issued.scopes), secret=issued.token_sha256
        )


class PrincipalAuthenticator:
    """Lets those through to a blueprint who may use it, and nobody else.

    Parameters
    ----------
    programs : ProgramAuthenticator
        Knows programs by their tokens.
    sessions : Sessions
        Knows operators by theirs.
    """

    def __init__(self, programs: ProgramAuthenticator, sessions: Sessions) -> None:
        self._programs = programs
        self._sessions = sessions

    def guard(self, blueprint: Blueprint, *, reading: Scope, writing: Scope) -> None:
        """Let requests of a blueprint pass with the scope that they need; ``g.principal`` tells whose.

        Parameters
        ----------
        reading, writing : Scope
            What safe methods need, and what the others do; a route that declares a scope needs that one.
        """
        guarded(blueprint, Guard((Security.PROGRAM, Security.SESSION), reading, writing))

        @blueprint.before_request
        def authenticate() -> None:
            # before the body is read: whoever has no token sends us nothing
            g.principal = self._principal()
            declared = declared_by(current_app.view_functions[request.endpoint or ""])
            usual = reading if request.method in _READING else writing
            permit(g.principal, (declared and declared.scope) or usual)

    def _principal(self) -> Principal:
        authorization = request.headers.get("Authorization")
        token = shown_session(request) if authorization is None else None
        if token is None:
            return self._programs.authenticate(authorization)
        principal = self._sessions.find(token).principal
        need_csrf_token(request, token)
        return principal


class InvitationAuthenticator:
    """Tells the invitation from the token of a request.

    Parameters
    ----------
    invitations : InvitationRecords
        The invitations made.
    wrong_tokens : RateLimit
        How many tokens of no invitation an address may show before nothing is looked up for it.
    """

    def __init__(self, invitations: InvitationRecords, wrong_tokens: RateLimit) -> None:
        self._invitations = invitations
        self._wrong_tokens = wrong_tokens

    def authenticate(self, authorization: str | None, address: str) -> Invitation:
        """Find the invitation whose token the ``Authorization`` field carries, also if it has ended.

        Raises
        ------
        Problem
            If there is no bearer token, it is no invitation's, or the address tried too many.
        """
        token = _bearer(authorization, InvitationToken.parse, _NO_INVITATION)
        self._wrong_tokens.need_room(address)
        invitation = self._invitations.get(token.invitation_id)
        if invitation is None or not token.matches(invitation.token_sha256):
            self._wrong_tokens.count(address)
            raise _wrong_token(_NO_INVITATION)
        return invitation


_NO_INVITATION = (
    "The token is no invitation's, or the invitation ended more than a month ago. Use the whole link that "
    "was sent, or ask for a new one."
)
_NO_KIOSK = "The token is no registered kiosk's, or was revoked. Register the kiosk and use its new token."
_NO_PROGRAM = (
    "The token is no program's, or was revoked. Create one with 'facegate tokens create'; kiosk tokens open "
    "no other way in."
)
_EXPIRED = "The token has expired. Create another with 'facegate tokens create'."


def _bearer(authorization: str | None, parse: Callable[[str], Token], not_one: str) -> Token:
    scheme, _, credentials = (authorization or "").strip().partition(" ")
    if scheme.lower() != "bearer" or not credentials.strip():
        raise Problem(
            NO_TOKEN,
            "The request has no token. Send it as 'Authorization: Bearer <token>'.",
            {"WWW-Authenticate": 'Bearer realm="facegate"'},
        )
    try:
        return parse(credentials.strip())
    except ValueError as error:
        raise _wrong_token(not_one) from error


def _wrong_token(detail: str) -> Problem:
    return Problem(
        WRONG_TOKEN, detail, {"WWW-Authenticate": 'Bearer realm="facegate", error="invalid_token"'}
    )
