"""Who is talking: a kiosk, or a program with an API token."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock
from typing import Generic, TypeVar

from cachetools import TTLCache
from flask import Blueprint, g, request

from services.contracts.domain import Scope
from services.contracts.kiosks import Kiosk
from services.contracts.tokens import ApiToken, KioskToken
from services.gateway.collaborators import IssuedTokens, Kiosks
from services.gateway.openapi import Guard, Security, guarded
from services.gateway.principals import Principal, PrincipalKind
from services.gateway.problems import INSUFFICIENT_SCOPE, NO_TOKEN, WRONG_TOKEN, Problem

#: Seconds a record is believed, and so the longest that a revoked token still works.
TOKEN_CACHE_SECONDS = 2.0
_CACHED_HOLDERS = 4096
_READING = frozenset({"GET", "HEAD"})

Holder = TypeVar("Holder")
Token = TypeVar("Token", KioskToken, ApiToken)


class KioskAuthenticator:
    """Tells the kiosk from the token of its request.

    Parameters
    ----------
    kiosks : Kiosks
        The kiosks registered; one that shows its token is asked for at most every `TOKEN_CACHE_SECONDS`.
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
        self._kiosk = _Remembered(kiosks.get, timer)
        self._now = now

    def authenticate(self, authorization: str | None) -> Kiosk:
        """Find the kiosk whose token the ``Authorization`` field carries.

        Raises
        ------
        Problem
            If there is no bearer token, or it is no registered kiosk's.
        """
        token = _bearer(authorization, KioskToken.parse, _NO_KIOSK)
        kiosk = self._kiosk(token.kiosk_id)
        if kiosk is not None and not kiosk.accepts(token, self._now()):
            # paired or with a new token for less than our record is old, perhaps by another gateway
            kiosk = self._kiosk.anew(token.kiosk_id)
        if kiosk is None or not kiosk.accepts(token, self._now()):
            raise _wrong_token(_NO_KIOSK)
        return kiosk


class ProgramAuthenticator:
    """Tells from the token of a request which program makes it.

    Parameters
    ----------
    tokens : IssuedTokens
        The tokens issued; each is asked for at most every `TOKEN_CACHE_SECONDS`.
    timer : callable
        Seconds from any beginning, for the cache.
    """

    def __init__(self, tokens: IssuedTokens, timer: Callable[[], float] = time.monotonic) -> None:
        self._issued = _Remembered(tokens.get, timer)

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
        return Principal(
            PrincipalKind.TOKEN, issued.token_id, frozenset(issued.scopes), secret=issued.token_sha256
        )


class PrincipalAuthenticator:
    """Lets those through to a blueprint who may use it, and nobody else.

    Parameters
    ----------
    programs : ProgramAuthenticator
        Knows programs by their tokens.
    """

    def __init__(self, programs: ProgramAuthenticator) -> None:
        self._programs = programs

    def guard(self, blueprint: Blueprint, *, reading: Scope, writing: Scope) -> None:
        """Let requests of a blueprint pass with the scope that they need; ``g.principal`` tells whose."""
        guarded(blueprint, Guard((Security.PROGRAM,), reading, writing))

        @blueprint.before_request
        def authenticate() -> None:
            # before the body is read: whoever has no token sends us nothing
            g.principal = self._programs.authenticate(request.headers.get("Authorization"))
            permit(g.principal, reading if request.method in _READING else writing)


def permit(principal: Principal, needed: Scope) -> None:
    """Refuse whoever lacks a scope.

    Raises
    ------
    Problem
        If they do; it names the scope.
    """
    if needed in principal.scopes:
        return
    raise Problem(
        INSUFFICIENT_SCOPE,
        f"The token has not the scope {needed}. Use one that was created with --scope {needed}.",
        {"WWW-Authenticate": f'Bearer realm="facegate", error="insufficient_scope", scope="{needed}"'},
    )


_NO_KIOSK = "The token is no registered kiosk's, or was revoked. Register the kiosk and use its new token."
_NO_PROGRAM = (
    "The token is no program's, or was revoked. Create one with 'facegate tokens create'; kiosk tokens open "
    "no other way in."
)


class _Remembered(Generic[Holder]):
    """Records of those who have tokens, each believed for `TOKEN_CACHE_SECONDS`."""

    def __init__(self, look_up: Callable[[str], Holder | None], timer: Callable[[], float]) -> None:
        self._look_up = look_up
        self._cache: TTLCache[str, tuple[Holder | None]] = TTLCache(
            _CACHED_HOLDERS, TOKEN_CACHE_SECONDS, timer
        )
        self._lock = Lock()

    def __call__(self, holder_id: str) -> Holder | None:
        """Tell what is known of them, or look it up."""
        with self._lock:
            known = self._cache.get(holder_id)
        return known[0] if known else self.anew(holder_id)

    def anew(self, holder_id: str) -> Holder | None:
        """Look them up, whatever is known."""
        holder = self._look_up(holder_id)
        with self._lock:
            self._cache[holder_id] = (holder,)
        return holder


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
