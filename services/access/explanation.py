"""Why somebody passes a door or does not, in words for operators: what each rule says, and when it opens."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.access.evaluation import Passage, closed_to, evaluate
from services.access.rules import CompiledRules, Moment, ReadyRule
from services.contracts.access import EVERYONE, AccessState
from services.contracts.domain import Person
from services.contracts.reasons import DecisionReason

#: How far ahead the next opening is looked for.
DAYS_AHEAD = 31


class RuleStanding(StrEnum):
    """What a rule that names the door, or its zone, says about a person and a moment."""

    OPENS = "opens"
    OTHER_GROUPS = "other_groups"
    SWITCHED_OFF = "switched_off"
    NOT_VALID_YET = "not_valid_yet"
    NOT_VALID_ANY_MORE = "not_valid_any_more"
    OUTSIDE_SCHEDULE = "outside_schedule"


@dataclass(frozen=True)
class RuleExplanation:
    """What one rule says.

    Attributes
    ----------
    opens_next : datetime, optional
        When it would let the person pass, within `DAYS_AHEAD` days, in the rule's time zone.
    """

    rule_id: str
    name: str
    standing: RuleStanding
    sentence: str
    opens_next: datetime | None = None


@dataclass(frozen=True)
class Explanation:
    """Whether a person passes a door at a moment, and what each rule for the door says.

    Attributes
    ----------
    rules : tuple of RuleExplanation
        All that name the door or its zone; those that open first, then those that might.
    """

    passage: Passage
    sentence: str
    rules: tuple[RuleExplanation, ...]


def explain(
    person: Person, door_id: str, at: datetime, rules: CompiledRules, state: AccessState
) -> Explanation:
    """Tell which rule decides and why, and why the others do not let the person pass.

    Parameters
    ----------
    at : datetime
        With time zone.
    """
    passage = evaluate(person, door_id, at, rules, state)
    door = rules.door(door_id)
    ready = rules.naming(door) if door else []
    explained = sorted(
        (_explained(one, person, Moment(at)) for one in ready),
        key=lambda one: list(_ORDER).index(one.standing),
    )
    closed = closed_to(person, door, at, state) is not None
    return Explanation(
        passage, _sentence(passage, person, door_id, explained, closed=closed), tuple(explained)
    )


_ORDER = (
    RuleStanding.OPENS,
    RuleStanding.OUTSIDE_SCHEDULE,
    RuleStanding.NOT_VALID_YET,
    RuleStanding.NOT_VALID_ANY_MORE,
    RuleStanding.SWITCHED_OFF,
    RuleStanding.OTHER_GROUPS,
)


def _explained(ready: ReadyRule, person: Person, moment: Moment) -> RuleExplanation:
    rule = ready.rule
    standing = _standing(ready, person, moment)
    opens_next = None
    if standing in {RuleStanding.OUTSIDE_SCHEDULE, RuleStanding.NOT_VALID_YET}:
        opens_next = _next_opening(ready, moment)
    return RuleExplanation(
        rule.rule_id,
        rule.name,
        standing,
        _rule_sentence(ready, standing, person, moment, opens_next),
        opens_next,
    )


def _standing(ready: ReadyRule, person: Person, moment: Moment) -> RuleStanding:
    rule, at = ready.rule, moment.at
    if not {EVERYONE, *person.groups} & set(rule.groups):
        return RuleStanding.OTHER_GROUPS
    if not rule.enabled:
        return RuleStanding.SWITCHED_OFF
    if rule.valid_from is not None and at < rule.valid_from:
        return RuleStanding.NOT_VALID_YET
    if rule.valid_until is not None and at >= rule.valid_until:
        return RuleStanding.NOT_VALID_ANY_MORE
    return RuleStanding.OPENS if ready.opens(moment) else RuleStanding.OUTSIDE_SCHEDULE


def _next_opening(ready: ReadyRule, moment: Moment) -> datetime | None:
    begin, rule = max(moment.at, ready.rule.valid_from or moment.at), ready.rule
    if begin > moment.at and ready.opens(Moment(begin)):
        opening = begin.astimezone(ready.hours.zone)
    else:
        opening = ready.hours.next_opening(begin, DAYS_AHEAD)
    expired = opening is not None and rule.valid_until is not None and opening >= rule.valid_until
    return None if expired else opening


def _rule_sentence(
    ready: ReadyRule,
    standing: RuleStanding,
    person: Person,
    moment: Moment,
    opens_next: datetime | None,
) -> str:
    rule = ready.rule
    then = (
        f"; it opens next {_clock(opens_next)}" if opens_next else f"; it does not open in {DAYS_AHEAD} days"
    )
    match standing:
        case RuleStanding.OPENS:
            return (
                f"It lets {_shared(ready, person)} pass at {_clock(moment.at.astimezone(ready.hours.zone))}."
            )
        case RuleStanding.OTHER_GROUPS:
            return f"It is for {', '.join(rule.groups)}; {person.full_name} belongs to {_groups(person)}."
        case RuleStanding.SWITCHED_OFF:
            return "It is switched off."
        case RuleStanding.NOT_VALID_YET:
            return f"It is valid from {rule.valid_from:%Y-%m-%d %H:%M %Z} on{then}."
        case RuleStanding.NOT_VALID_ANY_MORE:
            return f"It was valid until {rule.valid_until:%Y-%m-%d %H:%M %Z}."
        case RuleStanding.OUTSIDE_SCHEDULE:
            return f"{_clock(moment.at.astimezone(ready.hours.zone))} is outside its hours{then}."


def _sentence(
    passage: Passage, person: Person, door_id: str, explained: list[RuleExplanation], *, closed: bool
) -> str:
    if passage.rule_id is not None:
        return f"{person.full_name} may pass {door_id}: rule {passage.rule_id} opens it."
    if closed:
        return (
            f"{person.full_name} may not pass {door_id}, whatever the rules say: {_CLOSED[passage.reason]}."
        )
    openings = [one.opens_next for one in explained if one.opens_next is not None]
    then = f"; next {_clock(min(openings))}" if openings else ""
    return f"{person.full_name} may not pass {door_id}: {_UNRULED[passage.reason]}{then}."


_CLOSED = {
    DecisionReason.PERSON_DISABLED: "their access is switched off",
    DecisionReason.PERSON_NOT_YET_VALID: "their access has not begun",
    DecisionReason.PERSON_EXPIRED: "their access has ended",
    DecisionReason.SITE_LOCKED: "the whole site is locked",
    DecisionReason.UNKNOWN_DOOR: "there is no such door",
    DecisionReason.ZONE_LOCKED: "the door's zone is locked",
    DecisionReason.DOOR_LOCKED: "the door is locked",
}
_UNRULED = {
    DecisionReason.OUTSIDE_SCHEDULE: "no rule for them is open at this time",
    DecisionReason.NO_RULE: "no rule that is valid lets them",
}


def _shared(ready: ReadyRule, person: Person) -> str:
    shared = [group for group in ready.rule.groups if group == EVERYONE or group in person.groups]
    return ", ".join(shared)


def _groups(person: Person) -> str:
    return ", ".join(person.groups) or "no group"


def _clock(local: datetime) -> str:
    return f"{local:%a %Y-%m-%d %H:%M %Z}"
