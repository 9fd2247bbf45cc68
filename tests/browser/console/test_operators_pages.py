"""Operators and tokens in the console: who may sign in, and which programs may ask."""

from collections.abc import Callable

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser.console.conftest import PASSWORD, Seeded
from tests.conftest import until

pytestmark = pytest.mark.browser


def sign_in(page: Page, login: str) -> None:
    page.get_by_label("Login").fill(login)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_an_operator_who_is_added_signs_in_sees_what_their_role_may_and_is_disabled(
    console: Seeded, visit: Callable[..., Page]
):
    page = visit("/console/operators")
    page.get_by_role("button", name="New operator").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Login").fill("Mary")
    dialog.get_by_label("Role").select_option("Enroller")
    dialog.get_by_label("Password").fill("too short")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog).to_be_visible()
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Create").click()
    expect(page.get_by_role("row", name="mary")).to_contain_text("Enroller")

    theirs = visit("/console/people", role=None)
    sign_in(theirs, "mary")
    theirs.wait_for_url("**/console/people")
    navigation = theirs.get_by_role("navigation")
    expect(navigation.get_by_role("link", name="Rules")).to_be_visible()
    expect(navigation.get_by_role("link", name="Operators")).to_have_count(0)
    expect(navigation.get_by_role("link", name="Tokens")).to_have_count(0)

    page.get_by_role("link", name="mary").click()
    page.get_by_role("button", name="Disable").click()
    expect(page.locator("#confirm")).to_contain_text("All their sessions end at once")
    page.locator("#confirm").get_by_role("button", name="Disable").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Disabled")

    def is_out() -> bool:
        theirs.reload()
        return "/console/sign-in" in theirs.url

    until(is_out)


def test_a_token_is_shown_once_works_and_is_revoked(console: Seeded, visit: Callable[..., Page]):
    page = visit("/console/tokens")
    page.get_by_role("button", name="New token").click()
    dialog = page.get_by_role("dialog", name="New token")
    dialog.get_by_label("Program").fill("Payroll")
    dialog.get_by_label("people:read").check()
    dialog.get_by_role("button", name="Issue").click()
    shown = page.get_by_role("dialog", name="The new token")
    token = shown.locator("output").inner_text()

    def ask() -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return requests.get(f"{console.url}/v1/people", headers=headers, timeout=20).status_code

    assert ask() == 200
    shown.get_by_role("button", name="I have kept it").click()
    expect(page.locator("#secret output")).to_be_empty()
    row = page.get_by_role("row", name="Payroll")
    expect(row).to_contain_text("people:read")
    assert token not in page.content()
    row.get_by_role("button", name="Revoke").click()
    expect(page.locator("#confirm")).to_contain_text("is refused within two seconds")
    page.locator("#confirm").get_by_role("button", name="Revoke").click()
    expect(row).to_have_count(0)
    until(lambda: ask() == 401)
