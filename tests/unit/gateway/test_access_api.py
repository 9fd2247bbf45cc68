"""Zones, doors, rules, holidays and lockdowns through the API."""

from datetime import UTC, datetime

import pytest

from services.contracts.access import AccessState
from services.contracts.domain import Person
from tests.unit.access.in_memory import rule
from tests.unit.gateway.conftest import Gateway

pytestmark = pytest.mark.access
ZONE = {"zone_id": "yard", "name": "Yard"}
DOOR = {"door_id": "gate", "name": "Gate", "zone_id": "house"}
RULE = {"rule_id": "day", "name": "By day", "groups": ["staff"], "doors": ["front"]}
CALENDAR = {"calendar_id": "berlin", "name": "Berlin", "holidays": [{"name": "Christmas", "day": "12-25"}]}
EACH = [
    ("zones", "zone_id", ZONE),
    ("doors", "door_id", DOOR),
    ("rules", "rule_id", RULE),
    ("holidays", "calendar_id", CALENDAR),
]


def ask(gateway: Gateway, method: str, path: str, body=None, **headers):
    return gateway.client.open(f"/v1{path}", method=method, json=body, headers=gateway.as_program(**headers))


def problem(answer) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["type"].removeprefix("/problems/")


@pytest.mark.parametrize(("path", "id_name", "body"), EACH)
def test_what_is_added_is_shown_listed_changed_and_removed(gateway: Gateway, path, id_name, body):
    added = ask(gateway, "POST", f"/{path}", body)
    assert added.status_code == 201
    assert added.get_json().items() >= body.items()
    one = added.headers["Location"].removeprefix("/v1")
    assert one == f"/{path}/{body[id_name]}"
    shown = ask(gateway, "GET", one)
    assert (shown.get_json(), shown.headers["ETag"]) == (added.get_json(), '"1"')
    changed = ask(gateway, "PATCH", one, {"name": "Renamed"}, If_Match='"1"')
    assert (changed.get_json()["name"], changed.headers["ETag"]) == ("Renamed", '"2"')
    assert changed.get_json() in ask(gateway, "GET", f"/{path}").get_json()[path]
    assert ask(gateway, "DELETE", one, If_Match='"2"').status_code == 204
    assert problem(ask(gateway, "GET", one)) == (404, "unknown-access-record")


@pytest.mark.parametrize(("path", "id_name", "body"), EACH)
def test_two_who_change_the_same_do_not_overwrite_each_other(gateway: Gateway, path, id_name, body):
    one = f"/{path}/{body[id_name]}"
    ask(gateway, "POST", f"/{path}", body)
    assert ask(gateway, "PATCH", one, {"name": "First"}, If_Match='"1"').status_code == 200
    late = ask(gateway, "PATCH", one, {"name": "Second"}, If_Match='"1"')
    assert problem(late) == (412, "access-record-changed")
    assert problem(ask(gateway, "DELETE", one, If_Match='"1"')) == (412, "access-record-changed")
    assert ask(gateway, "GET", one).get_json()["name"] == "First"
    assert ask(gateway, "PATCH", one, {"name": "Third"}).get_json()["name"] == "Third"


@pytest.mark.parametrize(("path", "id_name", "body"), EACH)
def test_an_id_is_taken_once_and_what_is_not_there_is_said_to_be_so(gateway: Gateway, path, id_name, body):
    one = f"/{path}/{body[id_name]}"
    for method in ("GET", "DELETE"):
        assert problem(ask(gateway, method, one)) == (404, "unknown-access-record")
    assert problem(ask(gateway, "PATCH", one, {"name": "X"})) == (404, "unknown-access-record")
    ask(gateway, "POST", f"/{path}", body)
    assert problem(ask(gateway, "POST", f"/{path}", body)) == (409, "access-record-exists")


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("doors", DOOR | {"zone_id": "cellar"}, "zone cellar"),
        ("rules", RULE | {"doors": ["hatch"]}, "door hatch"),
        ("rules", RULE | {"zones": ["cellar"]}, "zone cellar"),
        ("rules", RULE | {"calendars": ["easter"]}, "holiday calendar easter"),
    ],
)
def test_what_names_what_is_not_there_is_refused_by_name(gateway: Gateway, path, body, named):
    answer = ask(gateway, "POST", f"/{path}", body)
    assert problem(answer) == (422, "unknown-reference")
    assert named in answer.get_json()["detail"]


