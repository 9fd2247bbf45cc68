"""The pages of people: found by name, group and status, and each with what is kept of them."""

from dataclasses import dataclass
from typing import Any, Self

from flask import Blueprint, Response, g, make_response, render_template, request, url_for
from werkzeug.datastructures import MultiDict

from services.contracts.access import EVERYONE, AccessKind
from services.contracts.domain import Enrollment, EnrollmentStatus, PersonStatus, Scope
from services.contracts.ids import KEPT_PREFIX
from services.gateway.access import AccessControl
from services.gateway.console.guard import console_blueprint
from services.gateway.console.layout import asked_by_htmx
from services.gateway.cursors import Cursors
from services.gateway.page_files import DETECTOR, STATIC, has_detector
from services.gateway.people import Register
from services.gateway.person_bodies import LONGEST_SEARCH, PHOTO_ENDINGS
from services.gateway.problems import INVALID_QUERY, UNKNOWN_ENROLLMENT, Problem
from services.gateway.settings import GatewaySettings

_PEOPLE_ON_A_PAGE = 50
_PHOTOS_ON_A_PAGE = 24
#: As many rules as groups are read of, to be proposed while one is typed.
_MOST_RULES = 200


@dataclass(frozen=True)
class Filter:
    """Whom an operator looks for.

    Attributes
    ----------
    search : str
        How a word of the name begins.
    """

    search: str = ""
    group: str | None = None
    status: PersonStatus | None = None

    @classmethod
    def of(cls, query: MultiDict[str, str]) -> Self:
        """Read it from a page's address.

        Raises
        ------
        Problem
            If it is none that the page offers.
        """
        search, group = query.get("search", "").strip(), query.get("group", "").strip()
        status = query.get("status", "")
        if max(len(search), len(group)) > LONGEST_SEARCH:
            raise Problem(INVALID_QUERY, f"The search has more than {LONGEST_SEARCH} characters.")
        if status and status not in set(PersonStatus):
            raise Problem(INVALID_QUERY, "People have no such status. Choose one that the page offers.")
        return cls(search, group or None, PersonStatus(status) if status else None)

    @property
    def query(self) -> dict[str, Any]:
        """Itself as a page's address has it; nothing of what is not asked for."""
        asked = {"search": self.search, "group": self.group, "status": self.status}
        return {name: str(value) for name, value in asked.items() if value}


def people_pages(register: Register, access: AccessControl, settings: GatewaySettings) -> Blueprint:
    """Make the blueprint of ``/console/people``."""
    blueprint = console_blueprint("people_pages", Scope.PEOPLE_READ)

    @blueprint.get("/people")
    def people() -> str:
        return render_template("console/people/people.html", groups=_groups(access), **_found(register))

    @blueprint.get("/people/rows")
    def rows() -> Response:
        found = _found(register)
        response = make_response(render_template("console/people/rows.html", **found))
        if asked_by_htmx() and "cursor" not in request.args:
            # so that the page comes back as it was left
            response.headers["HX-Replace-Url"] = url_for("people_pages.people", **found["asked"].query)
        return response

    @blueprint.get("/people/<person_id>")
    def person(person_id: str) -> str:
        return render_template(
            "console/people/person.html",
            person=register.find(person_id),
            groups=_groups(access),
            taken=tuple(PHOTO_ENDINGS),
            most_bytes=settings.max_photo_bytes,
            detector=DETECTOR if has_detector(STATIC) else None,
            **_photos(register, person_id),
        )

    @blueprint.get("/people/<person_id>/details")
    def details(person_id: str) -> str:
        person = register.find(person_id)
        return render_template("console/people/details.html", person=person, groups=_groups(access))

    @blueprint.get("/people/<person_id>/advice")
    def advice(person_id: str) -> str:
        return render_template("console/people/advice.html", person=register.find(person_id))

    @blueprint.get("/people/<person_id>/photos")
    def photos(person_id: str) -> str:
        found = _photos(register, person_id)
        return render_template("console/people/photos.html", person=register.find(person_id), **found)

    @blueprint.get("/people/<person_id>/photos/<enrollment_id>")
    def photo(person_id: str, enrollment_id: str) -> Response:
        return _photo(register, person_id, enrollment_id)

    @blueprint.get("/deletions/<deletion_id>")
    def deletion(deletion_id: str) -> str:
        return render_template("console/people/deletion.html", deletion=register.deletion(deletion_id))

    blueprint.add_app_template_test(is_pictured, "pictured")
    return blueprint


def is_pictured(photo: Enrollment) -> bool:
    """Whether there is a picture of it to look at; ``is pictured`` in templates."""
    kept = photo.status in {EnrollmentStatus.INDEXED, EnrollmentStatus.HELD}
    return kept and photo.key.startswith(KEPT_PREFIX)


def _found(register: Register) -> dict[str, Any]:
    asked = Filter.of(request.args)
    cursors = Cursors(g.principal, f"console people {asked.query}")
    position = cursors.read(request.args.get("cursor"))
    page = register.search(asked.search, position, _PEOPLE_ON_A_PAGE, group=asked.group, status=asked.status)
    following = cursors.write(page.cursor)
    more = following and url_for("people_pages.rows", **asked.query, cursor=following)
    return {"people": page.people, "asked": asked, "more": more, "statuses": tuple(PersonStatus)}


def _photos(register: Register, person_id: str) -> dict[str, Any]:
    cursors = Cursors(g.principal, f"console photos {person_id}")
    position = cursors.read(request.args.get("cursor"))
    photos, following = register.photos(person_id, position, _PHOTOS_ON_A_PAGE)
    cursor = cursors.write(following)
    more = cursor and url_for("people_pages.photos", person_id=person_id, cursor=cursor)
    newest_first = sorted(photos, key=lambda photo: photo.received_at, reverse=True)
    return {"photos": newest_first, "more": more}


def _photo(register: Register, person_id: str, enrollment_id: str) -> Response:
    """Show one photo as it stands; nothing of one that has been removed.

    Raises
    ------
    Problem
        If this person never had it.
    """
    photo, waited = register.enrollment(enrollment_id), "waited" in request.args
    if photo.person_id is None and waited:
        shown = make_response("")
    elif photo.person_id != person_id:
        raise Problem(UNKNOWN_ENROLLMENT, "This person has no photo with this id, or not any more.")
    else:
        person = register.find(person_id)
        shown = make_response(render_template("console/people/photo.html", person=person, photo=photo))
    if waited and (photo.person_id is None or photo.finished):
        shown.headers["HX-Trigger"] = "photos-changed"
    return shown


def _groups(access: AccessControl) -> list[str]:
    """Tell the groups that rules let pass, in the order of the alphabet."""
    rules, _ = access.page(AccessKind.RULE, None, _MOST_RULES)
    return sorted({group for rule in rules for group in rule.groups} - {EVERYONE}, key=str.casefold)
