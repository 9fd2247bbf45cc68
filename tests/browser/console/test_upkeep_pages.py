"""Operators read what failed, send it again, delete it, and have drift looked for."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from services.contracts.operators import Role
from tests.browser.conftest import Visits
from tests.browser.console.conftest import Seeded
from tests.conftest import until

pytestmark = pytest.mark.browser


@pytest.fixture
def failed(console: Seeded) -> str:
    """A message that no worker can read, put aside by one."""
    text = f"who wrote this, {uuid4().hex}?"
    aws = console.running.aws
    aws.sqs.send_message(QueueUrl=aws.outputs.recognize_queue_url, MessageBody=text)
    until(lambda: letters_with(console, text))
    return text


def letters_with(console: Seeded, text: str) -> list[str]:
    """The ids of the dead letters that begin with it."""
    letters = console.api("GET", "/v1/dead-letters/recognize").json()["dead_letters"]
    return [letter["message_id"] for letter in letters if letter["excerpt"] == text]


def test_a_message_is_read_with_its_reason_sent_again_and_deleted(
    console: Seeded, visit: Callable[..., Page], visits: Visits, failed: str
):
    [first] = letters_with(console, failed)
    page = visit("/console/dead-letters", Role.OPERATOR)
    row = page.get_by_role("row").filter(has_text=failed)
    expect(row).to_contain_text("not a Celery message")
    row.get_by_text("Details").click()
    expect(row.get_by_text(failed)).to_be_visible()
    visits.keep(page, "console-dead-letters-read")
    row.get_by_role("button", name="Send again").click()

    # nobody can read it now either: it comes back as another message
    until(lambda: letters_with(console, failed) not in ([], [first]))
    page.reload()
    row.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog")).to_contain_text("for ever")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)
    assert letters_with(console, failed) == []


def test_all_are_sent_again_and_it_is_told_how_many(console: Seeded, visit: Callable[..., Page], failed: str):
    page = visit("/console/dead-letters", Role.OPERATOR)
    page.get_by_role("button", name="Send all again").click()
    page.get_by_role("dialog").get_by_role("button", name="Send all again").click()
    expect(page.locator("#redriven")).to_contain_text("1 sent again, 0 of no use any more")

    for message_id in until(lambda: letters_with(console, failed)):
        assert console.api("DELETE", f"/v1/dead-letters/recognize/{message_id}").ok
    page.reload()
    expect(page.locator("main")).to_contain_text("Everything that was asked for was done.")


def test_who_may_only_read_sees_the_reason_and_no_buttons(
    console: Seeded, visit: Callable[..., Page], failed: str
):
    page = visit("/console/dead-letters", Role.VIEWER)
    row = page.get_by_role("row").filter(has_text=failed)
    expect(row).to_contain_text("not a Celery message")
    expect(page.locator("main").get_by_role("button")).to_have_count(0)
    for message_id in letters_with(console, failed):
        assert console.api("DELETE", f"/v1/dead-letters/recognize/{message_id}").ok


def test_drift_is_looked_for_and_the_page_tells_what_was_found(visit: Callable[..., Page]):
    page = visit("/console/drift", Role.OPERATOR)
    page.get_by_role("button", name="Check now").click()
    expect(page.locator("main")).to_contain_text("faces, people and photos read", timeout=20_000)
    expect(page.locator("main")).to_contain_text("Started by operator operator@example.org")
