"""Operators sign in and out, change their passwords, and are told in words what went wrong."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from services.contracts.operators import Role
from tests.browser.console.conftest import PASSWORD, Seeded

pytestmark = pytest.mark.browser

NEW_PASSWORD = "another tram, to the harbour"
#: A form of every kind of field, and what of it is sent.
FIELDS = """
    <form data-api="POST /v1/nothing">
      <input name="name" value=" Ada "> <input name="left_out" value="">
      <input name="nothing" data-empty="null">
      <input name="limits.most" type="number" value="7">
      <input name="limits.least" data-type="number" value="0.5">
      <input name="on" type="checkbox" checked> <input name="off" type="checkbox">
      <input name="days" type="checkbox" value="mon" checked>
      <input name="days" type="checkbox" value="tue">
      <select name="doors" multiple>
        <option value="a" selected>A</option><option value="b" selected>B</option>
      </select>
      <input name="role" type="radio" value="x"> <input name="role" type="radio" value="y" checked>
      <textarea name="groups" data-type="lines">staff\n\n night shift </textarea>
      <input name="schedule" data-type="json" value='{"from": [1]}'>
      <select name="signed" data-type="boolean"><option>true</option></select>
      <input name="at" type="datetime-local" value="2026-01-02T03:04">
      <input name="kept" disabled value="no">
      <button name="choice" value="first">1</button>
      <button id="pressed" name="choice" value="second">2</button>
    </form>"""
SENT = """async ([html, base]) => {
    const { fieldsOf } = await import(base.replace("console.js", "forms.js"));
    document.querySelector("main").innerHTML = html;
    const form = document.querySelector("main form");
    return Object.fromEntries(fieldsOf(form, document.getElementById("pressed")));
}"""


def sign_in(page: Page, login: str, password: str) -> None:
    page.get_by_label("Login").fill(login)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_who_signs_in_comes_to_where_they_wanted(console: Seeded, visit: Callable[..., Page]):
    page = visit("/console/account", role=None)
    sign_in(page, "viewer@example.org", "a tram to nowhere")
    expect(page.get_by_role("alert").filter(has_text="Wrong login or password")).to_be_visible()
    expect(page.get_by_label("Password")).to_be_focused()
    sign_in(page, "viewer@example.org", PASSWORD)
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    assert page.url == f"{console.url}/console/account"

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto(f"{console.url}/console")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_what_went_wrong_is_told_in_german_too_and_that_the_gateway_is_gone(visit: Callable[..., Page]):
    page = visit("/console/sign-in", role=None, language="de")
    page.get_by_label("Anmeldename").fill("viewer@example.org")
    page.get_by_label("Passwort").fill("eine Tram nach nirgendwo")
    page.get_by_role("button", name="Anmelden").click()
    expect(page.get_by_role("alert").filter(has_text="Anmeldename oder Passwort falsch")).to_be_visible()
    page.context.set_offline(True)
    page.get_by_role("button", name="Anmelden").click()
    expect(page.get_by_role("alert").filter(has_text="Das Gateway ist nicht zu erreichen")).to_be_visible()


def test_operators_change_their_own_passwords(console: Seeded, visit: Callable[..., Page]):
    login = "trainee@example.org"
    made = {"login": login, "password": PASSWORD, "role": Role.VIEWER}
    assert console.api("POST", "/v1/operators", json=made).ok
    page = visit("/console/account", role=None)
    sign_in(page, login, PASSWORD)
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_label("New password *", exact=True).fill(NEW_PASSWORD)
    again = page.get_by_label("New password again")
    again.fill("something else")
    assert again.evaluate("input => input.validationMessage") == "This is not the same as above."
    again.fill(NEW_PASSWORD)
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_role("status").filter(has_text="The password is changed")).to_be_visible()

    page.get_by_role("button", name="Sign out").click()
    sign_in(page, login, NEW_PASSWORD)
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()


def test_forms_send_values_as_json_has_them(visit: Callable[..., Page]):
    page = visit("/console/account", Role.VIEWER)
    module = page.locator('script[type="module"]').first.get_attribute("src")
    sent = page.evaluate(SENT, [FIELDS, module])
    at = sent.pop("at")
    assert sent == {
        "name": "Ada",
        "nothing": None,
        "limits.most": 7,
        "limits.least": 0.5,
        "on": True,
        "off": False,
        "days": ["mon"],
        "doors": ["a", "b"],
        "role": "y",
        "groups": ["staff", "night shift"],
        "schedule": {"from": [1]},
        "signed": True,
        "choice": "second",
    }
    assert at.endswith("Z")


def test_the_menu_of_a_phone_opens_by_keyboard(visit: Callable[..., Page]):
    page = visit("/console", Role.VIEWER, viewport={"width": 360, "height": 740})
    people = page.get_by_role("navigation").get_by_role("link", name="People")
    expect(people).to_be_hidden()
    menu = page.get_by_role("button", name="Menu")
    menu.focus()
    page.keyboard.press("Enter")
    expect(menu).to_have_attribute("aria-expanded", "true")
    people.click()
    expect(page.get_by_role("heading", name="People", level=1)).to_be_visible()
