"""Every page of the console on a phone and a desktop, light and dark: whole, accessible, and quiet.

Pictures of them are kept among the artifacts (``make screenshots``).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize

from services.contracts.operators import Role
from tests.browser.conftest import NO_CAMERA, Browsers, Visits
from tests.browser.console.conftest import GRACE, Seeded, cookies_of

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[3] / "assets" / "node_modules" / "axe-core" / "axe.min.js"
PHONE, DESKTOP = ViewportSize(width=360, height=740), ViewportSize(width=1280, height=800)
#: Name, who looks, and the address; ``{grace}`` is a person's id.
PAGES: tuple[tuple[str, Role | None, str], ...] = (
    ("sign-in", None, "/console/sign-in"),
    ("home", Role.ADMIN, "/console"),
    ("account", Role.VIEWER, "/console/account"),
    ("live", Role.ADMIN, "/console/live"),
    ("audit", Role.ADMIN, "/console/audit"),
    ("people", Role.ADMIN, "/console/people"),
    ("person", Role.ADMIN, "/console/people/{grace}"),
    ("held", Role.ADMIN, "/console/held"),
    ("batches", Role.ADMIN, "/console/batches"),
    ("operations", Role.ADMIN, "/console/operations?hours=1"),
    ("doors", Role.ADMIN, "/console/doors"),
    ("door", Role.ADMIN, "/console/doors/front-door"),
    ("lockdown", Role.ADMIN, "/console/lockdown"),
    ("rules", Role.ADMIN, "/console/rules"),
    ("rule", Role.ADMIN, "/console/rules/everyone-always"),
    ("holidays", Role.ADMIN, "/console/new-calendar"),
    ("kiosks", Role.ADMIN, "/console/kiosks"),
    ("kiosk", Role.ADMIN, "/console/kiosks/entrance"),
    ("operators", Role.ADMIN, "/console/operators"),
    ("operator", Role.ADMIN, "/console/operators/viewer@example.org"),
    ("tokens", Role.ADMIN, "/console/tokens"),
    ("dead-letters", Role.ADMIN, "/console/dead-letters"),
    ("drift", Role.ADMIN, "/console/drift"),
    ("forbidden", Role.VIEWER, "/console/audit"),
    ("nowhere", Role.VIEWER, "/console/nowhere"),
)
FAULTS = """async () => (await axe.run()).violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => [id, nodes.map((node) => node.html)])"""
TOO_WIDE = """() => document.documentElement.scrollWidth > innerWidth
    ? [...document.querySelectorAll("main *")].filter((one) => one.getBoundingClientRect().right > innerWidth)
        .map((one) => one.outerHTML.slice(0, 200))
    : []"""


@dataclass
class Looker:
    """A browser's page of somebody, with what the browser complained of."""

    page: Page
    complaints: list[str] = field(default_factory=list[str])


@pytest.fixture(scope="module")
def lookers(console: Seeded, browsers: Browsers) -> Iterator[Callable[[Role | None], Looker]]:
    """One page for each role and for nobody, which goes from address to address."""
    opened: dict[Role | None, Looker] = {}

    def looker(role: Role | None) -> Looker:
        if role not in opened:
            context = browsers.with_camera(NO_CAMERA).new_context(reduced_motion="reduce")
            context.add_cookies(cookies_of(console, role))
            found = opened[role] = Looker(context.new_page())
            found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
            found.page.on(
                "console", lambda line: found.complaints.extend([line.text] * (line.type == "error"))
            )
        return opened[role]

    yield looker
    for found in opened.values():
        found.page.context.close()


@pytest.mark.parametrize("shown", PAGES, ids=lambda shown: shown[0])
def test_a_page_is_whole_and_accessible_on_every_screen(
    console: Seeded,
    lookers: Callable[[Role | None], Looker],
    visits: Visits,
    shown: tuple[str, Role | None, str],
):
    name, role, path = shown
    looker = lookers(role)
    page, address = looker.page, f"{console.url}{path.format(grace=console.people[GRACE])}"
    looker.complaints.clear()
    # a stream of decisions is never idle
    page.goto(address, wait_until="load" if name == "live" else "networkidle")
    page.evaluate(AXE.read_text())

    faults, wide = {}, {}
    for screen, viewport in {"phone": PHONE, "desktop": DESKTOP}.items():
        page.set_viewport_size(viewport)
        wide[screen] = page.evaluate(TOO_WIDE)
        for scheme in ("light", "dark") if screen == "phone" else ("dark", "light"):
            page.emulate_media(color_scheme=scheme)
            visits.keep(page, f"console-{name}-{screen}-{scheme}")
        faults[screen] = page.evaluate(FAULTS)

    assert {screen: found for screen, found in faults.items() if found} == {}
    assert {screen: found for screen, found in wide.items() if found} == {}
    told = [line for line in looker.complaints if not re.search("status of 40[34]", line)]
    assert told == []


def test_the_longer_german_words_fit_on_a_phone(console: Seeded, visit: Callable[..., Page]):
    wide = {}
    page = visit("/console", language="de", viewport=PHONE)
    for name, role, path in PAGES:
        if role is Role.ADMIN:
            page.goto(f"{console.url}{path.format(grace=console.people[GRACE])}")
            wide[name] = page.evaluate(TOO_WIDE)

    assert page.locator("html").get_attribute("lang") == "de"
    assert {name: found for name, found in wide.items() if found} == {}
