"""Pages of doors, lockdown, rules, holidays, kiosks, operators and tokens: what each role sees of them."""

import html
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.contracts.access import Lockdown, Locked
from services.contracts.domain import Person, PersonStatus
from services.contracts.emergencies import DoorState, Emergency, EmergencyAction, EmergencyDoor
from services.gateway.console.lists import PART
from tests.unit.access.in_memory import NOW, rule
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.in_memory_operators import operator, signed_in

FRAGMENT = {"HX-Request": "true"}
NASTY = """<b>"it's" & co</b>"""
PAGES = (
    "/console/doors",
    "/console/doors/front",
    "/console/lockdown",
    "/console/rules",
    "/console/rules/r",
    "/console/holidays",
    "/console/holidays/c",
    "/console/kiosks",
    "/console/kiosks/lobby",
)
ADMINS_PAGES = ("/console/operators", "/console/operators/viewer", "/console/tokens")


def seen(gateway: Gateway, page: str, role: str = "admin", **headers: str) -> str:
    signed_in(gateway.client, role)
    answer = gateway.client.get(page, headers=headers)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_data(as_text=True)


def changes(page: str) -> set[str]:
    """What the page's forms send, and the pages that make something new."""
    sent = re.findall(r'data-api="([^"]+)"|href="(/console/new-[^"]+)"', page)
    return {"".join(either) for either in sent} - {"DELETE /v1/session"}


@pytest.fixture
def furnished(gateway: Gateway) -> Gateway:
    """A site with something on every page, all of it called a nasty name."""
    headers = signed_in(gateway.client, "admin")

    def send(method: str, path: str, body: dict[str, object]) -> None:
        answer = gateway.client.open(path, method=method, json=body, headers=headers)
        assert answer.status_code < 300, answer.get_data(as_text=True)

    calendar = {"calendar_id": "c", "name": NASTY, "holidays": [{"name": NASTY, "day": "12-25"}]}
    send("POST", "/v1/holidays", calendar)
    fields = rule(name=NASTY, groups=[NASTY, "staff"], zones=["house"], calendars=["c"])
    send("POST", "/v1/rules", fields.model_dump(mode="json", exclude={"version"}))
    send("PATCH", "/v1/zones/house", {"name": NASTY})
    send("PATCH", "/v1/doors/front", {"name": NASTY})
    send("PUT", "/v1/doors/front/lockdown", {"reason": NASTY})
    send("PATCH", "/v1/kiosks/lobby", {"name": NASTY})
    send("POST", "/v1/tokens", {"name": NASTY, "scopes": ["people:read"]})
    return gateway


@pytest.mark.parametrize("page", PAGES)
def test_a_viewer_is_shown_nothing_that_they_may_not_change(furnished: Gateway, page: str):
    assert changes(seen(furnished, page, "viewer")) - {"PATCH /v1/rules/r", "PATCH /v1/holidays/c"} == set()
    assert changes(seen(furnished, page, "operator")) != set()


@pytest.mark.parametrize("page", ["/console/rules/r", "/console/holidays/c"])
def test_a_viewer_reads_a_rule_and_a_calendar_in_a_form_that_is_switched_off(furnished: Gateway, page: str):
    assert '<fieldset class="whole" disabled>' in seen(furnished, page, "viewer")
    assert '<fieldset class="whole">' in seen(furnished, page, "operator")


@pytest.mark.parametrize("page", [*PAGES, *ADMINS_PAGES])
@pytest.mark.parametrize("headers", [{}, FRAGMENT], ids=["page", "fragment"])
def test_names_are_text_wherever_they_stand(furnished: Gateway, page: str, headers: dict[str, str]):
    shown = seen(furnished, page, **headers)

    assert "<b>" not in shown
    assert '"it' not in shown


def test_the_door_page_tells_who_may_pass_now_and_by_which_rule(furnished: Gateway):
    furnished.access.locked.clear()
    furnished.people.create(Person(person_id="ada", full_name="Ada", groups=("staff",), created_at=NOW))
    furnished.people.create(Person(person_id="adam", full_name="Adam", created_at=NOW))
    page = seen(furnished, "/console/doors/front/passage?name=Ad", **FRAGMENT)

    ada, adam = re.findall(r"<tr>.*?</tr>", page.partition("<tbody>")[2], re.DOTALL)
    assert "May pass" in ada
    assert 'href="/console/rules/r"' in ada
    assert "No rule" in adam


def test_whom_no_rule_lets_pass_at_this_hour_is_told_when_one_will(gateway: Gateway):
    gateway.people.create(Person(person_id="ada", full_name="Ada", groups=("staff",), created_at=NOW))
    tomorrow = datetime.now(UTC) + timedelta(days=2)
    weekday = f"{tomorrow:%A}".lower()
    gateway.control.create(rule(schedule={weekday: ["10:00-11:00"]}))
    page = seen(gateway, "/console/doors/front/passage?name=Ada", **FRAGMENT)

    assert "Not at this time" in page
    assert f'datetime="{tomorrow:%Y-%m-%d}T10:00:00+00:00"' in page


