"""Pages of holiday calendars: the days on which other hours hold."""

from flask import Blueprint, abort, render_template

from services.contracts.access import AccessConfiguration, HolidayCalendar
from services.contracts.domain import Scope
from services.gateway.access import AccessControl
from services.gateway.console.guard import console_blueprint, needs
from services.gateway.console.shown_site import by_name


def holiday_pages(access: AccessControl) -> Blueprint:
    """Make the blueprint of ``/console/holidays``."""
    blueprint = console_blueprint("holiday_pages", Scope.ACCESS_READ)

    def configuration() -> AccessConfiguration:
        return access.register.rules()[0].configuration

    def editor(calendar: HolidayCalendar | None) -> str:
        rules = configuration().rules.values()
        return render_template(
            "console/holidays/calendar.html",
            calendar=calendar,
            days=[holiday.model_dump() for holiday in calendar.holidays] if calendar else [],
            rules=[rule for rule in rules if calendar and calendar.calendar_id in rule.calendars],
        )

    @blueprint.get("/holidays")
    def holidays() -> str:
        return render_template("console/holidays/page.html", calendars=by_name(configuration().calendars))

    @blueprint.get("/new-calendar")
    @needs(Scope.ACCESS_WRITE)
    def new_calendar() -> str:
        return editor(None)

    @blueprint.get("/holidays/<calendar_id>")
    def calendar(calendar_id: str) -> str:
        return editor(configuration().calendars.get(calendar_id) or abort(404))

    return blueprint
