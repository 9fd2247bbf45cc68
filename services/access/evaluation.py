"""Who may pass a door at a moment: a pure function, with a reason for each outcome."""

from dataclasses import dataclass
from datetime import datetime

from services.access.rules import CompiledRules, Moment
from services.contracts.access import AccessState, Door
from services.contracts.domain import Person
from services.contracts.reasons import DecisionReason


@dataclass(frozen=True)
class Passage:
    """Whether somebody may pass, and why.

    Attributes
    ----------
    reason : DecisionReason
        ``match`` where they may.
    rule_id : str, optional
        The rule that lets them.
    """

    reason: DecisionReason
    rule_id: str | None = None


def evaluate(
    person: Person, door_id: str | None, at: datetime, rules: CompiledRules, state: AccessState
) -> Passage:
    """Decide whether a person may pass a door.

    The first of these that holds is the reason:

    1. ``person_disabled``, ``person_not_yet_valid``, ``person_expired``: the person passes nowhere;
    2. ``site_locked``;
    3. ``unknown_door``;
    4. ``zone_locked``, ``door_locked``;
    5. ``match``: a rule that is valid names the door or its zone and a group of the person's or everyone,
       and its hours include the moment;
    6. ``outside_schedule``: there is such a rule, with other hours;
    7. ``no_rule``. A rule that is switched off, not valid yet or not valid any more counts as if it were
       not there: it says nothing about hours, and will not open by waiting until tomorrow.

    Parameters
    ----------
    at : datetime
        With time zone.

    Returns
    -------
    Passage
        Where several rules let the person pass, one of them, always the same.
    """
    door = rules.door(door_id)
    closed = closed_to(person, door, at, state)
    if closed is not None or door is None:
        return Passage(closed or DecisionReason.UNKNOWN_DOOR)
    moment = Moment(at)
    reason = DecisionReason.NO_RULE
    for ready in rules.covering(door, person.groups):
        if ready.valid_from is not None and at < ready.valid_from:
            continue
        if ready.valid_until is not None and at >= ready.valid_until:
            continue
        if moment.within(ready.hours):
            return Passage(DecisionReason.MATCH, ready.rule_id)
        reason = DecisionReason.OUTSIDE_SCHEDULE
    return Passage(reason)


def closed_to(person: Person, door: Door | None, at: datetime, state: AccessState) -> DecisionReason | None:
    """Tell why a person passes a door by no rule at all; None if the rules decide."""
    if not person.may_be_recognised:
        return DecisionReason.PERSON_DISABLED
    if person.valid_from is not None and at < person.valid_from:
        return DecisionReason.PERSON_NOT_YET_VALID
    if person.valid_until is not None and at >= person.valid_until:
        return DecisionReason.PERSON_EXPIRED
    return _locked(door, state)


def _locked(door: Door | None, state: AccessState) -> DecisionReason | None:
    if state.site_locked:
        return DecisionReason.SITE_LOCKED
    if door is None:
        return DecisionReason.UNKNOWN_DOOR
    if door.zone_id in state.locked_zones:
        return DecisionReason.ZONE_LOCKED
    return DecisionReason.DOOR_LOCKED if door.door_id in state.locked_doors else None
