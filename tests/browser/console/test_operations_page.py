"""The page of the machinery: charts that are drawn, processes that live, and what the month costs."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from cli.portraits import grace_hopper
from services.contracts.operators import Role
from tests.browser.console.conftest import Seeded
from tests.conftest import until

pytestmark = pytest.mark.browser

#: Of each chart, by its first line, how many pixels have the colour of one of its lines.
DRAWN = """() => {
    const styles = getComputedStyle(document.documentElement);
    const rgb = (tone) => styles.getPropertyValue(`--${tone}`).trim().slice(1).match(/../g)
        .map((channel) => parseInt(channel, 16)).join();
    const counted = (figure) => {
        const canvas = figure.querySelector("canvas");
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        const names = figure.dataset.columns.split(" ");
        const heads = names.map((name) => document.querySelector(`th[data-column="${name}"]`));
        const colours = new Set(heads.map(({ dataset }) => rgb(dataset.tone)));
        let pixels = 0;
        for (let at = 0; at < data.length; at += 4) {
            if (data[at + 3] === 255 && colours.has(data.slice(at, at + 3).join())) pixels += 1;
        }
        return [names[0], pixels];
    };
    return Object.fromEntries([...document.querySelectorAll("[data-columns]")].map(counted));
}"""
#: What the page asks for by itself now and then.
REFRESH = """() => htmx.ajax("GET", document.getElementById("figures").getAttribute("hx-get"), "#figures")"""


def counted(console: Seeded, **figures: int) -> bool:
    """Whether the recent figures have reached these."""
    recent = console.api("GET", "/v1/operations").json()["recent"]
    return all(recent[name] >= least for name, least in figures.items())


def total(page: Page, column: str) -> str | None:
    index = page.locator("#figures th[data-column]").evaluate_all(
        "(heads, name) => heads.findIndex((head) => head.dataset.column === name)", column
    )
    return page.locator("#figures tfoot td").nth(index).text_content()


@pytest.fixture
def measured(console: Seeded) -> None:
    """One decision at least, counted and written."""
    console.recognise(grace_hopper())
    until(lambda: counted(console, granted=1))


@pytest.mark.usefixtures("measured")
def test_every_chart_is_drawn_and_says_in_words_what_it_shows(visit: Callable[..., Page]):
    page = visit("/console/operations?hours=1")

    expect(page.locator("figure canvas")).to_have_count(6)
    drawn = page.evaluate(DRAWN)
    assert {name: pixels for name, pixels in drawn.items() if not pixels} == {}
    expect(page.locator("#summary-decisions")).to_contain_text("Granted: ")
    expect(page.locator("#summary-latency")).not_to_contain_text("half within: \N{EN DASH}")


@pytest.mark.usefixtures("measured")
def test_charts_follow_what_is_counted_meanwhile(console: Seeded, visit: Callable[..., Page]):
    page = visit("/console/operations?hours=1")
    expect(page.locator("figure canvas")).to_have_count(6)
    before = int(total(page, "granted") or 0)
    console.recognise(grace_hopper())

    def followed() -> bool:
        page.evaluate(REFRESH)
        return int(total(page, "granted") or 0) > before

    until(followed)
    expect(page.locator("#summary-decisions")).to_contain_text(f"Granted: {total(page, 'granted')}")
    expect(page.locator("figure canvas")).to_have_count(6)


@pytest.mark.usefixtures("measured")
def test_processes_queues_and_the_month_s_cost_are_told(visit: Callable[..., Page]):
    page = visit("/console/operations", Role.VIEWER)

    def all_live() -> bool:
        """Whether they do at this moment: on a busy machine one may be late with its pulse."""
        page.reload()
        told = page.locator("#now").inner_text()
        return "none runs" not in told and all(
            process in told for process in ("Gateway", "Recognize worker", "Enroll worker")
        )

    until(all_live)
    expect(page.locator("#costs")).to_contain_text("Rekognition, images")


@pytest.mark.usefixtures("measured")
def test_the_figures_stand_in_a_table_too(visit: Callable[..., Page]):
    page = visit("/console/operations?hours=6", language="de")
    page.get_by_text("Dasselbe als Tabelle").click()

    expect(page.get_by_role("columnheader", name="Eingelassen")).to_be_visible()
    expect(page.locator("#figures tbody tr")).to_have_count(36)
    expect(page.locator("nav a[aria-current='true']").get_by_text("6 h")).to_be_visible()
