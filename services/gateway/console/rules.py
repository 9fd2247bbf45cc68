"""Pages of the rules: who may pass where and when."""

from functools import cache
from zoneinfo import available_timezones

from flask import Blueprint, abort, render_template

from services.contracts.access import EVERYONE, WEEKDAYS, AccessConfiguration, Rule
from services.contracts.domain import Scope
from services.gateway.access import AccessControl
from services.gateway.console.guard import console_blueprint, needs
from services.gateway.console.layout import asked_by_htmx, say
from services.gateway.console.lists import part_of, search_text
from services.gateway.console.shown_site import by_name, days_alike, matches

_NO_HOURS: tuple[tuple[str, ...], ...] = ((),) * len(WEEKDAYS)


def rule_pages(access: AccessControl) -> Blueprint:
    """Make the blueprint of ``/console/rules``."""
    blueprint = console_blueprint("rule_pages", Scope.ACCESS_READ)

    def configuration() -> AccessConfiguration:
        return access.register.rules()[0].configuration

    def some_rules() -> dict[str, object]:
        standing, search = configuration(), search_text()
        found = [
            rule for rule in by_name(standing.rules) if matches(search, rule.name, rule.rule_id, *rule.groups)
        ]
        rules, next_url = part_of(found, "rule_pages.rules")
        return {
            "rules": [(rule, days_alike(rule.schedule)) for rule in rules],
            "next_url": next_url,
            "search": search,
            "doors_named": {door_id: door.name for door_id, door in standing.doors.items()},
            "zones_named": {zone_id: zone.name for zone_id, zone in standing.zones.items()},
        }

    def editor(rule: Rule | None) -> str:
        standing = configuration()
        groups = {group for each in standing.rules.values() for group in each.groups} - {EVERYONE}
        return render_template(
            "console/rules/rule.html",
            rule=rule,
            week=dict(zip(WEEKDAYS, rule.schedule.week if rule else _NO_HOURS, strict=True)),
            groups_offered=[(EVERYONE, say("rules.everyone")), *((group, group) for group in sorted(groups))],
            zones_offered=[(zone.zone_id, zone.name) for zone in by_name(standing.zones)],
            doors_offered=[(door.door_id, door.name) for door in by_name(standing.doors)],
            calendars_offered=[(each.calendar_id, each.name) for each in by_name(standing.calendars)],
            time_zones=_time_zones(),
        )

    @blueprint.get("/rules")
    def rules() -> str:
        if asked_by_htmx():
            return render_template("console/rules/found.html", **some_rules())
        any_doors = bool(configuration().doors)
        return render_template("console/rules/page.html", any_doors=any_doors, **some_rules())

    @blueprint.get("/new-rule")
    @needs(Scope.ACCESS_WRITE)
    def new_rule() -> str:
        return editor(None)

    @blueprint.get("/rules/<rule_id>")
    def rule(rule_id: str) -> str:
        return editor(configuration().rules.get(rule_id) or abort(404))

    return blueprint


@cache
def _time_zones() -> list[str]:
    # it looks through a folder of six hundred files
    return sorted(available_timezones())
