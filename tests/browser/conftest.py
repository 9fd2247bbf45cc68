"""Chromium with a camera that the test chooses."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, ViewportSize, sync_playwright

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


class Visits:
    """Visits to pages, each with a fresh browser and the camera that the test chooses."""

    def __init__(self, playwright: Playwright, chromium: str, profiles: Path) -> None:
        self._chromium = playwright.chromium
        self._path = chromium
        self._profiles = profiles
        self._contexts: list[BrowserContext] = []

    def open(self, url: str, camera: Camera, viewport: ViewportSize = LANDSCAPE) -> Page:
        context = self._chromium.launch_persistent_context(
            self._profiles / str(len(self._contexts)),
            executable_path=self._path,
            args=[*_QUIET, *camera],
            viewport=viewport,
        )
        self._contexts.append(context)
        page = context.pages[0]
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


@pytest.fixture
def visits(playwright: Playwright, chromium: str, tmp_path: Path) -> Iterator[Visits]:
    visits = Visits(playwright, chromium, tmp_path)
    yield visits
    visits.close()
