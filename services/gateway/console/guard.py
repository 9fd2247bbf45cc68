"""Who sees pages of the console: operators who are signed in and whose role allows it."""

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, g, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from services.contracts.domain import Scope
from services.gateway.console.layout import asked_by_htmx, console_of, page_blueprint
from services.gateway.principals import permit
from services.gateway.problems import SESSION_ENDED, Problem
from services.gateway.session_cookies import shown_session
from services.gateway.sessions import SignedIn

_NEEDED = "facegate_page_needs"
_HOME = "/console"
#: Pages of our own: never another host's, which would begin with ``//`` or a scheme.
_OWN_PAGE = re.compile(r"/console(?:/(?!\.)[\w.~%-]+)*(?:\?[\w.~%&=+:-]*)?", re.ASCII)
_LONGEST_ADDRESS = 500

View = TypeVar("View", bound=Callable[..., Any])


def console_blueprint(name: str, scope: Scope | None = None) -> Blueprint:
    """Make a blueprint of pages below ``/console`` for operators who are signed in.

    ``g.principal`` and ``g.signed_in`` tell who. Whoever is not signed in is led to do so, and comes back.

    Parameters
    ----------
    scope : Scope, optional
        What its pages need, where `needs` says nothing else; None is any role.
    """
    blueprint = page_blueprint(name)

    @blueprint.before_request
    def authenticate() -> BaseResponse | None:
        signed_in = find_signed_in()
        if signed_in is None:
            return _lead_to_sign_in()
        g.signed_in, g.principal = signed_in, signed_in.principal
        needed = getattr(current_app.view_functions[request.endpoint or ""], _NEEDED, scope)
        if needed is not None:
            permit(g.principal, needed)
        return None

    return blueprint


def needs(scope: Scope) -> Callable[[View], View]:
    """Have a page need another scope than its blueprint's; stands below its ``@blueprint.get``."""

    def declare(view: View) -> View:
        setattr(view, _NEEDED, scope)
        return view

    return declare


def find_signed_in() -> SignedIn | None:
    """Find whose session the request brings; None if it has ended, or there is none."""
    try:
        token = shown_session(request)
        return None if token is None else console_of(current_app).sessions.find(token)
    except Problem as problem:
        if problem.type is not SESSION_ENDED:
            raise
        return None


def own_page(address: str | None) -> str:
    """Return the address if it is a page of the console, else the first page's."""
    if address is None or len(address) > _LONGEST_ADDRESS or not _OWN_PAGE.fullmatch(address):
        return _HOME
    return address


def _lead_to_sign_in() -> BaseResponse:
    if not asked_by_htmx():
        wanted = request.full_path if request.query_string else request.path
        return redirect(_sign_in(wanted), HTTPStatus.SEE_OTHER)
    # the page that shows the fragment, not the fragment, is where to go on
    shown = urlsplit(request.headers.get("HX-Current-URL", ""))
    wanted = f"{shown.path}?{shown.query}" if shown.query else shown.path
    response = Response(status=HTTPStatus.NO_CONTENT)
    response.headers["HX-Redirect"] = _sign_in(wanted)
    return response


def _sign_in(wanted: str) -> str:
    page = own_page(wanted)
    return url_for("sign_in_pages.sign_in", next=None if page == _HOME else page)
