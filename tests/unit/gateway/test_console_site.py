"""What the pages show of a site: what decides at each door, and hours in few words."""

import pytest

from services.access.rules import CompiledRules
from services.contracts.access import Door, Lockdown, Locked, Schedule
from services.gateway.console.shown_site import (
    MOST_DOORS_OF_A_ZONE,
    DaysAlike,
    DoorStanding,
    ShownSite,
    days_alike,
)
from tests.unit.access.in_memory import HOUSE, NOW, compiled, configuration, rule

FRONT = HOUSE[2]


def locked(target: Locked, target_id: str | None = None) -> Lockdown:
    return Lockdown(
        target=target, target_id=target_id, reason="Fire", locked_by="operator ada", locked_at=NOW
    )


@pytest.mark.parametrize(
    ("rules", "standing"),
    [
        ([], DoorStanding.UNRULED),
        ([rule(enabled=False)], DoorStanding.UNRULED),
        ([rule(doors=["lab-door"])], DoorStanding.UNRULED),
        ([rule()], DoorStanding.RULED),
        ([rule(doors=[], zones=["house"])], DoorStanding.RULED),
    ],
)
def test_rules_decide_at_a_door_where_one_that_counts_leads_through_it(rules, standing):
    assert ShownSite(compiled(*rules), []).door(FRONT).standing is standing


@pytest.mark.parametrize(
    ("lockdown", "standing"),
    [
        (locked(Locked.SITE), DoorStanding.LOCKED),
        (locked(Locked.ZONE, "house"), DoorStanding.LOCKED),
        (locked(Locked.DOOR, "front"), DoorStanding.LOCKED),
        (locked(Locked.ZONE, "lab"), DoorStanding.RULED),
        (locked(Locked.DOOR, "lab-door"), DoorStanding.RULED),
    ],
)
def test_a_door_is_locked_with_itself_its_zone_or_the_site(lockdown, standing):
    shown = ShownSite(compiled(rule()), [lockdown]).door(FRONT)

    assert shown.standing is standing
    assert shown.lockdown == (lockdown if lockdown.target_id == "front" else None)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("", {"House": ["Front door"], "Laboratory": ["Door of the laboratory"]}),
        ("hous", {"House": ["Front door"]}),
        ("FRONT", {"House": ["Front door"]}),
        ("lab-d", {"Laboratory": ["Door of the laboratory"]}),
        ("nothing", {}),
    ],
)
def test_zones_are_found_by_their_own_names_and_by_their_doors(search, found):
    zones = ShownSite(compiled(), []).zones(search)

    assert {shown.zone.name: [one.door.name for one in shown.doors] for shown in zones} == found


def test_a_zone_with_many_doors_shows_some_and_says_how_many_more_there_are():
    doors = [
        Door(door_id=f"d{number}", name=f"Door {number}", zone_id="house")
        for number in range(MOST_DOORS_OF_A_ZONE + 2)
    ]
    (house, *_) = ShownSite(CompiledRules(configuration(*HOUSE, *doors)), []).zones()

    assert (len(house.doors), house.more_doors) == (MOST_DOORS_OF_A_ZONE, 3)


@pytest.mark.parametrize(
    ("schedule", "summed"),
    [
        ({}, []),
        ({"wednesday": ["08:00-12:00"]}, [("wednesday", "wednesday", ("08:00-12:00",))]),
        (
            {
                "monday": ["08:00-12:00"],
                "tuesday": ["08:00-12:00"],
                "thursday": ["08:00-12:00"],
                "friday": ["09:00-10:00"],
            },
            [
                ("monday", "tuesday", ("08:00-12:00",)),
                ("thursday", "thursday", ("08:00-12:00",)),
                ("friday", "friday", ("09:00-10:00",)),
            ],
        ),
    ],
)
def test_weekdays_in_a_row_with_the_same_hours_are_summed_up(schedule, summed):
    assert days_alike(Schedule(**schedule)) == [DaysAlike(*days) for days in summed]
