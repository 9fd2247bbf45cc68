"""Pages of kiosks: whether they live, what they stand at, and how they are paired."""

from datetime import UTC, datetime

from flask import Blueprint, g, render_template, request, url_for

from services.contracts.domain import Scope
from services.gateway.access import AccessControl
from services.gateway.console.guard import console_blueprint
from services.gateway.console.layout import asked_by_htmx
from services.gateway.console.lists import PART
from services.gateway.console.shown_site import by_name
from services.gateway.cursors import Cursors
from services.gateway.kiosk_bodies import KioskBody
from services.gateway.kiosks import KioskRegister


def kiosk_pages(register: KioskRegister, access: AccessControl) -> Blueprint:
    """Make the blueprint of ``/console/kiosks``."""
    blueprint = console_blueprint("kiosk_pages", Scope.KIOSKS_READ)

    def some_kiosks() -> dict[str, object]:
        cursors = Cursors(g.principal, "shown kiosks")
        page, position = register.page(cursors.read(request.args.get("cursor")), PART)
        now, cursor = datetime.now(UTC), cursors.write(position)
        return {
            "kiosks": sorted((KioskBody.of(kiosk, now) for kiosk in page), key=lambda kiosk: kiosk.kiosk_id),
            "next_url": url_for("kiosk_pages.kiosks", cursor=cursor) if cursor else None,
            "first": "cursor" not in request.args,
            "doors_named": doors_named(),
        }

    def doors_named() -> dict[str, str]:
        doors = by_name(access.register.rules()[0].configuration.doors)
        return {door.door_id: door.name for door in doors}

    @blueprint.get("/kiosks")
    def kiosks() -> str:
        template = "console/kiosks/some.html" if asked_by_htmx() else "console/kiosks/page.html"
        return render_template(template, **some_kiosks())

    @blueprint.get("/kiosks/<kiosk_id>")
    def kiosk(kiosk_id: str) -> str:
        found = register.find(kiosk_id)
        template = "console/kiosks/standing.html" if asked_by_htmx() else "console/kiosks/kiosk.html"
        return render_template(
            template,
            kiosk=KioskBody.of(found, datetime.now(UTC)),
            version=found.version,
            doors_named=doors_named(),
        )

    return blueprint
