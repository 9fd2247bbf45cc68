"""The kiosk page stays open for days: what one visitor leaves behind must not add up."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import CDPSession, Page

from tests.browser.conftest import Camera, Visits
from tests.unit.gateway.serving import Served, serving

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

WARMED_UP, VISITS = 50, 550
PATIENCE_MS = 250_000
MEBIBYTE = 1024 * 1024
#: Pauses between two looks pass at once; network, camera and detector are what they are.
HURRY = """
    const { setTimeout: wait } = window;
    const hurried = (milliseconds) => (milliseconds < 300 ? 0 : milliseconds);
    window.setTimeout = (done, milliseconds, ...values) => wait(done, hurried(milliseconds), ...values);
"""
#: Somebody who asks to be looked at again and again, and mostly does not wait until they stand still.
KEEP_ASKING = """() => {
    window.answers = 0;
    const again = document.querySelector("#again");
    new MutationObserver(() => {
        if (document.body.dataset.state === "looking") {
            if (answers % 5) again.click();
            else setTimeout(() => again.click(), 400);
        }
        if (document.body.dataset.state === "denied") {
            answers += 1;
            again.click();
        }
    }).observe(document.body, { attributeFilter: ["data-state"] });
}"""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("gateway"), TEST_REASON="person_disabled") as served:
        yield served


def left_behind(session: CDPSession) -> dict[str, float]:
    """What the page holds after the garbage is gone: bytes of heap, nodes, listeners."""
    session.send("HeapProfiler.collectGarbage")
    metrics = session.send("Performance.getMetrics")["metrics"]
    return {metric["name"]: metric["value"] for metric in metrics}


def wait_for_answers(page: Page, count: int):
    page.wait_for_function("(count) => answers >= count", arg=count, timeout=PATIENCE_MS)


def test_five_hundred_visitors_leave_nothing_behind(
    gateway: Served, visits: Visits, grace_hopper_camera: Camera, detector: None
):
    page = visits.open("about:blank", grace_hopper_camera)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    page.add_init_script(HURRY)
    page.goto(f"{gateway.url}/kiosk#token={gateway.token}")
    page.evaluate(KEEP_ASKING)

    wait_for_answers(page, WARMED_UP)
    before = left_behind(session)
    wait_for_answers(page, VISITS)
    after = left_behind(session)

    assert after["JSHeapUsedSize"] - before["JSHeapUsedSize"] < MEBIBYTE
    assert after["Nodes"] - before["Nodes"] < 50
    assert after["JSEventListeners"] - before["JSEventListeners"] < 10
