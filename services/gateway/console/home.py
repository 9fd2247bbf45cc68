"""The first page of the console: what is to be done, and how things stand."""

from dataclasses import dataclass

from flask import Blueprint, abort, render_template

from services.contracts.access import AccessKind
from services.contracts.domain import Scope
from services.gateway.access import AccessControl
from services.gateway.console.guard import console_blueprint
from services.gateway.console.layout import may
from services.gateway.held import HeldPhotos
from services.gateway.kiosks import KioskRegister
from services.gateway.people import Register

#: So many are counted; of more it is said that there are more.
_MOST_COUNTED = 20


@dataclass(frozen=True)
class Step:
    """Something that a site needs before anybody passes its doors.

    Attributes
    ----------
    page : str
        Where it is done.
    writing : Scope
        What it takes to do it.
    """

    name: str
    page: str
    writing: Scope
    done: bool

    @property
    def allowed(self) -> bool:
        """Whether whoever looks may do it."""
        return may(self.writing)


def home_pages(
    access: AccessControl, kiosks: KioskRegister, register: Register, held: HeldPhotos
) -> Blueprint:
    """Make the blueprint of ``/console``."""
    blueprint = console_blueprint("home_pages")

    @blueprint.get("")
    def home() -> str:
        waiting, more = held.page(None, _MOST_COUNTED)
        return render_template(
            "console/home.html",
            steps=_first_steps(access, kiosks, register),
            lockdowns=len(access.lockdowns(None, _MOST_COUNTED)[0]),
            waiting=len(waiting),
            more_wait=more is not None,
        )

    @blueprint.get("/<path:elsewhere>")
    def nowhere(elsewhere: str) -> str:  # noqa: ARG001 -- the address's rest has to be taken
        abort(404)

    return blueprint


def _first_steps(access: AccessControl, kiosks: KioskRegister, register: Register) -> list[Step]:
    has_doors = bool(access.page(AccessKind.DOOR, None, 1)[0])
    has_rules = bool(access.page(AccessKind.RULE, None, 1)[0])
    has_kiosks, has_people = bool(kiosks.page(None, 1)[0]), bool(register.search("", None, 1).people)
    return [
        Step("door", "/console/doors", Scope.ACCESS_WRITE, has_doors),
        Step("rule", "/console/rules", Scope.ACCESS_WRITE, has_rules),
        Step("kiosk", "/console/kiosks", Scope.KIOSKS_WRITE, has_kiosks),
        Step("person", "/console/people", Scope.PEOPLE_WRITE, has_people),
    ]
