"""The pages that people see."""

from http import HTTPStatus

from flask import Blueprint, Response, abort, redirect, render_template, url_for
from werkzeug.wrappers import Response as BaseResponse

from services.gateway.openapi import Answer, operation
from services.gateway.openapi_fields import LOCATION
from services.gateway.problems import PROBLEM_TYPES
from services.gateway.settings import GatewaySettings

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


def pages(settings: GatewaySettings) -> Blueprint:
    """Make the blueprint of the kiosk page and the explanations of problems."""
    blueprint = Blueprint("pages", __name__)

    @blueprint.get("/")
    @operation("Go to the kiosk page", Answer(HTTPStatus.FOUND, "There.", "text/html", (LOCATION,)))
    def root() -> BaseResponse:
        return redirect(url_for("pages.kiosk"))

    @blueprint.get("/kiosk")
    @operation("Show the kiosk page", Answer(HTTPStatus.OK, "The page.", "text/html"))
    def kiosk() -> str:
        return render_template(
            "kiosk.html",
            wait=min(settings.max_wait, int(settings.recognition_deadline)),
            frame_worth=settings.recognition_deadline,
        )

    @blueprint.get("/problems/<slug>")
    @operation("Explain a kind of problem", Answer(HTTPStatus.OK, "A page.", "text/html"))
    def problem(slug: str) -> str:
        problem_type = PROBLEM_TYPES.get(slug) or abort(404)
        return render_template("problem.html", problem=problem_type)

    return blueprint


def secure(response: Response) -> Response:
    """Add the header fields that keep a page to itself."""
    response.headers.setdefault("Content-Security-Policy", _CONTENT_SECURITY_POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    response.headers.setdefault("Permissions-Policy", "camera=(self), microphone=(), geolocation=()")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    return response
