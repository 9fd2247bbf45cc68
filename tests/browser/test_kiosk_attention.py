"""When the kiosk page takes a picture by itself, and what it asks of visitors before.

The gateway is one on collaborators in memory: what is decided is no matter here.
"""

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, Request, expect

from cli.portraits import cat, grace_hopper
from tests.browser.conftest import Visits, playing
from tests.browser.fake_camera import FILM_FRAMES, film_of, scene
from tests.unit.gateway.serving import Served, serving

pytestmark = pytest.mark.browser

SEEN_MS = 40_000
PLAYED_ON = """(frames) => new Promise((resolve) => {
    const video = document.querySelector("video");
    const seen = () => (frames-- > 0 ? video.requestVideoFrameCallback(seen) : resolve());
    seen();
})"""
#: Chromium does not show the tests what a form of files was sent as.
KEEP_FORM_FIELDS = """
    window.formFields = [];
    const append = FormData.prototype.append;
    FormData.prototype.append = function (name, ...value) {
        formFields.push(name);
        append.call(this, name, ...value);
    };
"""
TWO_PEOPLE = scene((grace_hopper(), grace_hopper()))


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory):
    with serving(tmp_path_factory.mktemp("gateway"), TEST_REASON="no_match") as served:
        yield served


@pytest.fixture
def look(visits: Visits, gateway: Served, detector: None, tmp_path: Path):
    """Open the kiosk page before a scene; the page and the frames that it posted."""

    def look(picture: np.ndarray) -> tuple[Page, list[Request]]:
        page = visits.open("about:blank", playing(film_of(picture, tmp_path / "scene.y4m")))
        posted: list[Request] = []
        page.on("request", lambda request: request.method == "POST" and posted.append(request))
        page.add_init_script(KEEP_FORM_FIELDS)
        page.goto(f"{gateway.url}/kiosk#token={gateway.token}")
        return page, posted

    return look


def headline(page: Page):
    return page.get_by_role("heading", level=1)


def frames_of_forms(page: Page) -> int:
    return page.evaluate("formFields.filter((name) => name === 'image').length")


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (scene(()), "Please step in front of the camera"),
        (scene((cat(),)), "Please step in front of the camera"),
        (TWO_PEOPLE, "One person at a time, please"),
        (scene((grace_hopper(),), size=0.5), "Please come closer"),
    ],
    ids=["nobody", "cat", "two-people", "far-away"],
)
def test_nobody_is_photographed_who_does_not_stand_there_alone_and_near(look, picture, words):
    page, posted = look(picture)

    expect(headline(page)).to_have_text(words, timeout=SEEN_MS)
    page.evaluate(PLAYED_ON, FILM_FRAMES // 2)
    expect(headline(page)).to_have_text(words)
    assert not posted


def test_the_button_takes_a_picture_where_the_page_would_not(look):
    page, posted = look(TWO_PEOPLE)
    expect(headline(page)).to_have_text("One person at a time, please", timeout=SEEN_MS)

    page.get_by_role("button", name="Take the picture now").click()
    expect(page.locator("body")).to_have_attribute("data-state", "denied", timeout=SEEN_MS)
    assert len(posted) == 1


def test_a_sharp_picture_is_sent_alone_and_three_when_the_visitor_doubts_the_answer(look):
    page, posted = look(scene((grace_hopper(),)))
    expect(page.locator("body")).to_have_attribute("data-state", "denied", timeout=SEEN_MS)
    assert posted[0].headers["content-type"] == "image/jpeg"

    with page.expect_response(lambda answer: answer.request.method == "POST") as again:
        page.get_by_role("button", name="Try again").click()
    assert (again.value.status, frames_of_forms(page)) == (200, 3)


def test_who_is_never_sharp_is_photographed_three_times(look):
    page, posted = look(scene((grace_hopper(),), blur=9))

    expect(page.locator("body")).to_have_attribute("data-state", "denied", timeout=SEEN_MS)
    assert (len(posted), frames_of_forms(page)) == (1, 3)
