"""The pages that people see."""

from http import HTTPStatus

import structlog
from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from services.gateway.openapi import Answer, operation
from services.gateway.openapi_fields import LOCATION
from services.gateway.page_files import DETECTOR, STATIC, has_detector
from services.gateway.problems import PROBLEM_TYPES
from services.gateway.session_cookies import LANGUAGE_COOKIE
from services.gateway.settings import GatewaySettings
from services.gateway.texts import Languages

_log = structlog.stdlib.get_logger(__name__)

_CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

#: WebAssembly may be compiled in the worker of the face detector and nowhere else.
_DETECTOR_POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"


def pages(settings: GatewaySettings, spoken: Languages) -> Blueprint:
    """Make the blueprint of the kiosk page and the explanations of problems."""
    blueprint = Blueprint("pages", __name__)
    detector = DETECTOR if has_detector(STATIC) else None
    if detector is None:
        _log.warning(
            "the kiosk page has no face detector and sends a picture whenever the scene changes;"
            " `make assets` installs one"
        )

    @blueprint.get("/")
    @operation("Go to the kiosk page", Answer(HTTPStatus.FOUND, "There.", "text/html", (LOCATION,)))
    def root() -> BaseResponse:
        return redirect(url_for("pages.kiosk"))

    @blueprint.get("/kiosk")
    @operation("Show the kiosk page", Answer(HTTPStatus.OK, "The page.", "text/html"))
    def kiosk() -> Response:
        texts = spoken.choose(request.args.get("lang"), request.accept_languages)
        page = make_response(
            render_template(
                "kiosk.html",
                texts=texts,
                detector=detector,
                wait=min(settings.max_wait, int(settings.recognition_deadline)),
                frame_worth=settings.recognition_deadline,
            )
        )
        page.content_language.add(texts.language)
        page.vary.add("Accept-Language")
        # it names files by their version
        page.cache_control.no_cache = True
        return page

    @blueprint.get("/problems/<slug>")
    @operation("Explain a kind of problem", Answer(HTTPStatus.OK, "A page.", "text/html"))
    def problem(slug: str) -> Response:
        problem_type = PROBLEM_TYPES.get(slug) or abort(404)
        chosen = request.args.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
        texts = spoken.choose(chosen, request.accept_languages)
        # a page that was told of a problem shows its words beside what was tried
        fragment = request.headers.get("HX-Request") == "true"
        template = "console/problem_words.html" if fragment else "problem.html"
        page = make_response(
            render_template(
                template,
                language=texts.language,
                title=texts.say(f"problems.{slug}.title"),
                way_out=texts.say(f"problems.{slug}.way-out"),
                problem=problem_type,
            )
        )
        page.content_language.add(texts.language)
        page.vary.update(("Accept-Language", "Cookie", "HX-Request"))
        return page

    @blueprint.after_app_request
    def let_detector_compile(response: Response) -> Response:
        if request.endpoint == "static" and request.path.endswith(DETECTOR):
            response.headers["Content-Security-Policy"] = _DETECTOR_POLICY
        return response

    return blueprint


def secure(response: Response) -> Response:
    """Add the header fields that keep a page to itself."""
    response.headers.setdefault("Content-Security-Policy", _CONTENT_SECURITY_POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    response.headers.setdefault("Permissions-Policy", "camera=(self), microphone=(), geolocation=()")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    return response