def test_what_something_needs_is_not_removed(gateway: Gateway):
    answer = ask(gateway, "DELETE", "/zones/house")
    assert problem(answer) == (409, "access-record-in-use")
    assert "Zone house cannot be removed: door front names it" in answer.get_json()["detail"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("zones", ZONE | {"colour": "red"}),
        ("zones", ZONE | {"zone_id": "no spaces"}),
        ("doors", DOOR | {"threshold": 12}),
        ("rules", RULE | {"doors": []}),
        ("rules", RULE | {"schedule": {"mon": ["08:00-12:00"]}}),
        ("rules", RULE | {"schedule": {"monday": ["08:00"]}}),
        ("rules", RULE | {"time_zone": "Europe/Atlantis"}),
        ("rules", RULE | {"valid_until": "9999-01-01T00:00:00Z"}),
        ("rules", RULE | {"valid_from": "2027-01-01T00:00:00Z", "valid_until": "2026-01-01T00:00:00Z"}),
        ("holidays", CALENDAR | {"holidays": [{"name": "No day", "day": "02-30"}]}),
        ("holidays", CALENDAR | {"holidays": [{"name": "X", "day": "02-28", "hours": 1}]}),
    ],
)
def test_what_says_nothing_sensible_is_refused(gateway: Gateway, path, body):
    assert problem(ask(gateway, "POST", f"/{path}", body)) == (422, "invalid-fields")


def test_a_change_after_which_a_rule_leads_nowhere_is_refused(gateway: Gateway):
    ask(gateway, "POST", "/rules", RULE)
    answer = ask(gateway, "PATCH", "/rules/day", {"doors": []})
    assert problem(answer) == (422, "invalid-fields")
    assert "neither a door nor a zone" in answer.get_json()["detail"]


def test_what_a_change_leaves_out_stays_and_null_takes_away(gateway: Gateway):
    given = RULE | {
        "schedule": {"monday": ["08:00-18:00"]},
        "time_zone": "Europe/Berlin",
        "valid_until": "2027-01-01T00:00:00Z",
    }
    ask(gateway, "POST", "/rules", given)
    changed = ask(gateway, "PATCH", "/rules/day", {"enabled": False, "valid_until": None}).get_json()
    assert (changed["enabled"], changed["valid_until"]) == (False, None)
    assert changed["schedule"]["monday"] == ["08:00-18:00"]
    assert (changed["schedule"]["tuesday"], changed["time_zone"]) == ([], "Europe/Berlin")


def test_a_list_is_gone_through_page_by_page(gateway: Gateway):
    for number in range(5):
        ask(gateway, "POST", "/zones", {"zone_id": f"z{number}", "name": "Z"})
    path, seen = "/zones?limit=3", []
    while path:
        body = ask(gateway, "GET", path).get_json()
        seen += [zone["zone_id"] for zone in body["zones"]]
        path = body["next_cursor"] and f"/zones?limit=3&cursor={body['next_cursor']}"
    assert seen == ["house", "lab", "z0", "z1", "z2", "z3", "z4"]


@pytest.mark.parametrize(
    ("path", "state"),
    [
        ("/site/lockdown", AccessState(1, site_locked=True)),
        ("/zones/lab/lockdown", AccessState(1, locked_zones=frozenset({"lab"}))),
        ("/doors/front/lockdown", AccessState(1, locked_doors=frozenset({"front"}))),
    ],
)
def test_what_is_locked_is_in_the_state_and_listed_with_who_and_why_until_it_is_ended(
    gateway: Gateway, path, state
):
    locked = ask(gateway, "PUT", path, {"reason": "Fire drill"})
    assert locked.status_code == 200
    assert locked.get_json()["locked_by"] == f"token {gateway.program.token_id}"
    assert gateway.access.state() == state
    assert ask(gateway, "GET", "/lockdowns").get_json()["lockdowns"] == [locked.get_json()]
    for _ in range(2):
        assert ask(gateway, "DELETE", path).status_code == 204
    assert gateway.access.state() == AccessState(1)
    assert ask(gateway, "GET", "/lockdowns").get_json()["lockdowns"] == []


