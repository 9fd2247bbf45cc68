"""People and their photos in the console: added, enrolled from files and the webcam, found, deleted."""

import base64
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageOps
from playwright.sync_api import Locator, Page, expect

from cli.portraits import cat, eileen_collins, grace_hopper
from services.contracts.operators import Role
from tests.browser.conftest import Camera, Visits
from tests.browser.console.conftest import ADA, GRACE, Seeded
from tests.conftest import until

pytestmark = pytest.mark.browser

#: What a drop of files brings, made in the page.
_DROPPED = """(files) => {
    const dropped = new DataTransfer();
    for (const [name, type, data] of files) {
        const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
        dropped.items.add(new File([bytes], name, { type }));
    }
    return dropped;
}"""


def drop(page: Page, place: str, *files: Path) -> None:
    """Drop PNG files on a place of the page."""
    described = [[file.name, "image/png", base64.b64encode(file.read_bytes()).decode()] for file in files]
    dropped = page.evaluate_handle(_DROPPED, described)
    page.dispatch_event(place, "drop", {"dataTransfer": dropped})


def mirrored(portrait: Path) -> bytes:
    file = BytesIO()
    with Image.open(portrait) as picture:
        ImageOps.mirror(picture.convert("RGB")).save(file, "JPEG", quality=95)
    return file.getvalue()


def seen(pictures: Locator) -> bool:
    """Whether the browser has the pictures."""
    return pictures.evaluate_all(
        "(all) => all.length > 0 && all.every(({ naturalWidth }) => naturalWidth > 100)"
    )


def new_person(console: Seeded, full_name: str) -> str:
    answer = console.api("POST", "/v1/people", json={"full_name": full_name})
    assert answer.ok, answer.text
    return answer.json()["person_id"]


def test_a_person_is_added_and_enrolled_from_files_and_a_rejected_photo_is_tried_again(
    visit: Callable[..., Page],
):
    page = visit("/console/people", Role.ENROLLER)
    page.get_by_role("button", name="Add a person").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Eileen Collins")
    dialog.get_by_label("Groups").fill("astronauts\nstaff")
    dialog.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", name="Eileen Collins")).to_be_visible()
    expect(page.locator("#details")).to_contain_text("astronauts, staff")
    expect(page.locator("#advice")).to_contain_text("has no photo yet")

    drop(page, "#enroll", eileen_collins(), cat())
    accepted, rejected = (
        page.locator(".photo[data-status=indexed]"),
        page.locator(".photo[data-status=rejected]"),
    )
    expect(accepted).to_have_count(1, timeout=30_000)
    expect(rejected).to_contain_text("No face was found. Take a photo", timeout=30_000)
    expect(page.locator("#advice")).to_contain_text("Accepted so far: 1.")
    expect(page.locator(".upload")).to_have_count(0)
    until(lambda: seen(accepted.get_by_role("img")))

    with page.expect_file_chooser() as chooser:
        rejected.get_by_role("button", name="Try again").click()
    another = {"name": "mirrored.jpg", "mimeType": "image/jpeg", "buffer": mirrored(eileen_collins())}
    chooser.value.set_files(another)  # type: ignore[arg-type]  # as Playwright's documentation does
    expect(accepted).to_have_count(2, timeout=30_000)
    expect(page.locator(".photo")).to_have_count(2, timeout=30_000)


