"""Where only signed frames count, the kiosk page signs them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Response, expect

from tests.browser.conftest import Camera, Visits
from tests.unit.gateway.serving import Served, serving

pytestmark = pytest.mark.browser

ANSWERED_MS = 40_000
CLOCK_AN_HOUR_LATE = """
    const now = Date.now;
    Date.now = () => now() - 3_600_000;
"""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("gateway")
    with serving(folder, TEST_REASON="no_match", FACEGATE_SIGNED_FRAMES_ONLY="true") as served:
        yield served


def kiosk(gateway: Served, visits: Visits, camera: Camera, prelude: str = "") -> tuple[Page, list[Response]]:
    """Open the page, and tell what its frames are answered."""
    page, answers = visits.open("about:blank", camera), []
    page.on("response", lambda answer: "/recognitions" in answer.url and answers.append(answer))
    page.add_init_script(prelude)
    page.goto(f"{gateway.url}/kiosk#token={gateway.token}")
    return page, answers


def test_the_first_frame_learns_that_it_has_to_be_signed_and_all_others_are(
    gateway: Served, visits: Visits, grace_hopper_camera: Camera
):
    page, answers = kiosk(gateway, visits, grace_hopper_camera)
    status = page.get_by_role("status")
    expect(status).to_contain_text("This face is not enrolled.", timeout=ANSWERED_MS)
    assert [answer.status for answer in answers] == [403, 200]

    # whoever was denied doubtfully is looked at thrice, in a form
    with page.expect_response("**/v1/recognitions") as answered:
        page.get_by_role("button", name="Try again").click()
    assert answered.value.status == 200
    sent = answered.value.request.headers
    assert sent["content-type"].startswith("multipart/form-data")
    assert sent["facegate-signature"].startswith("v1=")
    nonces = [answer.request.headers.get("facegate-nonce") for answer in answers]
    assert nonces[0] is None
    assert len(set(nonces)) == len(nonces)


def test_a_kiosk_whose_clock_is_wrong_says_so(gateway: Served, visits: Visits, grace_hopper_camera: Camera):
    page, _ = kiosk(gateway, visits, grace_hopper_camera, CLOCK_AN_HOUR_LATE)
    clock = page.get_by_role("heading", name="This kiosk's clock is wrong")
    expect(clock).to_be_visible(timeout=ANSWERED_MS)
