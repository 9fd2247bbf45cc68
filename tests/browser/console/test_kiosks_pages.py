"""Kiosks in the console: registered, paired by a picture, revoked."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from services.contracts.operators import Role
from tests.browser.conftest import NO_CAMERA, Visits
from tests.browser.console.conftest import Seeded

pytestmark = pytest.mark.browser


def read_qr_code(page: Page) -> str:
    """Photograph what the page shows, as the device at the door does."""
    picture = cv2.imdecode(
        np.frombuffer(page.locator("#pairing").screenshot(), np.uint8), cv2.IMREAD_GRAYSCALE
    )
    assert picture is not None
    return cv2.QRCodeDetector().detectAndDecode(picture)[0]


def test_a_kiosk_is_registered_paired_by_the_qr_code_and_revoked(
    console: Seeded, visit: Callable[..., Page], visits: Visits
):
    page = visit("/console/kiosks", Role.OPERATOR)
    # a camera looks for dark on light, in the dark, too
    page.emulate_media(color_scheme="dark")
    page.get_by_role("button", name="Register a kiosk").click()
    dialog = page.get_by_role("dialog", name="Register a kiosk")
    dialog.get_by_label("Name").fill("Side entrance")
    dialog.get_by_label("Id", exact=True).fill("side")
    dialog.get_by_role("button", name="Register").click()
    pairing = page.get_by_role("dialog", name="Pair the kiosk")
    expect(pairing).to_contain_text("Works once, for another 1")
    code = pairing.locator("output")
    first = code.inner_text()
    pairing.get_by_role("button", name="Make another code").click()
    expect(code).not_to_have_text(first)
    address = read_qr_code(page)
    assert address == f"{console.url}/kiosk#pair={code.inner_text()}"
    visits.keep(page, "console-pairing")

    visits.open(address, NO_CAMERA)
    expect(pairing).to_contain_text("The kiosk is paired.", timeout=15_000)
    expect(pairing.locator("svg, output:not(:empty)")).to_have_count(0)
    assert console.api("POST", "/v1/kiosks/pairing", json={"code": first}).status_code == 403
    pairing.get_by_role("button", name="Close").click()
    row = page.get_by_role("row", name="Side entrance")
    expect(row).to_contain_text("Alive", timeout=30_000)

    row.get_by_role("link", name="Side entrance").click()
    page.get_by_role("button", name="Revoke its token").click()
    expect(page.locator("#confirm")).to_contain_text("until it is paired anew")
    page.locator("#confirm").get_by_role("button", name="Revoke its token").click()
    expect(page.get_by_text("Not paired")).to_be_visible()
    assert not console.api("GET", "/v1/kiosks/side").json()["has_token"]
