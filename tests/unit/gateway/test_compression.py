"""Pages and their files are sent packed, small enough for a slow line; answers of the API as they are."""

import gzip
import re
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient

from services.gateway.page_files import STATIC
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.in_memory_operators import signed_in

GZIP = {"Accept-Encoding": "gzip, deflate, br"}
MOST_BYTES = 150_000
PAGES = ("/kiosk", "/join", "/console", "/console/live", "/console/people", "/console/audit")
FETCHED = re.compile(r'(?:src|href|data-texts)="(/static/[^"]+)"')
IMPORTED = re.compile(r'(?:from|import) "(\./[^"]+)"')


@pytest.fixture
def browser(gateway: Gateway) -> FlaskClient:
    signed_in(gateway.client, "admin")
    return gateway.client


def first_load(browser: FlaskClient, page: str) -> dict[str, int]:
    """Everything that a browser fetches for a page, and how many bytes it is."""
    sizes: dict[str, int] = {}
    wanted = [page]
    while wanted:
        address = wanted.pop()
        answer = browser.get(address, headers=GZIP)
        assert answer.status_code == 200, address
        sizes[address] = len(answer.data)
        packed = answer.headers.get("Content-Encoding") == "gzip"
        text = (gzip.decompress(answer.data) if packed else answer.data).decode()
        found = FETCHED.findall(text) if address == page else []
        found += [urljoin(address, name) for name in IMPORTED.findall(text) if address.endswith(".js")]
        wanted += [name for name in found if name not in sizes and not name.endswith("detector_worker.js")]
    return sizes


@pytest.mark.skipif(not (STATIC / "vendor" / "htmx.min.js").exists(), reason="make assets installs htmx")
@pytest.mark.parametrize("page", PAGES)
def test_the_first_load_of_a_page_is_small(browser: FlaskClient, page: str):
    sizes = first_load(browser, page)
    assert len(sizes) > 4
    assert sum(sizes.values()) < MOST_BYTES, sizes


def test_pages_scripts_and_styles_are_sent_packed(browser: FlaskClient):
    page = browser.get("/console", headers=GZIP)
    plain = browser.get("/console").data
    assert (page.headers["Content-Encoding"], gzip.decompress(page.data)) == ("gzip", plain)
    for file in FETCHED.findall(plain.decode()):
        if "vendor" in file:
            continue
        packed, whole = browser.get(file, headers=GZIP), browser.get(file)
        if len(whole.data) >= 500:
            assert packed.headers["Content-Encoding"] == "gzip", file
            assert gzip.decompress(packed.data) == whole.data
            assert packed.headers["Content-Length"] == str(len(packed.data))
            assert packed.cache_control.max_age == whole.cache_control.max_age == 365 * 24 * 60 * 60
        assert "Accept-Encoding" in packed.headers["Vary"]


def test_a_browser_that_has_a_packed_file_is_not_sent_it_again(browser: FlaskClient):
    file = next(file for file in FETCHED.findall(browser.get("/console").text) if file.endswith(".css"))
    etag = browser.get(file, headers=GZIP).headers["ETag"]
    assert browser.get(file, headers={**GZIP, "If-None-Match": etag}).status_code == 304


def test_who_takes_no_gzip_or_asks_for_a_part_gets_it_plain(browser: FlaskClient):
    file = next(file for file in FETCHED.findall(browser.get("/console").text) if file.endswith(".css"))
    for headers in ({}, {"Accept-Encoding": "identity"}, {"Accept-Encoding": "gzip;q=0"}):
        assert "Content-Encoding" not in browser.get(file, headers=headers).headers
    part = browser.get(file, headers={**GZIP, "Range": "bytes=0-9"})
    assert (part.status_code, len(part.data)) == (206, 10)


def test_what_the_api_answers_is_not_packed(browser: FlaskClient):
    for path in ("/v1/session", "/v1/people", "/v1/nothing", "/openapi.json"):
        assert "Content-Encoding" not in browser.get(path, headers=GZIP).headers, path
