"""Pages of what is locked, and of emergencies."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, render_template, url_for

from services.contracts.access import AccessConfiguration, Lockdown, Locked
from services.contracts.domain import Scope
from services.contracts.emergencies import EmergencyAction
from services.gateway.console.guard import console_blueprint
from services.gateway.console.layout import asked_by_htmx, say
from services.gateway.console.shown_site import by_name
from services.gateway.emergencies import EmergencyDesk

_NEWEST = 5


@dataclass(frozen=True)
class ShownLockdown:
    """A lockdown as the page shows it.

    Attributes
    ----------
    address : str
        Of the API, to end it.
    """

    lockdown: Lockdown
    name: str
    address: str


def lockdown_pages(emergencies: EmergencyDesk) -> Blueprint:
    """Make the blueprint of ``/console/lockdown``."""
    blueprint = console_blueprint("lockdown_pages", Scope.ACCESS_READ)
    register = emergencies.access.register

    def now() -> Mapping[str, object]:
        configuration = register.rules()[0].configuration
        lockdowns = [_shown(lockdown, configuration) for lockdown in register.lockdowns()]
        return {"lockdowns": lockdowns, "emergencies": emergencies.page(None, _NEWEST)[0]}

    @blueprint.get("/lockdown")
    def lockdown() -> str:
        if asked_by_htmx():
            return render_template("console/lockdown/standing.html", **now())
        zones = by_name(register.rules()[0].configuration.zones)
        return render_template(
            "console/lockdown/page.html", all_zones=zones, actions=tuple(EmergencyAction), **now()
        )

    return blueprint


def _shown(lockdown: Lockdown, configuration: AccessConfiguration) -> ShownLockdown:
    target_id = lockdown.target_id or ""
    end = f"access_lockdowns_api.unlock_{lockdown.target}"
    match lockdown.target:
        case Locked.SITE:
            return ShownLockdown(lockdown, say("lockdown.whole-site"), url_for(end))
        case Locked.ZONE:
            found = configuration.zones.get(target_id)
        case Locked.DOOR:
            found = configuration.doors.get(target_id)
    return ShownLockdown(lockdown, found.name if found else target_id, url_for(end, target_id=target_id))
