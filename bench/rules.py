"""Who may pass where and when, evaluated for a large site: 10,000 people, 500 doors, 2,000 rules.

``make bench-rules``. The last line of the output is JSON, and so is ``bench/results/rules.json``.
"""

import gc
import json
import random
import statistics
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from services.access.changes import configuration_of
from services.access.evaluation import evaluate
from services.access.rules import CompiledRules
from services.contracts.access import (
    WEEKDAYS,
    AccessConfiguration,
    AccessState,
    Door,
    Holiday,
    HolidayCalendar,
    Rule,
    Zone,
)
from services.contracts.domain import Person

_PEOPLE, _DOORS, _RULES, _ZONES, _GROUPS = 10_000, 500, 2_000, 50, 200
_EVALUATIONS = 100_000
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_ZONES_OF_TIME = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Sydney")
_HOURS = (
    ("08:00-18:00",),
    ("07:00-12:00", "13:00-19:00"),
    ("22:00-06:00",),
    ("00:00-24:00",),
)
_RESULT = Path(__file__).parent / "results" / "rules.json"


def main() -> None:
    """Measure, print and write the figures."""
    made_up = random.Random(6)  # noqa: S311  # the same site every time
    configuration = _site(made_up)
    began = time.perf_counter()
    rules = CompiledRules(configuration)
    compiled = time.perf_counter() - began
    people = [_person(number, made_up) for number in range(_PEOPLE)]
    questions = [
        (
            made_up.choice(people),
            f"door-{made_up.randrange(_DOORS)}",
            _BEGIN + timedelta(seconds=made_up.randrange(365 * 24 * 3600)),
        )
        for _ in range(_EVALUATIONS)
    ]
    usual, outcomes = _measured(questions, rules)
    crowded = CompiledRules(_crowded(configuration))
    worst, _ = _measured([(people[0], "door-0", at) for _, _, at in questions[:2_000]], crowded)
    figures = {
        "people": _PEOPLE,
        "doors": _DOORS,
        "rules": _RULES,
        "compile_ms": round(compiled * 1000, 1),
        **{f"evaluation_{name}_us": value for name, value in usual.items()},
        **{f"all_rules_at_one_door_{name}_us": value for name, value in worst.items()},
        "outcomes": dict(sorted(outcomes.items())),
    }
    _RESULT.write_text(json.dumps(figures, indent=2) + "\n")
    print(json.dumps(figures))


def _measured(
    questions: list[tuple[Person, str, datetime]], rules: CompiledRules
) -> tuple[dict[str, float], Counter[str]]:
    """Evaluate each question by itself; microseconds of CPU time, and what came of them."""
    state, spent, outcomes = AccessState(rules.version), [], Counter[str]()
    for person, door_id, at in questions[:1_000]:
        evaluate(person, door_id, at, rules, state)
    gc.disable()
    for person, door_id, at in questions:
        began = time.thread_time_ns()
        passage = evaluate(person, door_id, at, rules, state)
        spent.append((time.thread_time_ns() - began) / 1000)
        outcomes[passage.reason.value] += 1
    gc.enable()
    spent.sort()
    return {
        "mean": round(statistics.fmean(spent), 1),
        "p50": round(spent[len(spent) // 2], 1),
        "p99": round(spent[len(spent) * 99 // 100], 1),
        "p999": round(spent[len(spent) * 999 // 1000], 1),
    }, outcomes


def _site(made_up: random.Random) -> AccessConfiguration:
    zones = [Zone(zone_id=f"zone-{number}", name=f"Zone {number}") for number in range(_ZONES)]
    doors = [
        Door(door_id=f"door-{number}", name=f"Door {number}", zone_id=f"zone-{number % _ZONES}")
        for number in range(_DOORS)
    ]
    calendars = [
        HolidayCalendar(
            calendar_id=f"calendar-{number}",
            name=f"Calendar {number}",
            holidays=tuple(Holiday(name="Holiday", day=_day(made_up)) for _ in range(15)),
        )
        for number in range(5)
    ]
    rules = [_rule(number, made_up) for number in range(_RULES)]
    return configuration_of(1, [*zones, *doors, *calendars, *rules])


def _rule(number: int, made_up: random.Random) -> Rule:
    fields: dict[str, Any] = {
        "rule_id": f"rule-{number:04}",
        "name": f"Rule {number}",
        "groups": [f"group-{made_up.randrange(_GROUPS)}" for _ in range(made_up.randint(1, 4))],
        "schedule": {day: made_up.choice(_HOURS) for day in made_up.sample(WEEKDAYS, 5)},
        "time_zone": made_up.choice(_ZONES_OF_TIME),
    }
    if made_up.random() < 0.5:
        fields["zones"] = [f"zone-{made_up.randrange(_ZONES)}" for _ in range(made_up.randint(1, 3))]
    else:
        fields["doors"] = [f"door-{made_up.randrange(_DOORS)}" for _ in range(made_up.randint(1, 10))]
    if made_up.random() < 0.5:
        fields["calendars"] = [f"calendar-{made_up.randrange(5)}"]
    if made_up.random() < 0.2:
        fields["valid_until"] = _BEGIN + timedelta(days=made_up.randrange(365))
    return Rule.model_validate(fields)


def _crowded(configuration: AccessConfiguration) -> AccessConfiguration:
    """Let all rules be for everyone at one door's zone, and closed nearly always: each is looked at."""
    rules = [
        rule.model_copy(
            update={
                "groups": ("everyone",),
                "zones": ("zone-0",),
                "doors": (),
                "valid_until": None,
                "schedule": rule.schedule.model_copy(update=dict.fromkeys(WEEKDAYS, ("03:00-03:01",))),
            }
        )
        for rule in configuration.rules.values()
    ]
    parts = [configuration.zones, configuration.doors, configuration.calendars]
    return configuration_of(1, [*(record for part in parts for record in part.values()), *rules])


def _person(number: int, made_up: random.Random) -> Person:
    groups = tuple(f"group-{made_up.randrange(_GROUPS)}" for _ in range(made_up.randint(1, 5)))
    return Person(
        person_id=f"person-{number}", full_name=f"Person {number}", groups=groups, created_at=_BEGIN
    )


def _day(made_up: random.Random) -> str:
    return (date(2026, 1, 1) + timedelta(days=made_up.randrange(365))).strftime("%m-%d")


if __name__ == "__main__":
    main()
