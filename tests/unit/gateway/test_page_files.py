"""The files of pages: kept by browsers for good, since their address changes with their content."""

import re
import shutil
from pathlib import Path

from services.gateway.page_files import STATIC, has_detector, version_of
from tests.unit.gateway.conftest import Gateway

HASHED = re.compile(r"/static/[0-9a-f]{12}/")


def files_of(page: str) -> list[str]:
    return re.findall(r"(?:src|href|data-texts|data-detector)=\"([^\"]+)\"", page)


def test_files_are_named_by_their_version_and_kept_for_a_year(gateway: Gateway):
    page = gateway.client.get("/kiosk")

    files = files_of(page.get_data(as_text=True))
    assert len(files) >= 4
    for file in files:
        answer = gateway.client.get(file)
        assert HASHED.match(file)
        assert (answer.status_code, answer.cache_control.max_age) == (200, 365 * 24 * 60 * 60)


def test_the_page_itself_is_asked_for_each_time(gateway: Gateway):
    assert gateway.client.get("/kiosk").cache_control.no_cache


def test_a_script_that_another_imports_has_the_same_version(gateway: Gateway):
    page = gateway.client.get("/kiosk").get_data(as_text=True)
    script = next(file for file in files_of(page) if file.endswith("kiosk.js"))

    imported = re.findall(r'from "\./([\w.]+)"', gateway.client.get(script).get_data(as_text=True))
    assert imported
    for name in imported:
        assert gateway.client.get(script.replace("kiosk.js", name)).status_code == 200


def test_any_change_of_a_file_changes_the_version(tmp_path: Path):
    shutil.copytree(STATIC, tmp_path / "static", ignore=shutil.ignore_patterns("vendor"))
    before = version_of(tmp_path / "static")
    with (tmp_path / "static" / "texts" / "de" / "kiosk.json").open("a") as file:
        file.write("\n")

    assert version_of(tmp_path / "static") != before


def test_a_page_without_the_detector_says_nothing_of_one(gateway: Gateway):
    page = gateway.client.get("/kiosk").get_data(as_text=True)

    assert ("data-detector" in page) == has_detector(STATIC)


def test_only_the_detectors_worker_may_compile_webassembly(gateway: Gateway):
    folder = gateway.client.application.static_url_path
    worker = gateway.client.get(f"{folder}/detector_worker.js")
    script = gateway.client.get(f"{folder}/kiosk.js")

    assert "'wasm-unsafe-eval'" in worker.headers["Content-Security-Policy"]
    assert "default-src 'none'" in worker.headers["Content-Security-Policy"]
    assert "unsafe" not in script.headers["Content-Security-Policy"]
    assert worker.headers["X-Content-Type-Options"] == "nosniff"
