"""What all pages of the console share: their language, their navigation, their frame, and how errors look."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Flask, Response, current_app, g, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from services.contracts.domain import Scope
from services.gateway.error_handlers import ErrorAnswer, answer_for
from services.gateway.session_cookies import LANGUAGE_COOKIE
from services.gateway.sessions import Sessions
from services.gateway.texts import Languages, Texts

_EXTENSION = "facegate_console"
_YEAR_SECONDS = 365 * 24 * 60 * 60
_PROBLEMS = "/problems/"
#: As other pages', and pictures that a page has in memory, before they are sent.
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class Entry:
    """Where the navigation leads.

    Attributes
    ----------
    scope : Scope, optional
        Shown to those who have it; None is everybody.
    """

    path: str
    key: str
    scope: Scope | None = None


#: In the order of the navigation, in groups; what has no route is not shown.
NAVIGATION: tuple[tuple[Entry, ...], ...] = (
    (
        Entry("/console", "console.nav.home"),
        Entry("/console/live", "console.nav.live", Scope.DECISIONS_READ),
    ),
    (
        Entry("/console/people", "console.nav.people", Scope.PEOPLE_READ),
        Entry("/console/held", "console.nav.held", Scope.PEOPLE_READ),
        Entry("/console/batches", "console.nav.batches", Scope.BATCHES_WRITE),
    ),
    (
        Entry("/console/doors", "console.nav.doors", Scope.ACCESS_READ),
        Entry("/console/rules", "console.nav.rules", Scope.ACCESS_READ),
        Entry("/console/holidays", "console.nav.holidays", Scope.ACCESS_READ),
        Entry("/console/lockdown", "console.nav.lockdown", Scope.ACCESS_READ),
        Entry("/console/kiosks", "console.nav.kiosks", Scope.KIOSKS_READ),
    ),
    (
        Entry("/console/operations", "console.nav.operations", Scope.OPERATIONS_READ),
        Entry("/console/dead-letters", "console.nav.dead-letters", Scope.OPERATIONS_READ),
        Entry("/console/drift", "console.nav.drift", Scope.OPERATIONS_READ),
        Entry("/console/audit", "console.nav.audit", Scope.AUDIT_READ),
        Entry("/console/operators", "console.nav.operators", Scope.OPERATORS_WRITE),
        Entry("/console/tokens", "console.nav.tokens", Scope.TOKENS_WRITE),
    ),
)


@dataclass(frozen=True)
class Console:
    """What the console's pages are made with."""

    sessions: Sessions
    languages: Languages


def open_console(app: Flask, console: Console) -> None:
    """Give an application what its console's pages need; before any of them is asked for."""
    app.extensions[_EXTENSION] = console
    app.jinja_env.globals.update(t=say, unfilled=unfilled, may=may)


def console_of(app: Flask) -> Console:
    """Find what `open_console` gave."""
    return app.extensions[_EXTENSION]


def say(key: str, **fill_ins: object) -> str:
    """Say a text in the page's language; ``t`` in templates."""
    return _texts().say(key, **fill_ins)


def unfilled(key: str) -> str:
    """Tell a text with its gaps open, for a script to fill them in."""
    return _texts()[key]


def may(scope: str) -> bool:
    """Whether the operator has a scope; nobody has one who is not signed in."""
    return "principal" in g and Scope(scope) in g.principal.scopes


def page_blueprint(name: str) -> Blueprint:
    """Make a blueprint of pages below ``/console`` that anybody may see.

    Its templates have ``t``, ``unfilled``, ``may``, ``language``, ``languages``, ``navigation``, ``operator``
    and ``csrf_token``; what its views raise becomes a page, or a fragment where htmx asked.
    """
    blueprint = Blueprint(name, __name__, url_prefix="/console")
    blueprint.before_request(_choose_language)
    blueprint.context_processor(_context)
    blueprint.after_request(_keep_to_itself)
    blueprint.register_error_handler(HTTPException, _show_error)
    blueprint.register_error_handler(Exception, _show_error)
    return blueprint


def renderer() -> Callable[..., str]:
    """Make what renders templates in the language and with the rights of this request, when it is over."""
    app: Flask = current_app._get_current_object()  # pyright: ignore -- as Flask's documentation does
    texts, principal = g.texts, g.principal

    def render(template: str, **context: Any) -> str:
        with app.app_context():
            g.texts, g.principal = texts, principal
            return render_template(template, **context)

    return render


def asked_by_htmx() -> bool:
    """Whether the request is for a fragment of a page."""
    return request.headers.get("HX-Request") == "true"


def _texts() -> Texts:
    return g.texts


def _choose_language() -> None:
    languages = console_of(current_app).languages
    g.texts = languages.choose(_named_language(languages), request.accept_languages)


def _named_language(languages: Languages) -> str | None:
    named = request.args.get("lang")
    return named if named in languages else request.cookies.get(LANGUAGE_COOKIE)


def _context() -> dict[str, Any]:
    signed_in = g.get("signed_in")
    return {
        "language": _texts().language,
        "languages": [texts.language for texts in console_of(current_app).languages],
        "operator": signed_in and signed_in.operator,
        "csrf_token": signed_in and signed_in.token.csrf_token,
        "navigation": _navigation() if signed_in else (),
    }


def _navigation() -> list[list[Entry]]:
    routes = {rule.rule for rule in current_app.url_map.iter_rules()}
    groups = [
        [entry for entry in group if entry.path in routes and (entry.scope is None or may(entry.scope))]
        for group in NAVIGATION
    ]
    return [group for group in groups if group]


def _keep_to_itself(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = _CONTENT_SECURITY_POLICY
    response.headers.setdefault("Cache-Control", "no-store")
    response.content_language.add(_texts().language)
    if request.args.get("lang") == _texts().language:
        response.set_cookie(
            LANGUAGE_COOKIE,
            _texts().language,
            max_age=_YEAR_SECONDS,
            secure=request.is_secure,
            httponly=True,
            samesite="Lax",
        )
    return response


def _show_error(error: Exception) -> Response:
    answer = answer_for(error)
    template = "console/problem_fragment.html" if asked_by_htmx() else "console/problem.html"
    response = make_response(render_template(template, problem=answer, **_words_of(answer)), answer.status)
    response.headers.update(answer.headers)
    if asked_by_htmx():
        response.headers["HX-Retarget"] = "#problem"
        response.headers["HX-Reswap"] = "innerHTML"
    return response


def _words_of(answer: ErrorAnswer) -> Mapping[str, str]:
    if answer.kind.startswith(_PROBLEMS):
        slug = answer.kind.removeprefix(_PROBLEMS)
        return {"title": say(f"problems.{slug}.title"), "way_out": say(f"problems.{slug}.way-out")}
    known = f"console.status.{answer.status}"
    if known in _texts():
        return {"title": say(known), "way_out": say(f"{known}.way-out")}
    return {"title": answer.title, "way_out": answer.detail}
