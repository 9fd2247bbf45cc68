"""Decisions appear as they are made, and lead to their records, which are found and verified."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from cli.portraits import eileen_collins, grace_hopper
from services.contracts.operators import Role
from tests.browser.console.conftest import GRACE, Seeded

pytestmark = pytest.mark.browser


def row_of(page: Page, decision: dict[str, str]):
    return page.locator(f"#decision-{decision['recognition_id']}")


def test_a_decision_appears_on_top_as_it_is_made(console: Seeded, visit: Callable[..., Page]):
    page = visit("/console/live", Role.VIEWER)
    expect(page.locator("#state")).to_have_text("live")
    decision = console.recognise(grace_hopper())

    row = row_of(page, decision)
    expect(row).to_be_visible()
    expect(row).to_contain_text("Granted")
    expect(row).to_contain_text("Front door")
    assert page.locator("#decisions > li").first.get_attribute("id") == row.get_attribute("id")
    row.get_by_role("link", name=GRACE).click()
    expect(page).to_have_url(f"{console.url}/console/people/{console.people[GRACE]}")


def test_nothing_moves_while_it_is_paused_and_what_is_not_wanted_is_not_shown(
    console: Seeded, visit: Callable[..., Page]
):
    page = visit("/console/live", Role.VIEWER)
    expect(page.locator("#state")).to_have_text("live")
    pause = page.get_by_role("button", name="Pause")
    pause.click()
    kept = console.recognise(eileen_collins())
    expect(page.locator("#state")).to_have_text("paused, 1 new")
    expect(row_of(page, kept)).to_have_count(0)
    pause.click()
    expect(row_of(page, kept)).to_be_visible()

    page.get_by_label("Outcome").select_option("granted")
    expect(row_of(page, kept)).to_have_count(0)
    expect(page.locator("#state")).to_have_text("live")
    denied, granted = console.recognise(eileen_collins()), console.recognise(grace_hopper())
    expect(row_of(page, granted)).to_be_visible()
    expect(row_of(page, denied)).to_have_count(0)


def test_a_page_that_is_refused_a_stream_asks_for_the_list(console: Seeded, visit: Callable[..., Page]):
    page = visit("/console/account", Role.VIEWER)
    page.route("**/console/live/events*", lambda route: route.fulfill(status=503))
    page.clock.install()
    page.goto(f"{console.url}/console/live")
    expect(page.locator("#state")).to_have_text("asks every 5 seconds")
    decision = console.recognise(grace_hopper())
    page.clock.run_for(5_000)
    expect(row_of(page, decision)).to_be_visible()


def test_a_decision_leads_to_its_record_and_the_trail_is_verified(
    console: Seeded, visit: Callable[..., Page]
):
    decision = console.recognise(grace_hopper())
    page = visit("/console/live")
    row_of(page, decision).get_by_role("link", name="Record").click()
    expect(page.get_by_role("heading", name="Record of a decision")).to_be_visible()
    expect(page.locator(".evidence")).to_contain_text(decision["recognition_id"])

    page.get_by_role("link", name="Audit trail", exact=True).click()
    page.get_by_label("Kind").select_option("decision")
    expect(page.locator("tbody tr").filter(has_text=GRACE).first).to_be_visible()
    expect(page.locator("tbody tr").filter(has_text="/v1/")).to_have_count(0)
    page.get_by_role("button", name="Verify").click()
    expect(page.locator("#verified")).to_contain_text("Intact")
    with page.expect_download() as started:
        page.get_by_role("link", name="CSV").click()
    assert started.value.suggested_filename.endswith(".csv")
