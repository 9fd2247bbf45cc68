"""The cookie of an operator's session, and whether a request that brings it comes from a page of ours."""

from flask import Request, Response

from services.contracts.sessions import SessionToken
from services.gateway.problems import CROSS_SITE, TLS_NEEDED, Problem
from services.gateway.sessions import session_ended

#: Browsers take a cookie of this name over TLS alone, for this host alone, and for all of its paths.
SECURE_COOKIE = "__Host-facegate"
#: On the machine itself, where there is no TLS.
LOCAL_COOKIE = "facegate"
CSRF_HEADER = "X-CSRF-Token"
#: Which language somebody chose for the pages, signed in or not.
LANGUAGE_COOKIE = "facegate-language"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})


def shown_session(request: Request) -> SessionToken | None:
    """Read the session's token that a request brings; None if it brings none.

    Raises
    ------
    Problem
        If it has not its form.
    """
    text = request.cookies.get(_cookie(request))
    if not text:
        return None
    try:
        return SessionToken.parse(text)
    except ValueError as error:
        raise session_ended() from error


def set_session(response: Response, request: Request, token: SessionToken) -> None:
    """Have the browser keep a session until it is closed."""
    response.set_cookie(
        _cookie(request),
        str(token),
        secure=request.is_secure,
        httponly=True,
        samesite="Strict",
        path="/",
    )


def forget_session(response: Response, request: Request) -> None:
    """Have the browser forget its session."""
    response.delete_cookie(
        _cookie(request), secure=request.is_secure, httponly=True, samesite="Strict", path="/"
    )


def need_privacy(request: Request) -> None:
    """Refuse a password that has crossed a network in the clear.

    Raises
    ------
    Problem
        If the request came neither over TLS nor from the machine itself, as the browser calls us.
    """
    host = request.host.rpartition(":")[0] if request.host.rpartition(":")[2].isdecimal() else request.host
    if not request.is_secure and host not in _LOCAL_HOSTS:
        raise Problem(
            TLS_NEEDED,
            "This gateway is asked over http, where others can read along. Use https; behind a proxy that "
            "ends TLS, set FACEGATE_PROXIES.",
        )


def need_own_page(request: Request) -> None:
    """Refuse what another site's page has a browser send.

    Raises
    ------
    Problem
        If the browser says so.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    own = f"{request.scheme}://{request.host}"
    if site not in {None, "same-origin", "none"} or origin not in {None, own}:
        raise Problem(CROSS_SITE, f"The request comes from another site's page. Send it from {own}.")


def need_csrf_token(request: Request, token: SessionToken) -> None:
    """Refuse a change that comes with a session's cookie alone, which a browser adds by itself.

    Raises
    ------
    Problem
        If a request that is not safe comes from another site, or without the session's CSRF token.
    """
    if request.method in _SAFE:
        return
    need_own_page(request)
    if not token.has_csrf_token(request.headers.get(CSRF_HEADER, "")):
        raise Problem(
            CROSS_SITE,
            f"The request lacks the session's CSRF token. Send what GET /v1/session tells as {CSRF_HEADER}.",
        )


def _cookie(request: Request) -> str:
    return SECURE_COOKIE if request.is_secure else LOCAL_COOKIE
