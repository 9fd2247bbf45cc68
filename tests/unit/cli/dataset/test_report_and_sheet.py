"""What is shown of a folder of photos, on the terminal, as JSON and as a page."""

import io
import json
import re

import pytest
from PIL import Image
from rich.console import Console

from cli.dataset.analysis import Box, FoundFace, LookedAt, analyse
from cli.dataset.photos import NoPhotos, read_folder
from cli.dataset.report import as_json, show
from cli.dataset.sheet import render_sheet
from services.contracts.reasons import RejectionReason
from services.enroll.quality import Refusal

EVIL = "<script>alert(1)</script> [bold]Eve[/bold]"
# a path cannot hold a slash
EVIL_FOLDER = EVIL.replace("/", "")


@pytest.fixture
def folder(tmp_path):
    for person in ("Ada_Lovelace", EVIL_FOLDER):
        (tmp_path / person).mkdir()
        for number in range(3):
            Image.new("RGB", (120, 100), (40 * number, 90, 90)).save(tmp_path / person / f"{number}.jpg")
    (tmp_path / "Ada_Lovelace" / "notes.txt").write_text("no picture")
    (tmp_path / "Ada_Lovelace" / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    return read_folder(tmp_path)


@pytest.fixture
def findings(folder):
    looked = []
    for file, item in folder.photos.items():
        if "broken" in file:
            refusal = Refusal(RejectionReason.INVALID_IMAGE, "It is damaged.")
            looked.append(LookedAt(file, item.full_name, refusal=refusal))
        else:
            face = FoundFace(file, Box(0.1, 0.1, 0.5, 0.5), 50, 80, 50, 5)
            looked.append(LookedAt(file, item.full_name, file, (120, 100), face))
    wrong, *rest = (f"{EVIL_FOLDER}/{number}.jpg" for number in range(3))
    ada = [f"Ada_Lovelace/{number}.jpg" for number in range(3)]
    similar = {file: dict.fromkeys([*ada, wrong], 97.5) for file in [*ada, wrong]}
    return analyse(looked, similar | {rest[0]: {rest[1]: 99.0}}, threshold=80)


def test_names_on_the_page_are_text_and_never_markup(folder, findings):
    page = render_sheet(folder, findings, max_pixels=1_000_000)
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_the_page_loads_nothing_from_anywhere(folder, findings):
    page = render_sheet(folder, findings, max_pixels=1_000_000)
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert any(source.startswith("data:image/jpeg;base64,") for source in sources)
    assert all(source.startswith(("data:image/jpeg;base64,", "#")) for source in sources)
    assert "default-src 'none'" in page
    assert "url(" not in page


def test_the_page_shows_the_mislabelled_first_and_files_that_cannot_be_read_without_a_picture(
    folder, findings
):
    page = render_sheet(folder, findings, max_pixels=1_000_000)
    headings = re.findall(r"<h2>(.*?) \(", page)
    assert headings[0] == "Likely mislabelled"
    assert "Would be refused: invalid image" in headings
    assert page.count('class="none"') == 1


def test_the_terminal_shows_names_as_they_are(folder, findings):
    terminal = io.StringIO()
    show(Console(file=terminal, width=200, highlight=False, soft_wrap=True), folder, findings)
    assert f"{EVIL_FOLDER}/0.jpg resembles Ada Lovelace" in terminal.getvalue()
    assert "Ada_Lovelace/notes.txt" in terminal.getvalue()


def test_the_json_names_every_photo_and_finding(folder, findings):
    told = json.loads(json.dumps(as_json(folder, findings)))
    assert len(told["photos"]) == 7
    assert [found["file"] for found in told["mislabelled"]] == [f"{EVIL_FOLDER}/0.jpg"]
    assert told["refused"] == {"invalid_image": ["Ada_Lovelace/broken.jpg"]}
    assert [left["file"] for left in told["left_out"]] == ["Ada_Lovelace/notes.txt"]


def test_a_folder_without_photos_says_what_was_expected(tmp_path):
    (tmp_path / "readme.txt").write_text("nothing here")
    with pytest.raises(NoPhotos, match=r"Grace_Hopper_0001\.jpg"):
        read_folder(tmp_path)
