"""What the kiosk page shows when something is not as usual; the gateway is one on collaborators in memory."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Camera, Visits
from tests.unit.gateway.serving import Served, serving

pytestmark = pytest.mark.browser

SHOWN_MS = 40_000
RECOGNITIONS = "**/v1/recognitions"
#: Chromium has no camera that a test could unplug: its track ends, and asking again finds none.
UNPLUG = """() => {
    window.plugged = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("gone", "NotFoundError"));
    document.querySelector("video").srcObject.getTracks().forEach((track) => track.stop());
}"""
PLUG_IN = """() => {
    navigator.mediaDevices.getUserMedia = plugged;
    navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
}"""
KEEP_WHAT_THE_PAGE_ASKS_OF_THE_DEVICE = """
    window.tones = [];
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (...when) {
        tones.push(this.frequency.value);
        start.apply(this, when);
    };
    window.locks = [];
    const request = WakeLock.prototype.request;
    WakeLock.prototype.request = function (kind) {
        locks.push(kind);
        return request.call(this, kind);
    };
"""
LOUD = ("--autoplay-policy=no-user-gesture-required",)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory):
    with serving(tmp_path_factory.mktemp("gateway"), TEST_REASON="match") as served:
        yield served


def kiosk_of(gateway: Served, query: str = "") -> str:
    return f"{gateway.url}/kiosk{query}#token={gateway.token}"


def headline(page: Page):
    return page.get_by_role("heading", level=1)


def expect_state(page: Page, state: str):
    expect(page.locator("body")).to_have_attribute("data-state", state, timeout=SHOWN_MS)


def answering(status: int, decision: dict | None = None, **headers: str):
    body = json.dumps(decision or {"detail": "from the test"})
    return lambda route: route.fulfill(
        status=status, headers={"Content-Type": "application/json", **headers}, body=body
    )


def test_a_camera_that_is_unplugged_is_asked_for_and_taken_up_again(
    gateway: Served, visits: Visits, grace_hopper_camera: Camera
):
    page = visits.open(kiosk_of(gateway), grace_hopper_camera)
    expect_state(page, "granted")

    page.evaluate(UNPLUG)
    expect(headline(page)).to_have_text("The camera is gone", timeout=SHOWN_MS)
    visits.keep(page, "camera-unplugged")

    page.evaluate(PLUG_IN)
    expect_state(page, "granted")


def test_a_gateway_that_is_killed_while_it_decides_is_waited_for_and_its_answer_never_shown(
    visits: Visits, grace_hopper_camera: Camera, tmp_path: Path
):
    with serving(tmp_path, TEST_REASON="match", TEST_DELAY="5") as served:
        page = visits.open(kiosk_of(served), grace_hopper_camera)
        expect_state(page, "deciding")
        served.kill()
        expect(headline(page)).to_have_text("No connection", timeout=SHOWN_MS)
        visits.keep(page, "offline")

        served.start(TEST_REASON="person_disabled", TEST_DELAY="0")
        expect(page.get_by_role("status")).to_contain_text("access is switched off", timeout=SHOWN_MS)


def test_a_gateway_that_is_too_busy_is_asked_again_when_it_said(
    gateway: Served, visits: Visits, grace_hopper_camera: Camera
):
    page = visits.open("about:blank", grace_hopper_camera)
    page.route(RECOGNITIONS, answering(503, **{"Retry-After": "2"}), times=1)
    page.goto(kiosk_of(gateway))

    expect(headline(page)).to_have_text("Too many visitors at once", timeout=SHOWN_MS)
    expect(page.get_by_role("status")).to_contain_text("Trying again in 3 s.")
    visits.keep(page, "busy")
    expect_state(page, "granted")


def test_trouble_of_the_gateway_is_told_in_words_of_the_page_and_waited_out(
    gateway: Served, visits: Visits, grace_hopper_camera: Camera
):
    page = visits.open("about:blank", grace_hopper_camera)
    page.route(RECOGNITIONS, answering(500), times=1)
    page.goto(kiosk_of(gateway))

    expect(headline(page)).to_have_text("Out of service for a moment", timeout=SHOWN_MS)
    expect(page.get_by_role("status")).not_to_contain_text("from the test")
    expect_state(page, "granted")


def test_an_answer_that_comes_too_late_is_not_shown(
    gateway: Served, visits: Visits, grace_hopper_camera: Camera
):
    def impatient(route: Route):
        page = route.fetch()
        route.fulfill(
            response=page, body=page.text().replace('data-frame-worth="8.0"', 'data-frame-worth="0"')
        )

    page = visits.open("about:blank", grace_hopper_camera)
    page.route("**/kiosk", impatient)
    page.goto(kiosk_of(gateway))

    expect(headline(page)).to_have_text("No answer in time", timeout=SHOWN_MS)
    expect(page.get_by_role("status")).not_to_contain_text("Welcome")


@pytest.mark.parametrize(
    ("reason", "words"),
    [("outside_schedule", "Sie dürfen diese Tür zu dieser Zeit nicht"), ("unheard_of", "In English.")],
)
def test_a_denial_is_told_in_the_language_of_the_kiosk(
    gateway: Served, visits: Visits, grace_hopper_camera: Camera, reason: str, words: str
):
    denial = {"outcome": "denied", "reason": reason, "message": "In English.", "person": None}
    page = visits.open("about:blank", grace_hopper_camera)
    page.route(RECOGNITIONS, answering(200, denial))
    page.goto(kiosk_of(gateway, "?lang=de"))

    expect(headline(page)).to_have_text("Kein Zutritt", timeout=SHOWN_MS)
    expect(page.get_by_role("status")).to_contain_text(words)


def test_an_answer_sounds_and_the_screen_stays_lit(
    gateway: Served, visits: Visits, grace_hopper_camera: Camera
):
    page = visits.open("about:blank", (*grace_hopper_camera, *LOUD))
    page.add_init_script(KEEP_WHAT_THE_PAGE_ASKS_OF_THE_DEVICE)
    page.goto(kiosk_of(gateway))

    expect_state(page, "granted")
    low, high = page.evaluate("tones")
    assert low < high
    assert "screen" in page.evaluate("locks")


def test_the_page_fills_the_screen_and_its_button_goes(
    gateway: Served, visits: Visits, grace_hopper_camera: Camera
):
    page = visits.open(kiosk_of(gateway), grace_hopper_camera)

    page.get_by_role("button", name="Full screen").press("Enter")
    expect(page.get_by_role("button", name="Full screen")).to_be_hidden(timeout=SHOWN_MS)
    assert page.evaluate("document.fullscreenElement === document.documentElement")


def test_where_no_detector_runs_a_change_of_the_scene_takes_the_picture(
    gateway: Served, visits: Visits, grace_hopper_camera: Camera
):
    page = visits.open("about:blank", grace_hopper_camera)
    page.route("**/vendor/**", lambda route: route.abort())
    page.goto(kiosk_of(gateway))

    expect_state(page, "granted")
    expect(headline(page)).to_have_text("Please look at the camera", timeout=SHOWN_MS)
    page.get_by_role("button", name="Try again").click()
    expect_state(page, "granted")