def test_only_doors_and_zones_that_are_there_are_locked_and_with_a_reason(gateway: Gateway):
    for method in ("PUT", "DELETE"):
        for path in ("/doors/hatch/lockdown", "/zones/cellar/lockdown"):
            answer = ask(gateway, method, path, {"reason": "Fire"})
            assert problem(answer) == (404, "unknown-access-record")
    assert problem(ask(gateway, "PUT", "/site/lockdown", {"reason": " "})) == (422, "invalid-fields")


def explanation(gateway: Gateway, **query):
    return gateway.client.get("/v1/access/explanation", query_string=query, headers=gateway.as_program())


@pytest.fixture
def ada(gateway: Gateway) -> Person:
    person = Person(
        person_id="ada", full_name="Ada Lovelace", groups=("staff",), created_at=datetime.now(UTC)
    )
    gateway.people.create(person)
    return person


def test_it_is_explained_which_rule_decides_and_why_others_do_not(gateway: Gateway, ada: Person):
    ask(gateway, "POST", "/rules", RULE | {"schedule": {"monday": ["08:00-18:00"]}})
    ask(gateway, "POST", "/rules", RULE | {"rule_id": "guests", "groups": ["guests"]})
    query = {"person_id": "ada", "door_id": "front"}
    inside = explanation(gateway, **query, at="2026-06-01T12:00:00+02:00").get_json()
    assert (inside["outcome"], inside["reason"], inside["rule_id"]) == ("granted", "match", "day")
    assert [one["standing"] for one in inside["rules"]] == ["opens", "other_groups"]
    outside = explanation(gateway, **query, at="2026-06-01T20:00:00Z").get_json()
    assert (outside["outcome"], outside["reason"]) == ("denied", "outside_schedule")
    assert outside["rules"][0]["opens_next"] == "2026-06-08T08:00:00Z"
    assert "next Mon 2026-06-08 08:00 UTC" in outside["message"]


def test_without_a_moment_it_is_about_now(gateway: Gateway, ada: Person):
    ask(gateway, "POST", "/rules", RULE)
    assert explanation(gateway, person_id="ada", door_id="front").get_json()["outcome"] == "granted"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, (400, "invalid-query")),
        ({"person_id": "ada"}, (400, "invalid-query")),
        ({"person_id": "x" * 5000, "door_id": "front"}, (400, "invalid-query")),
        ({"person_id": "ada", "door_id": "front", "at": "noon"}, (400, "invalid-query")),
        ({"person_id": "ada", "door_id": "front", "at": "2026-06-01T12:00:00"}, (400, "invalid-query")),
        ({"person_id": "ada", "door_id": "front", "at": "0001-01-01T00:00:00Z"}, (400, "invalid-query")),
        ({"person_id": "bob", "door_id": "front"}, (404, "unknown-person")),
        ({"person_id": "ada", "door_id": "hatch"}, (404, "unknown-access-record")),
    ],
)
def test_what_cannot_be_explained_is_refused(gateway: Gateway, ada: Person, query, expected):
    assert problem(explanation(gateway, **query)) == expected


def test_a_change_without_a_version_is_made_on_top_of_somebody_elses(gateway: Gateway):
    ask(gateway, "POST", "/rules", RULE)

    def somebody_is_quicker():
        gateway.access.before_write = lambda: None
        ask(gateway, "PATCH", "/rules/day", {"groups": ["staff", "guests"]})

    gateway.access.before_write = somebody_is_quicker
    changed = ask(gateway, "PATCH", "/rules/day", {"name": "All day"}).get_json()
    assert (changed["name"], changed["groups"]) == ("All day", ["staff", "guests"])
    assert gateway.access.configuration.rules["day"] == rule(
        "day", name="All day", groups=["staff", "guests"], version=3
    )
