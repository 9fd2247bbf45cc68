"""How the kiosk page looks in each state: accessible, and whole on every screen; pictures of it are kept."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize

from services.gateway.page_files import STATIC, languages
from tests.browser.conftest import Camera, Visits
from tests.unit.gateway.serving import Served, serving

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
AXE = ROOT / "assets" / "node_modules" / "axe-core" / "axe.min.js"
PHONE, DESKTOP, WALL = (
    ViewportSize(width=360, height=640),
    ViewportSize(width=1280, height=800),
    ViewportSize(width=1920, height=1080),
)
SCHEMES = ("light", "dark")
#: State, headline, sentence and button, as keys of the texts.
SCREENS = (
    ("starting", "kiosk.starting", "kiosk.starting.detail", None),
    ("waiting", "kiosk.waiting", None, None),
    ("waiting", "kiosk.answered", None, "kiosk.try-again"),
    ("looking", "kiosk.guide.closer", None, "kiosk.take-picture"),
    ("captured", "kiosk.captured", None, None),
    ("deciding", "kiosk.deciding", "kiosk.deciding.detail", None),
    ("granted", "kiosk.granted", "kiosk.granted.detail", None),
    ("denied", "kiosk.denied", "reason.ambiguous", "kiosk.try-again"),
    ("help", "kiosk.camera.blocked", "kiosk.camera.blocked.detail", "kiosk.try-again"),
    ("trouble", "kiosk.token", "kiosk.token.detail", "kiosk.try-again"),
)
KEPT = ("looking", "granted", "denied", "help")
SHOW = """async ([state, ...texts]) => {
    const script = document.querySelector('script[type="module"]').src;
    const { show } = await import(script.replace("kiosk.js", "screen.js"));
    show(state, ...texts);
}"""
#: The page without a token stands still, so a test may show what it likes, with a camera that runs.
START_CAMERA = """async () => {
    const video = document.querySelector("video");
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: true });
    await video.play();
    await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
}"""
#: Words and buttons that the screen cuts off, or that lie on others.
HIDDEN = """() => {
    const all = [...document.querySelectorAll("h1, p, button")];
    const elements = all.filter((element) => element.checkVisibility() && element.textContent);
    const places = elements.map((element) => element.getBoundingClientRect());
    const cut = ({ left, top, right, bottom }) =>
        left < 0 || top < 0 || right > innerWidth || bottom > innerHeight;
    const covers = (one, other) => one !== other && one.left < other.right && other.left < one.right
        && one.top < other.bottom && other.top < one.bottom;
    const wrong = (place) => cut(place) || places.some((other) => covers(place, other));
    return elements.filter((_, number) => wrong(places[number])).map((element) => element.textContent);
}"""
FAULTS = """async () => (await axe.run()).violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => [id, nodes.map((node) => node.html)])"""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory):
    with serving(tmp_path_factory.mktemp("gateway")) as served:
        yield served


def show(page: Page, language: str, screen: tuple[str, str, str | None, str | None]):
    texts = next(texts for texts in languages() if texts.language == language)
    filled = {"name": "Maximiliane Wolkenstein-Trostburg", "seconds": 30}
    words = [texts[key].format(**filled) if key else "" for key in screen[1:]]
    page.evaluate(SHOW, [screen[0], *words])


@pytest.mark.parametrize("language", sorted(texts.language for texts in languages()))
def test_every_state_is_whole_on_every_screen(
    gateway: Served, visits: Visits, grace_hopper_camera: Camera, language: str
):
    page = visits.open(f"{gateway.url}/kiosk?lang={language}", grace_hopper_camera)
    page.evaluate(START_CAMERA)

    cut = {}
    for name, viewport in {"phone": PHONE, "desktop": DESKTOP, "wall": WALL}.items():
        page.set_viewport_size(viewport)
        for screen in SCREENS:
            show(page, language, screen)
            cut[name, screen[1]] = page.evaluate(HIDDEN)
            for scheme in SCHEMES if language == "en" and screen[0] in KEPT else ():
                page.emulate_media(color_scheme=scheme)
                visits.keep(page, f"kiosk-{screen[0]}-{name}-{scheme}")
    assert {where: elements for where, elements in cut.items() if elements} == {}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_finds_no_serious_fault_in_any_state(
    gateway: Served, visits: Visits, grace_hopper_camera: Camera, scheme: str
):
    page = visits.open(f"{gateway.url}/kiosk", grace_hopper_camera)
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.evaluate(START_CAMERA)
    page.evaluate(AXE.read_text())

    faults = {}
    for screen in SCREENS:
        show(page, "en", screen)
        faults[screen[1]] = page.evaluate(FAULTS)
    assert {where: found for where, found in faults.items() if found} == {}


def test_the_first_load_without_the_detector_is_small():
    """Uncompressed already under the 150 kB that it may have compressed."""
    files = [file for file in STATIC.iterdir() if file.suffix in {".js", ".css", ".svg"}]
    files += [STATIC / "texts" / "de" / "kiosk.json"]

    assert sum(file.stat().st_size for file in files) < 150_000