@pytest.mark.parametrize(
    ("person", "locked", "words"),
    [
        ({"status": PersonStatus.DISABLED}, None, "Access switched off"),
        ({"valid_from": datetime(2199, 1, 1, tzinfo=UTC)}, None, "Access has not begun"),
        ({"valid_until": datetime(2001, 1, 1, tzinfo=UTC)}, None, "Access has ended"),
        ({}, Locked.SITE, "Site locked"),
        ({}, Locked.ZONE, "Zone locked"),
        ({}, Locked.DOOR, "Door locked"),
    ],
)
def test_why_no_rule_helps_is_said_in_words(
    gateway: Gateway, person: dict[str, Any], locked: Locked | None, words: str
):
    gateway.control.create(rule(groups=["everyone"]))
    gateway.people.create(Person(person_id="ada", full_name="Ada", created_at=NOW, **person))
    if locked:
        target_id = {Locked.SITE: None, Locked.ZONE: "house", Locked.DOOR: "front"}[locked]
        gateway.control.lock(locked, target_id, "Fire", "operator ada")

    assert words in seen(gateway, "/console/doors/front/passage?name=Ada", **FRAGMENT)


def test_an_emergency_is_listed_with_what_became_of_its_doors(gateway: Gateway):
    emergency = Emergency(
        emergency_id="e",
        action=EmergencyAction.OPEN_ALL,
        ordered_by="operator ada",
        ordered_at=NOW,
        doors=(
            EmergencyDoor(door_id="front", state=DoorState.ARRIVED),
            EmergencyDoor(door_id="lab-door", state=DoorState.FAILED, problem="no answer in 2 s"),
        ),
    )
    assert gateway.doors.add(emergency)
    page = seen(gateway, "/console/lockdown", "viewer")

    assert "Open all doors" in page
    assert "1 told" in page
    assert "1 not reached: lab-door (no answer in 2 s)" in page


def test_the_editor_of_a_rule_has_the_hours_of_each_day(gateway: Gateway):
    gateway.control.create(rule(schedule={"monday": ["08:00-12:00", "13:00-17:30"]}))
    page = seen(gateway, "/console/rules/r")
    hours = {
        name: json.loads(html.unescape(value))
        for name, value in re.findall(r'name="schedule\.(\w+)" data-type="json" value="([^"]*)"', page)
    }

    assert hours.pop("monday") == ["08:00-12:00", "13:00-17:30"]
    assert list(hours.values()) == [[]] * 6


def test_a_new_rule_is_written_by_those_alone_who_may_write_rules(gateway: Gateway):
    assert "POST /v1/rules" in changes(seen(gateway, "/console/new-rule", "operator"))
    signed_in(gateway.client, "viewer")
    assert gateway.client.get("/console/new-rule").status_code == 403


@pytest.mark.parametrize("page", ["/console/doors/none", "/console/rules/none", "/console/holidays/none"])
def test_what_is_not_there_has_no_page(gateway: Gateway, page: str):
    signed_in(gateway.client, "viewer")

    assert gateway.client.get(page).status_code == 404


@pytest.mark.parametrize("role", ["viewer", "enroller", "operator"])
@pytest.mark.parametrize("page", ADMINS_PAGES)
def test_operators_and_tokens_are_shown_to_admins_alone(gateway: Gateway, page: str, role: str):
    signed_in(gateway.client, role)

    assert gateway.client.get(page).status_code == 403


def test_operators_are_not_offered_to_change_themselves(gateway: Gateway):
    assert changes(seen(gateway, "/console/operators/admin")) == set()
    assert changes(seen(gateway, "/console/operators/viewer")) != set()


def test_a_long_list_is_shown_a_part_at_a_time(gateway: Gateway):
    records = gateway.signing_in.operators
    for number in range(PART):
        records.create(operator(f"many{number:03}"))
    first = seen(gateway, "/console/operators")
    (more,) = re.findall(r'hx-get="([^"]+begin=[^"]+)"', first)
    rest = seen(gateway, html.unescape(more), **FRAGMENT)

    logins = re.findall(r'href="/console/operators/([^"]+)"', first + rest)
    assert logins == sorted(records.operators)


def test_a_lockdown_can_be_ended_where_it_is_listed(gateway: Gateway):
    for target, target_id in ((Locked.SITE, None), (Locked.ZONE, "lab"), (Locked.DOOR, "front")):
        lockdown = Lockdown(
            target=target, target_id=target_id, reason="Fire", locked_by="operator ada", locked_at=NOW
        )
        gateway.access.lock(lockdown)
    ends = changes(seen(gateway, "/console/lockdown", "operator", **FRAGMENT))

    assert ends == {
        "DELETE /v1/site/lockdown",
        "DELETE /v1/zones/lab/lockdown",
        "DELETE /v1/doors/front/lockdown",
    }


def test_a_kiosk_is_alive_silent_or_waits_to_be_paired(gateway: Gateway):
    def states() -> list[str]:
        page = seen(gateway, "/console/kiosks", **FRAGMENT)
        return re.findall(r'<span class="badge \w+">([^<]+)</span>', page)

    def set_all(**fields: object) -> None:
        kiosks = gateway.kiosks.kiosks
        for kiosk_id, kiosk in kiosks.items():
            kiosks[kiosk_id] = kiosk.model_copy(update=fields)

    assert states() == ["Paired, not heard of yet"] * 2
    set_all(last_contact_at=datetime.now(UTC), clock_skew=-42.4)
    assert states() == ["Alive", "-42 s"] * 2
    set_all(last_contact_at=datetime.now(UTC) - timedelta(minutes=5), clock_skew=1.0)
    assert states() == ["Silent"] * 2
    set_all(token_sha256=None)
    assert states() == ["Not paired"] * 2
