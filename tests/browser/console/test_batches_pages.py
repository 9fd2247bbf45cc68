"""Batches in the console: an archive that is dropped, followed, and reported file by file."""

import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageOps
from playwright.sync_api import Page, expect

from cli.portraits import cat, grace_hopper
from services.contracts.operators import Role
from tests.browser.console.conftest import GRACE

pytestmark = pytest.mark.browser


def paler(portrait: Path) -> bytes:
    file = BytesIO()
    with Image.open(portrait) as picture:
        ImageOps.autocontrast(picture.convert("RGB"), cutoff=2).save(file, "JPEG", quality=92)
    return file.getvalue()


def archive() -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        zipped.writestr(f"{GRACE}/paler.jpg", paler(grace_hopper()))
        zipped.writestr("Chelsea/cat.png", cat().read_bytes())
        zipped.writestr("notes.txt", b"no photo")
    return file.getvalue()


def test_an_archive_is_submitted_and_its_report_says_what_became_of_every_file(visit: Callable[..., Page]):
    page = visit("/console/batches", Role.ENROLLER)
    page.set_input_files("#zip", {"name": "crew.tar", "mimeType": "application/x-tar", "buffer": b"x"})
    expect(page.locator("#archive .problem")).to_contain_text("This is no ZIP archive.")
    page.set_input_files("#zip", {"name": "crew.zip", "mimeType": "application/zip", "buffer": archive()})
    expect(page.get_by_role("heading", name="crew.zip")).to_be_visible()
    expect(page.locator("#progress")).to_contain_text("All 3 files are done.", timeout=40_000)

    report = page.locator("#report")
    expect(report.get_by_role("row")).to_have_count(3)
    expect(report).to_contain_text("No face was found.")
    expect(report.get_by_role("row").filter(has_text="notes.txt")).to_contain_text("Not sent")
    expect(report.get_by_role("row").filter(has_text="paler.jpg")).to_contain_text("Accepted")
    page.get_by_label("Only files that need attention").check()
    expect(report.get_by_role("row")).to_have_count(2)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").click()
    assert Path(download.value.path()).read_text().startswith("file,status,reason")

    page.get_by_role("link", name="All batches").click()
    expect(page.get_by_role("row").filter(has_text="crew.zip")).to_contain_text("Read")
