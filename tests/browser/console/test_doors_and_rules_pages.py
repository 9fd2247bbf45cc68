"""Doors, rules, lockdown and emergencies in the console: made, painted, locked, opened again."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from cli.portraits import grace_hopper
from services.contracts.operators import Role
from tests.browser.console.conftest import GRACE, KIOSK, Seeded

pytestmark = pytest.mark.browser

#: A week is seen whole on it.
TALL = ViewportSize(width=1280, height=1800)


@pytest.fixture
def kiosks_door(console: Seeded) -> Iterator[str]:
    """The page of the door at which the kiosk stands."""
    door_id = console.api("GET", f"/v1/kiosks/{KIOSK}").json()["door_id"]
    yield f"/console/doors/{door_id}"
    console.api("DELETE", f"/v1/doors/{door_id}/lockdown")


def made(console: Seeded, path: str, **body: object) -> None:
    answer = console.api("POST", path, json=body)
    assert answer.ok, answer.text


def slot(page: Page, name: str):
    return page.get_by_role("gridcell", name=name, exact=True)


def drag(page: Page, begin: str, end: str) -> None:
    page.get_by_role("grid").scroll_into_view_if_needed()
    first, last = slot(page, begin).bounding_box(), slot(page, end).bounding_box()
    assert first
    assert last
    page.mouse.move(first["x"] + first["width"] / 2, first["y"] + first["height"] / 2)
    page.mouse.down()
    page.mouse.move(last["x"] + last["width"] / 2, last["y"] + last["height"] / 2, steps=4)
    page.mouse.up()


def test_a_zone_and_its_door_are_made_and_a_rule_with_a_painted_week_opens_it(
    console: Seeded, visit: Callable[..., Page]
):
    page = visit("/console/doors", Role.OPERATOR, viewport=TALL)
    page.get_by_role("button", name="New zone").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Archive")
    dialog.get_by_label("Id of the zone").fill("archive")
    dialog.get_by_role("button", name="Add").click()
    zone = page.get_by_role("region", name="Archive")
    expect(zone).to_contain_text("No doors yet")
    page.get_by_role("button", name="New door").click()
    dialog.get_by_label("Name").fill("Archive door")
    dialog.get_by_label("Id of the door").fill("archive-door")
    dialog.get_by_label("Zone", exact=True).select_option("Archive")
    dialog.get_by_role("button", name="Add").click()
    expect(zone.get_by_role("row", name="Archive door")).to_contain_text("No rule: nobody passes")

    page.get_by_role("navigation").get_by_role("link", name="Rules").click()
    page.get_by_role("link", name="New rule").click()
    # its scripts listen by then
    page.wait_for_url("**/new-rule")
    page.get_by_label("Name").fill("Archivists")
    page.get_by_label("Id of the rule").fill("archivists")
    page.get_by_label("Another group").fill("archivists")
    page.keyboard.press("Enter")
    page.get_by_role("group", name="Zones").get_by_label("Archive").check()

    # with the keyboard: four half hours along, one of them closed again
    slot(page, "Monday 08:00").focus()
    page.keyboard.press("Space")
    for _ in range(3):
        page.keyboard.press("Shift+ArrowDown")
    expect(page.locator(".week [role=status]")).to_have_text("Monday 09:30: open")
    page.keyboard.press("Space")
    expect(page.locator(".week [role=status]")).to_have_text("Monday 09:30: closed")
    # with the mouse: three days at once, and a piece out of the middle
    drag(page, "Tuesday 09:00", "Thursday 16:30")
    drag(page, "Wednesday 12:00", "Wednesday 12:30")
    # typed, past midnight
    sunday = page.get_by_role("group", name="Sunday")
    sunday.get_by_role("button", name="Add hours").click()
    sunday.get_by_label("From").fill("22:00")
    sunday.get_by_label("To").fill("02:00")
    expect(slot(page, "Monday 01:30")).to_have_attribute("aria-selected", "true")
    expect(slot(page, "Monday 02:00")).to_have_attribute("aria-selected", "false")
    monday = page.get_by_role("group", name="Monday")
    assert [monday.get_by_label(label).input_value() for label in ("From", "To")] == ["08:00", "09:30"]

    page.get_by_role("button", name="Add the rule").click()
    page.wait_for_url("**/console/rules/archivists")
    rule = console.api("GET", "/v1/rules/archivists").json()
    assert rule["groups"] == ["archivists"]
    assert rule["zones"] == ["archive"]
    assert {day: hours for day, hours in rule["schedule"].items() if hours} == {
        "monday": ["08:00-09:30"],
        "tuesday": ["09:00-17:00"],
        "wednesday": ["09:00-12:00", "13:00-17:00"],
        "thursday": ["09:00-17:00"],
        "sunday": ["22:00-02:00"],
    }
    page.get_by_role("navigation").get_by_role("link", name="Rules").click()
    page.get_by_role("searchbox").press_sequentially("archiv")
    expect(page.get_by_role("row", name="Archivists")).to_contain_text("Archive")
    page.goto(f"{console.url}/console/doors/archive-door")
    expect(page.get_by_role("heading", name="Archive door")).to_contain_text("By rules")


def test_what_passes_midnight_is_painted_away_where_it_is_seen(console: Seeded, visit: Callable[..., Page]):
    made(console, "/v1/zones", zone_id="night", name="Night")
    hours = {"saturday": ["20:00-06:00"], "monday": ["00:00-24:00"]}
    made(console, "/v1/rules", rule_id="night", name="Night", groups=["n"], zones=["night"], schedule=hours)
    page = visit("/console/rules/night", viewport=TALL)
    drag(page, "Sunday 00:00", "Sunday 02:30")
    drag(page, "Monday 00:00", "Monday 23:30")
    with page.expect_response(lambda answer: answer.request.method == "PATCH") as saved:
        page.get_by_role("button", name="Save").click()
    assert saved.value.ok
    schedule = console.api("GET", "/v1/rules/night").json()["schedule"]
    assert {day: hours for day, hours in schedule.items() if hours} == {
        "saturday": ["20:00-24:00"],
        "sunday": ["03:00-06:00"],
    }


def test_a_door_that_is_locked_lets_nobody_in_until_the_lockdown_is_lifted(
    console: Seeded, visit: Callable[..., Page], kiosks_door: str
):
    page = visit(kiosks_door, Role.OPERATOR)
    page.get_by_role("searchbox").press_sequentially("grace")
    expect(page.locator("#passage").get_by_role("row", name=GRACE)).to_contain_text("May pass")
    page.get_by_text("Lock this door").first.click()
    page.get_by_label("Reason").fill("Broken glass")
    page.get_by_role("button", name="Lock this door").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Locked")
    assert console.recognise(grace_hopper())["reason"] == "door_locked"

    page.goto(f"{console.url}/console/lockdown")
    row = page.get_by_role("row", name="Broken glass")
    expect(row).to_contain_text(f"operator {Role.OPERATOR}@example.org")
    row.get_by_role("button", name="Lift the lockdown").click()
    expect(page.locator("#confirm")).to_contain_text("The rules decide again")
    page.locator("#confirm").get_by_role("button", name="Lift the lockdown").click()
    expect(row).to_have_count(0)
    assert console.recognise(grace_hopper())["outcome"] == "granted"


def test_an_emergency_is_asked_for_and_then_confirmed(console: Seeded, visit: Callable[..., Page]):
    made(console, "/v1/zones", zone_id="vault", name="Vault")
    made(console, "/v1/doors", door_id="vault-door", name="Vault door", zone_id="vault")
    page = visit("/console/lockdown", Role.OPERATOR)
    page.get_by_text("Emergency: open or lock all doors").click()
    page.get_by_label("What").select_option("Lock all doors")
    page.get_by_label("Where").select_option("Vault")
    page.get_by_role("button", name="Ask for it").click()
    dialog = page.locator("#confirmation")
    expect(dialog.get_by_role("heading")).to_have_text("Lock all doors (Vault): 1 doors")
    expect(dialog).to_contain_text("Confirm within")
    assert "vault" not in console.api("GET", "/v1/lockdowns").text
    dialog.get_by_role("button", name="Do it now").click()
    expect(page.locator("#standing")).to_contain_text("Emergency: all doors are locked.")
    expect(page.locator("#standing")).to_contain_text("with nothing to tell", timeout=30_000)
    ended = console.api("DELETE", "/v1/zones/vault/lockdown")
    assert ended.ok, ended.text


def test_a_webhooks_secret_is_shown_once(console: Seeded, visit: Callable[..., Page], kiosks_door: str):
    page = visit(kiosks_door)
    page.get_by_text("Call a webhook").click()
    page.get_by_label("Webhook (URL)").fill(f"{console.url}/relay")
    page.locator("form", has=page.get_by_label("Webhook (URL)")).get_by_role("button", name="Save").click()
    dialog = page.get_by_role("dialog", name="The webhook's secret")
    expect(dialog.locator("output")).to_contain_text("whsec_")
    dialog.get_by_role("button", name="I have kept it").click()
    expect(page.get_by_text(f"{console.url}/relay")).to_be_visible()
    assert "whsec_" not in page.content()
    page.get_by_role("button", name="Have the door do nothing").click()
    page.locator("#confirm").get_by_role("button", name="Have the door do nothing").click()
    expect(page.get_by_text("Nothing but the decision")).to_be_visible()


def test_a_holiday_calendar_has_days_of_every_year_and_of_one(console: Seeded, visit: Callable[..., Page]):
    page = visit("/console/holidays", Role.OPERATOR)
    page.get_by_role("link", name="New calendar").click()
    page.get_by_label("Name", exact=False).first.fill("Company")
    page.get_by_label("Id of the calendar").fill("company")
    for number, (day, every_year, name) in enumerate(
        [("2026-12-24", True, "Christmas Eve"), ("2027-03-01", False, "Founders' day")]
    ):
        page.get_by_role("button", name="Add a day").click()
        row = page.get_by_role("listitem").filter(has=page.get_by_label("Date")).nth(number)
        row.get_by_label("Date").fill(day)
        row.get_by_label("every year").set_checked(every_year)
        row.get_by_label("Name of the day").fill(name)
    page.get_by_role("button", name="Add the calendar").click()
    page.wait_for_url("**/console/holidays/company")
    expect(page.get_by_label("Name of the day").first).to_have_value("Christmas Eve")
    assert console.api("GET", "/v1/holidays/company").json()["holidays"] == [
        {"name": "Christmas Eve", "day": "12-24"},
        {"name": "Founders' day", "day": "2027-03-01"},
    ]