def test_what_is_no_photo_is_told_of_before_it_is_sent(console: Seeded, visit: Callable[..., Page]):
    page = visit(f"/console/people/{console.people[ADA]}")
    page.set_input_files("#files", {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no photo"})
    row = page.locator(".upload")
    expect(row).to_contain_text("Neither JPEG, PNG, WebP nor HEIC.")
    row.get_by_role("button", name="Remove from this list").click()
    expect(row).to_have_count(0)


def test_a_photo_is_taken_by_the_webcam_with_the_button_where_no_detector_runs(
    console: Seeded, visit: Callable[..., Page], grace_hopper_camera: Camera
):
    page = visit(f"/console/people/{console.people[GRACE]}", Role.ENROLLER, camera=grace_hopper_camera)
    page.route("**/detector_worker.js", lambda route: route.abort())
    before = page.locator(".photo[data-status=indexed]").count()
    page.get_by_role("button", name="Use the webcam").click()
    expect(page.locator(".guidance")).to_contain_text("press the button")
    page.get_by_role("button", name="Take a photo").click()
    expect(page.locator(".guidance")).to_contain_text("Taken.")
    page.get_by_role("dialog").get_by_role("button", name="Done").click()
    expect(page.locator(".photo[data-status=indexed]")).to_have_count(before + 1, timeout=30_000)
    assert page.evaluate("document.querySelector('.webcam video').srcObject") is None


@pytest.mark.usefixtures("detector")
def test_a_photo_takes_itself_when_the_face_is_near_in_the_middle_and_still(
    console: Seeded, visit: Callable[..., Page], grace_hopper_camera: Camera
):
    page = visit(f"/console/people/{console.people[GRACE]}", Role.ENROLLER, camera=grace_hopper_camera)
    with page.expect_request(lambda sent: sent.method == "POST" and sent.url.endswith("/photos")) as sent:
        page.get_by_role("button", name="Use the webcam").click()
    assert sent.value.headers["content-type"] == "image/jpeg"
    expect(page.locator(".guidance")).to_contain_text("Taken.")


def test_people_are_found_as_their_names_are_typed(console: Seeded, visit: Callable[..., Page]):
    page = visit("/console/people", Role.VIEWER)
    page.get_by_role("searchbox").press_sequentially("love")
    expect(page.locator("#people tr")).to_have_count(1)
    expect(page.locator("#people")).to_contain_text(ADA)
    page.wait_for_url("**/console/people?search=love")
    page.reload()
    expect(page.locator("#people tr")).to_have_count(1)
    page.get_by_label("Status").select_option("disabled")
    expect(page.locator("#people")).to_contain_text("Nobody found")


def test_details_and_consent_are_changed(console: Seeded, visit: Callable[..., Page]):
    person_id = new_person(console, "Annie Easley")
    page = visit(f"/console/people/{person_id}", Role.ENROLLER)
    page.get_by_role("button", name="Change").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Number elsewhere").fill("4711")
    dialog.get_by_label("Valid until").fill("2030-05-06T07:08")
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator("#details")).to_contain_text("4711")
    page.get_by_role("button", name="Change").click()
    expect(dialog.get_by_label("Valid until")).to_have_value("2030-05-06T07:08")
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Record consent").click()
    dialog.get_by_label("Version of the text").fill("2026-01")
    dialog.get_by_role("button", name="Record").click()
    page.get_by_role("button", name="Withdraw consent").click()
    expect(page.locator("#confirm")).to_contain_text("No door opens to Annie Easley from now on.")
    page.locator("#confirm").get_by_role("button", name="Withdraw consent").click()
    expect(page.locator("#details")).to_contain_text("Delete the person to have everything removed.")
    person = console.api("GET", f"/v1/people/{person_id}").json()
    assert person["external_id"] == "4711"
    assert person["consent"]["withdrawn_at"]


def test_deleting_a_person_says_what_will_happen_asks_and_shows_the_receipt(
    console: Seeded, visit: Callable[..., Page]
):
    person_id = new_person(console, "Grace Murray")
    photos = f"/v1/people/{person_id}/photos"
    sent = console.api("POST", photos, data=cat().read_bytes(), headers={"Content-Type": "image/png"})
    assert sent.ok, sent.text
    page = visit(f"/console/people/{person_id}", Role.ENROLLER)
    page.get_by_role("button", name="Delete the person").click()
    dialog = page.locator("#delete-person")
    expect(dialog).to_contain_text("This cannot be undone:")
    dialog.get_by_role("button", name="Cancel").click()
    assert console.api("GET", f"/v1/people/{person_id}").json()["status"] == "active"

    page.get_by_role("button", name="Delete the person").click()
    dialog.get_by_role("button", name="Delete the person").click()
    expect(page.locator("#deletion")).to_contain_text("Everything has been removed", timeout=30_000)
    assert console.api("GET", f"/v1/people/{person_id}").status_code == 404


def test_a_photo_that_resembles_somebody_else_is_decided_about_side_by_side(
    console: Seeded, visit: Callable[..., Page], visits: Visits
):
    person_id = new_person(console, "Grace's Double")
    photos = f"/v1/people/{person_id}/photos"
    sent = console.api("POST", photos, data=mirrored(grace_hopper()), headers={"Content-Type": "image/jpeg"})
    assert sent.ok, sent.text
    page = visit(f"/console/people/{person_id}", Role.ENROLLER)
    expect(page.locator(".photo[data-status=held]")).to_have_count(1, timeout=30_000)
    page.get_by_role("link", name="Decide").click()
    pair = page.get_by_role("article", name="Photo given for Grace's Double")
    expect(pair.get_by_role("img")).to_have_count(2)
    expect(pair).to_contain_text("Similarity")
    until(lambda: seen(pair.get_by_role("img")))
    visits.keep(page, "console-held-pair")
    pair.get_by_role("button", name="Reject the photo").click()
    expect(pair).to_contain_text("The photo was deleted and opens no door.", timeout=30_000)
    enrollment = console.api("GET", f"/v1/enrollments/{sent.json()['enrollment_id']}").json()
    assert enrollment["status"] == "rejected"


def test_a_person_is_invited_by_a_link_that_is_shown_once(console: Seeded, visit: Callable[..., Page]):
    page = visit(f"/console/people/{console.people[ADA]}", Role.ENROLLER)
    page.get_by_role("button", name="Invite to send photos").click()
    page.get_by_label("Valid for").select_option("3 days")
    page.get_by_role("button", name="Make a link").click()
    link = page.locator("#invitation output")
    expect(link).to_contain_text(f"{console.url}/join#")
    address = link.inner_text()
    page.get_by_role("button", name="I have kept it").click()
    expect(page.locator(".invitations")).to_contain_text("Open")
    until(lambda: address not in page.content())

    page.get_by_role("button", name="Take back").click()
    page.locator("#confirm").get_by_role("button", name="Take back").click()
    expect(page.locator(".invitations")).to_contain_text("Taken back")
