"""The kiosk page in a real browser with a camera that plays a face, against a whole Facegate."""

import re

import pytest
from playwright.sync_api import Page, Route, ViewportSize, expect

from tests.browser.conftest import DENIED_CAMERA, LANDSCAPE, NO_CAMERA, PORTRAIT, Camera, Visits
from tests.browser.fake_camera import FILM_FRAMES

pytestmark = pytest.mark.browser

ANSWERED_MS = 40_000
#: States of a page that has its token and its camera and sees somebody.
SEEN = re.compile("looking|captured|deciding|granted|denied")
#: Its black frame at the beginning comes again, too.
FILM_PLAYED_AGAIN = """(frames) => new Promise((resolve) => {
    const video = document.querySelector("video");
    const seen = () => (frames-- > 0 ? video.requestVideoFrameCallback(seen) : resolve());
    seen();
})"""


def headline(page: Page):
    return page.get_by_role("heading", level=1)


@pytest.mark.parametrize("viewport", [LANDSCAPE, PORTRAIT], ids=["landscape", "portrait"])
def test_who_is_enrolled_is_welcomed_by_name(
    facegate,
    grace_is_enrolled: str,
    visits: Visits,
    grace_hopper_camera: Camera,
    viewport: ViewportSize,
):
    page = visits.open(facegate.kiosk_url, grace_hopper_camera, viewport)

    expect(page.locator("body")).to_have_attribute("data-state", "granted", timeout=ANSWERED_MS)
    expect(headline(page)).to_have_text(f"Welcome, {grace_is_enrolled}.")
    visits.keep(page, f"granted-{viewport['width']}x{viewport['height']}")


def test_a_stranger_hears_that_the_door_stays_shut_and_no_name(
    facegate, grace_is_enrolled: str, visits: Visits, stranger_camera: Camera
):
    page = visits.open(facegate.kiosk_url, stranger_camera)

    expect(page.locator("body")).to_have_attribute("data-state", "denied", timeout=ANSWERED_MS)
    expect(page.get_by_role("status")).to_contain_text("This face is not enrolled.")
    expect(page.get_by_role("status")).not_to_contain_text(grace_is_enrolled)
    visits.keep(page, "denied")


def test_the_same_scene_is_posted_once_and_again_when_the_visitor_asks(
    facegate, grace_is_enrolled: str, visits: Visits, grace_hopper_camera: Camera
):
    assert grace_is_enrolled
    page = visits.open("about:blank", grace_hopper_camera)
    posted = []
    page.on("request", lambda request: request.method == "POST" and posted.append(request.url))
    page.goto(facegate.kiosk_url)

    expect(page.locator("body")).to_have_attribute("data-state", "granted", timeout=ANSWERED_MS)
    until_answered = len(posted)
    expect(page.get_by_role("button", name="Try again")).to_be_visible(timeout=ANSWERED_MS)
    visits.keep(page, "answered")
    page.evaluate(FILM_PLAYED_AGAIN, FILM_FRAMES)
    assert len(posted) == until_answered

    page.get_by_role("button", name="Try again").click()
    expect(page.locator("body")).to_have_attribute("data-state", "granted", timeout=ANSWERED_MS)
    assert len(posted) > until_answered


def test_the_token_stays_out_of_the_address_and_outlives_a_reload(
    facegate, visits: Visits, grace_hopper_camera: Camera
):
    page = visits.open(facegate.kiosk_url, grace_hopper_camera)
    expect(page.locator("body")).to_have_attribute("data-state", SEEN, timeout=ANSWERED_MS)
    assert facegate.token not in page.url

    page.reload()
    expect(page.locator("body")).to_have_attribute("data-state", SEEN, timeout=ANSWERED_MS)


def test_without_a_token_the_page_says_how_to_get_one(facegate, visits: Visits, grace_hopper_camera: Camera):
    page = visits.open(f"{facegate.gateway_url}/", grace_hopper_camera)

    expect(headline(page)).to_have_text("This kiosk has no token")
    expect(page.get_by_role("status")).to_contain_text("#token=")
    visits.keep(page, "no-token")


def test_with_a_wrong_token_the_page_says_so_and_nobody_is_let_in(
    facegate, visits: Visits, grace_hopper_camera: Camera
):
    wrong = facegate.kiosk_url[:-1] + ("A" if facegate.kiosk_url[-1] != "A" else "B")
    page = visits.open(wrong, grace_hopper_camera)

    expect(headline(page)).to_have_text("This kiosk is not registered", timeout=ANSWERED_MS)
    visits.keep(page, "wrong-token")


def test_with_the_camera_denied_the_page_says_what_to_do(facegate, visits: Visits):
    page = visits.open(facegate.kiosk_url, DENIED_CAMERA)

    expect(headline(page)).to_have_text("The camera is blocked", timeout=ANSWERED_MS)
    expect(page.get_by_role("status")).to_contain_text("Allow the camera for this page")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    visits.keep(page, "camera-denied")


def test_without_a_camera_the_page_asks_for_one(facegate, visits: Visits):
    page = visits.open(facegate.kiosk_url, NO_CAMERA)

    expect(headline(page)).to_have_text("No camera found", timeout=ANSWERED_MS)
    visits.keep(page, "no-camera")


def test_when_the_gateway_cannot_be_reached_the_page_says_so_and_recovers(
    facegate, grace_is_enrolled: str, visits: Visits, grace_hopper_camera: Camera
):
    page = visits.open("about:blank", grace_hopper_camera)
    page.route("**/v1/recognitions", lambda route: route.abort())
    page.goto(facegate.kiosk_url)
    expect(headline(page)).to_have_text("No connection", timeout=ANSWERED_MS)
    expect(page.get_by_role("status")).to_contain_text("The door stays shut.")
    visits.keep(page, "no-connection")

    page.unroute("**/v1/recognitions")
    expect(headline(page)).to_have_text(f"Welcome, {grace_is_enrolled}.", timeout=ANSWERED_MS)


def test_a_frame_whose_answer_was_lost_is_posted_again_and_decided_once(
    facegate, grace_is_enrolled: str, visits: Visits, grace_hopper_camera: Camera
):
    answered, posted = [], []

    def lose_the_answer(route: Route):
        answered.append(route.fetch().json()["recognition_id"])
        route.abort()

    page = visits.open("about:blank", grace_hopper_camera)
    page.route("**/v1/recognitions", lose_the_answer, times=1)
    page.on("request", lambda request: request.method == "POST" and posted.append(request))
    page.goto(facegate.kiosk_url)

    expect(headline(page)).to_have_text(f"Welcome, {grace_is_enrolled}.", timeout=ANSWERED_MS)
    keys = {request.headers["idempotency-key"] for request in posted}
    assert (len(posted), len(keys)) == (2, 1)
    assert posted[1].response().json()["recognition_id"] == answered[0]
