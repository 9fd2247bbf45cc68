"""The page that an invitation's link opens."""

from collections.abc import Mapping
from http import HTTPStatus

from flask import Blueprint, Response, make_response, render_template, request

from services.gateway.openapi import Answer, operation
from services.gateway.page_files import DETECTOR, STATIC, has_detector
from services.gateway.person_bodies import PHOTO_ENDINGS
from services.gateway.settings import GatewaySettings
from services.gateway.texts import Languages

_MEGABYTE = 1_000_000


def join_page(settings: GatewaySettings, spoken: Languages, consent_texts: Mapping[str, str]) -> Blueprint:
    """Make the blueprint of ``/join``; who is invited stands behind the link's ``#``, which we are not sent.

    Parameters
    ----------
    consent_texts : mapping of str to str
        The version of the text that each language shows.
    """
    blueprint = Blueprint("join_page", __name__)

    @blueprint.get("/join")
    @operation("Show the page of the invited", Answer(HTTPStatus.OK, "The page.", "text/html"))
    def join() -> Response:
        texts = spoken.choose(request.args.get("lang"), request.accept_languages)
        page = make_response(
            render_template(
                "join.html",
                texts=texts,
                consent_text=consent_texts[texts.language],
                detector=DETECTOR if has_detector(STATIC) else None,
                types=list(PHOTO_ENDINGS),
                megabytes=settings.max_photo_bytes // _MEGABYTE,
            )
        )
        page.content_language.add(texts.language)
        page.vary.add("Accept-Language")
        # it names files by their version
        page.cache_control.no_cache = True
        return page

    return blueprint
