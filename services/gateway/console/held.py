"""The page of photos that wait for an operator: each beside a photo of the person whom it resembles."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, g, render_template, request, url_for

from services.contracts.domain import Enrollment, EnrollmentStatus, Scope
from services.gateway.console.guard import console_blueprint
from services.gateway.cursors import Cursors
from services.gateway.held import HeldPhotos
from services.gateway.people import Register

_PAIRS_ON_A_PAGE = 10
#: Of the other person's photos so many are gone through to find one that is kept.
_MOST_PHOTOS = 20


@dataclass(frozen=True)
class Pair:
    """A photo that waits, and one of the person whom its face resembles.

    Attributes
    ----------
    enrolled : bool
        Whether the person whom it was given for is known: a first photo makes nobody so while it waits.
    other : Enrollment, optional
        None if that person was deleted since, or has no photo any more.
    """

    photo: Enrollment
    enrolled: bool
    other: Enrollment | None


def held_pages(held: HeldPhotos, register: Register) -> Blueprint:
    """Make the blueprint of ``/console/held``."""
    blueprint = console_blueprint("held_pages", Scope.PEOPLE_READ)

    @blueprint.get("/held")
    def waiting() -> str:
        return render_template("console/held/held.html", **_pairs(held, register))

    @blueprint.get("/held/rows")
    def rows() -> str:
        return render_template("console/held/rows.html", **_pairs(held, register))

    @blueprint.get("/held/<enrollment_id>/verdict")
    def verdict(enrollment_id: str) -> str:
        return render_template(
            "console/held/verdict.html",
            photo=register.enrollment(enrollment_id),
            decided="decided" in request.args,
        )

    return blueprint


def _pairs(held: HeldPhotos, register: Register) -> dict[str, Any]:
    cursors = Cursors(g.principal, "console held")
    position = cursors.read(request.args.get("cursor"))
    photos, following = held.page(position, _PAIRS_ON_A_PAGE)
    cursor = cursors.write(following)
    return {
        "pairs": [_pair(photo, register) for photo in photos],
        "more": cursor and url_for("held_pages.rows", cursor=cursor),
    }


def _pair(photo: Enrollment, register: Register) -> Pair:
    enrolled = photo.person_id is not None and register.people.get(photo.person_id) is not None
    return Pair(photo, enrolled, _photo_of_other(photo, register))


def _photo_of_other(photo: Enrollment, register: Register) -> Enrollment | None:
    if photo.held_for is None:
        return None
    photos, _ = register.enrollments.of_person(photo.held_for.person_id, None, _MOST_PHOTOS)
    return next((each for each in photos if each.status is EnrollmentStatus.INDEXED), None)
