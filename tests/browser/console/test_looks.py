"""Every page of the console on a phone and a desktop, light and dark: whole, accessible, and quiet.

Pictures of them are kept among the artifacts (``make screenshots``).
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize

from services.contracts.operators import Role
from tests.browser.conftest import Visits
from tests.browser.console.conftest import GRACE, Seeded

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[3] / "assets" / "node_modules" / "axe-core" / "axe.min.js"
PHONE, DESKTOP = ViewportSize(width=360, height=740), ViewportSize(width=1280, height=800)
#: Name, who looks, and the address; ``{grace}`` is a person's id.
PAGES: tuple[tuple[str, Role | None, str], ...] = (
    ("sign-in", None, "/console/sign-in"),
    ("home", Role.ADMIN, "/console"),
    ("account", Role.VIEWER, "/console/account"),
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


@pytest.mark.parametrize("shown", PAGES, ids=lambda shown: shown[0])
def test_a_page_is_whole_and_accessible_on_every_screen(
    console: Seeded, visit: Callable[..., Page], visits: Visits, shown: tuple[str, Role | None, str]
):
    name, role, path = shown
    page = visit(path.format(grace=console.people[GRACE]), role)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    page.reload()
    page.wait_for_load_state("networkidle")
    page.evaluate(AXE.read_text())

    faults, wide = {}, {}
    for screen, viewport in {"phone": PHONE, "desktop": DESKTOP}.items():
        page.set_viewport_size(viewport)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            visits.keep(page, f"console-{name}-{screen}-{scheme}")
        wide[screen] = page.evaluate(TOO_WIDE)
        faults[screen] = page.evaluate(FAULTS)
    page.emulate_media(color_scheme="light")
    faults["light"] = page.evaluate(FAULTS)

    assert {screen: found for screen, found in faults.items() if found} == {}
    assert {screen: found for screen, found in wide.items() if found} == {}
    assert [told for told in complaints if "status of 403" not in told and "status of 404" not in told] == []


def test_the_longer_german_words_fit_on_a_phone(console: Seeded, visit: Callable[..., Page]):
    wide = {}
    page = visit("/console", language="de", viewport=PHONE)
    for name, role, path in PAGES:
        if role is Role.ADMIN:
            page.goto(f"{console.url}{path.format(grace=console.people[GRACE])}")
            wide[name] = page.evaluate(TOO_WIDE)

    assert page.locator("html").get_attribute("lang") == "de"
    assert {name: found for name, found in wide.items() if found} == {}
