"""Pages of zones and their doors: what decides at each, who may pass now, and what it does then."""

from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Blueprint, abort, render_template, request

from services.access.explanation import Explanation, explain
from services.access.rules import CompiledRules
from services.contracts.access import Rule
from services.contracts.domain import Person, Scope
from services.contracts.doors import DoorAction, EventBus, Queue, Target
from services.contracts.reasons import DecisionReason
from services.gateway.access import AccessControl
from services.gateway.console.guard import console_blueprint, needs
from services.gateway.console.layout import asked_by_htmx
from services.gateway.console.lists import part_of, search_text
from services.gateway.console.shown_site import ShownSite, by_name
from services.gateway.door_actions import DoorActions
from services.gateway.people import Register
from services.gateway.problems import NO_ACTION, Problem

_MOST_FOUND = 10
#: What another hour of the same rules can change.
_WAITING_HELPS = frozenset({DecisionReason.OUTSIDE_SCHEDULE, DecisionReason.NO_RULE})


@dataclass(frozen=True)
class ShownPassage:
    """Whether somebody passes a door now.

    Attributes
    ----------
    rule : Rule or None
        The one that lets them.
    opens_next : datetime or None
        When one will.
    """

    person: Person
    reason: DecisionReason
    rule: Rule | None
    opens_next: datetime | None


def door_pages(access: AccessControl, actions: DoorActions, people: Register) -> Blueprint:
    """Make the blueprint of ``/console/doors``."""
    blueprint = console_blueprint("door_pages", Scope.ACCESS_READ)

    def some_zones() -> dict[str, object]:
        rules, _ = access.register.rules()
        found = ShownSite(rules, access.register.lockdowns()).zones(search_text())
        zones, next_url = part_of(found, "door_pages.doors")
        return {"zones": zones, "next_url": next_url, "search": search_text()}

    @blueprint.get("/doors")
    def doors() -> str:
        if asked_by_htmx():
            return render_template("console/doors/zones.html", **some_zones())
        zones = by_name(access.register.rules()[0].configuration.zones)
        return render_template("console/doors/page.html", all_zones=zones, **some_zones())

    @blueprint.get("/doors/<door_id>")
    def door(door_id: str) -> str:
        rules, _ = access.register.rules()
        found = rules.door(door_id) or abort(404)
        action = _action(actions, door_id)
        return render_template(
            "console/doors/door.html",
            door=found,
            shown=ShownSite(rules, access.register.lockdowns()).door(found),
            zone=rules.configuration.zones[found.zone_id],
            all_zones=by_name(rules.configuration.zones),
            rules=[ready.rule for ready in rules.naming(found)],
            action=action,
            place=_place(action.target) if action else None,
        )

    @blueprint.get("/doors/<door_id>/passage")
    @needs(Scope.PEOPLE_READ)
    def passage(door_id: str) -> str:
        rules, state = access.register.rules()
        if rules.door(door_id) is None:
            abort(404)
        name = request.args.get("name", "").strip()[:100]
        found = people.search(name, None, _MOST_FOUND).people if name else ()
        now = datetime.now(UTC)
        shown = [
            _shown_passage(person, explain(person, door_id, now, rules, state), rules) for person in found
        ]
        return render_template("console/doors/passage.html", name=name, found=shown)

    return blueprint


def _action(actions: DoorActions, door_id: str) -> DoorAction | None:
    try:
        return actions.find(door_id)
    except Problem as problem:
        if problem.type is not NO_ACTION:
            raise
        return None


def _place(target: Target) -> str:
    match target:
        case Queue():
            return target.queue_url
        case EventBus():
            return target.event_bus
    return target.url


def _shown_passage(person: Person, explanation: Explanation, rules: CompiledRules) -> ShownPassage:
    openings = [rule.opens_next for rule in explanation.rules if rule.opens_next is not None]
    passage = explanation.passage
    return ShownPassage(
        person,
        passage.reason,
        rules.configuration.rules[passage.rule_id] if passage.rule_id else None,
        min(openings) if openings and passage.reason in _WAITING_HELPS else None,
    )
