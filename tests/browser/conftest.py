"""Chromium with a camera that the test chooses."""

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, ViewportSize, sync_playwright

from cli.portraits import eileen_collins, grace_hopper
from services.gateway.page_files import STATIC, has_detector
from tests.browser.fake_camera import film

ARTIFACTS = Path(__file__).parents[1] / "artifacts" / "browser"
LANDSCAPE = ViewportSize(width=1280, height=800)
PORTRAIT = ViewportSize(width=800, height=1280)

_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

Camera = tuple[str, ...]
NO_CAMERA: Camera = ()
DENIED_CAMERA: Camera = ("--use-fake-ui-for-media-stream=deny", "--use-fake-device-for-media-stream")


def playing(film: Path) -> Camera:
    return (
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    )


class Browsers:
    """Chromium, once for every camera: a camera is an argument of its start."""

    def __init__(self, playwright: Playwright, path: str) -> None:
        self._chromium = playwright.chromium
        self._path = path
        self._running: dict[Camera, Browser] = {}

    def with_camera(self, camera: Camera) -> Browser:
        if camera not in self._running:
            self._running[camera] = self._chromium.launch(executable_path=self._path, args=[*_QUIET, *camera])
        return self._running[camera]

    def close(self) -> None:
        for browser in self._running.values():
            browser.close()


class Visits:
    """Visits to pages, each with an empty profile and the camera that the test chooses."""

    def __init__(self, browsers: Browsers) -> None:
        self._browsers = browsers
        self._contexts: list[BrowserContext] = []

    def open(
        self,
        url: str,
        camera: Camera,
        viewport: ViewportSize = LANDSCAPE,
        cookies: Sequence[Any] = (),
    ) -> Page:
        context = self._browsers.with_camera(camera).new_context(viewport=viewport)
        self._contexts.append(context)
        context.add_cookies(cookies)
        page = context.new_page()
        page.goto(url)
        return page

    def keep(self, page: Page, name: str) -> None:
        """Keep a screenshot among the artifacts, once the change of colours is over."""
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        page.evaluate("() => Promise.allSettled(document.body.getAnimations().map((each) => each.finished))")
        page.screenshot(path=ARTIFACTS / f"{name}.png")

    def close(self) -> None:
        for context in self._contexts:
            context.close()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> str:
    """Path of a Chromium: the system's, or the one Playwright installed."""
    for path in (shutil.which("chromium"), playwright.chromium.executable_path):
        if path and Path(path).exists():
            return path
    missing = "no Chromium: apt-get install chromium, or playwright install chromium"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture(scope="session")
def detector() -> None:
    """The kiosk page's face detector, which ``make assets`` installs."""
    if has_detector(STATIC):
        return
    missing = "the kiosk page has no face detector: make assets"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture(scope="session")
def grace_hopper_camera(tmp_path_factory: pytest.TempPathFactory) -> Camera:
    return playing(film(grace_hopper(), tmp_path_factory.mktemp("films") / "grace_hopper.y4m"))


@pytest.fixture(scope="session")
def stranger_camera(tmp_path_factory: pytest.TempPathFactory) -> Camera:
    return playing(film(eileen_collins(), tmp_path_factory.mktemp("films") / "eileen_collins.y4m"))


@pytest.fixture(scope="module")
def browsers(playwright: Playwright, chromium: str) -> Iterator[Browsers]:
    browsers = Browsers(playwright, chromium)
    yield browsers
    browsers.close()


@pytest.fixture
def visits(browsers: Browsers) -> Iterator[Visits]:
    visits = Visits(browsers)
    yield visits
    visits.close()
