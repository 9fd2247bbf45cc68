"""Somebody who was invited agrees, is photographed, and sees what became of it; against a whole Facegate."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from cli.portraits import cat
from services.aws.invitations import InvitationStore
from services.aws.people import PeopleStore
from services.contracts.domain import Person
from services.contracts.ids import person_id_of
from services.contracts.invitations import invite, link_of
from services.gateway.uuid7 import uuid7
from tests.browser.conftest import DENIED_CAMERA, NO_CAMERA, Camera, Visits
from tests.conftest import RunningFacegate

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "assets" / "node_modules" / "axe-core" / "axe.min.js"
PHONE = ViewportSize(width=360, height=740)
#: Photos are looked at by the enroll worker, and taken when the detector has loaded.
SEEN_MS = 40_000
FAULTS = """async () => (await axe.run()).violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => [id, nodes.map((node) => node.html)])"""
#: No two photos of a real camera are the same; a film shows the same frame again.
LIKE_A_REAL_CAMERA = """
    const { toBlob } = HTMLCanvasElement.prototype;
    let taken = 0;
    HTMLCanvasElement.prototype.toBlob = function (done, type, quality) {
        taken += 1;
        toBlob.call(this, done, type, quality - taken / 100);
    };
"""
TOO_WIDE = "() => document.documentElement.scrollWidth > innerWidth"


@pytest.fixture
def link(facegate: RunningFacegate) -> Callable[..., str]:
    """Invite somebody, who is new unless they are enrolled."""

    def link_for(person_id: str | None = None) -> str:
        people = PeopleStore(facegate.aws)
        person = people.get(person_id) if person_id else None
        if person is None:
            person = Person(person_id=str(uuid7()), full_name="Ada Lovelace", created_at=datetime.now(UTC))
            people.create(person)
        invitation, token = invite(person, "operator test", datetime.now(UTC))
        InvitationStore(facegate.aws).add(invitation)
        return link_of(facegate.gateway_url, token)

    return link_for


def agree(page: Page) -> None:
    page.get_by_role("button", name="I agree, and I am the person").click()
    expect(page.get_by_role("heading", name="Your photos")).to_be_visible()


def send_file(page: Page, file: Path) -> None:
    page.get_by_label("Or choose photos from this device").set_input_files(file)


def look_at(page: Page, visits: Visits, name: str) -> None:
    """Keep pictures of how it looks, light and dark, and find nothing that keeps anybody out."""
    page.evaluate(AXE.read_text())
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        visits.keep(page, f"join-{name}-{scheme}")
        assert page.evaluate(FAULTS) == []
    assert not page.evaluate(TOO_WIDE)
    page.emulate_media(color_scheme="light")


@pytest.mark.usefixtures("detector")
def test_who_agrees_is_photographed_and_the_photos_are_accepted(
    facegate: RunningFacegate,
    grace_is_enrolled: str,
    link: Callable[..., str],
    visits: Visits,
    grace_hopper_camera: Camera,
):
    page = visits.open("about:blank", grace_hopper_camera, PHONE)
    page.add_init_script(LIKE_A_REAL_CAMERA)
    page.goto(link(person_id_of(grace_is_enrolled)))
    expect(page.get_by_role("heading", name=f"Welcome, {grace_is_enrolled}")).to_be_visible()
    assert "fgi_" not in page.url
    agree(page)

    page.get_by_role("button", name="Use the camera").click()
    expect(page.get_by_role("status")).to_contain_text("Look straight at the camera", timeout=SEEN_MS)
    look_at(page, visits, "camera")
    expect(page.get_by_role("status")).to_contain_text("a little to one side", timeout=SEEN_MS)
    expect(page.get_by_role("heading", name="Thank you, that is all")).to_be_visible(timeout=SEEN_MS)

    accepted = page.locator("#sent li", has_text="Accepted")
    expect(accepted).to_have_count(3, timeout=SEEN_MS)
    expect(accepted.locator("canvas")).to_have_count(3)
    look_at(page, visits, "done")
    person = PeopleStore(facegate.aws).get(person_id_of(grace_is_enrolled))
    assert person is not None
    assert person.consent is not None
    assert person.consent.recorded_by.startswith("invitation ")


def test_a_photo_that_is_of_no_use_says_why_and_goes_when_it_is_removed(
    link: Callable[..., str], visits: Visits
):
    page = visits.open(link(), NO_CAMERA, PHONE)
    expect(page.get_by_role("heading", name="First: do you agree?")).to_be_visible()
    look_at(page, visits, "consent")
    agree(page)

    send_file(page, cat())
    photo = page.locator("#sent li")
    expect(photo).to_contain_text("No face was found", timeout=SEEN_MS)
    expect(page.get_by_text("Photos that you can still send: 5")).to_be_visible()
    look_at(page, visits, "rejected")

    # the same link in the same tab, later
    page.reload()
    photo.get_by_role("button", name="Remove").click()
    expect(photo).to_have_count(0, timeout=SEEN_MS)


def test_who_changes_their_mind_is_asked_once_more_and_may_come_back(
    link: Callable[..., str], visits: Visits
):
    page = visits.open(link(), NO_CAMERA)
    agree(page)
    page.get_by_text("Change your mind", exact=True).click()
    page.get_by_role("button", name="I no longer agree").click()
    asked = page.get_by_role("dialog")
    asked.get_by_role("button", name="Go back").click()
    expect(page.get_by_role("heading", name="Your photos")).to_be_visible()

    page.get_by_role("button", name="I no longer agree").click()
    asked.get_by_role("button", name="I no longer agree").click()
    expect(page.get_by_text("You have changed your mind")).to_be_visible()
    expect(page.get_by_role("heading", name="Your photos")).to_be_hidden()
    agree(page)


def test_where_the_camera_is_blocked_files_are_the_way(link: Callable[..., str], visits: Visits):
    page = visits.open(link(), DENIED_CAMERA)
    agree(page)
    page.get_by_role("button", name="Use the camera").click()
    expect(page.get_by_role("alert")).to_contain_text("The camera is blocked", timeout=SEEN_MS)
    expect(page.get_by_label("Or choose photos from this device")).to_be_visible()


def test_a_link_that_has_ended_or_was_cut_off_says_so_kindly(
    facegate: RunningFacegate, link: Callable[..., str], visits: Visits
):
    whole = link()
    found = re.search(r"#fgi_([0-9a-f]+)_", whole)
    assert found
    page = visits.open(whole[:-1], NO_CAMERA, PHONE)
    expect(page.get_by_role("heading", name="This link does not work")).to_be_visible()
    look_at(page, visits, "ended")

    InvitationStore(facegate.aws).revoke(found[1], datetime.now(UTC))
    # opened in the same tab, where only what stands behind the # is another
    page.goto(whole)
    expect(page.get_by_role("heading", name="This invitation was taken back")).to_be_visible()
    other = visits.open(f"{facegate.gateway_url}/join?lang=de", NO_CAMERA)
    expect(other.get_by_role("heading", name="Bitte öffnen Sie den Link")).to_be_visible()
