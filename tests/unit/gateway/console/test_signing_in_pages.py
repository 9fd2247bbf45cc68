"""Who comes to the console is led to sign in and back, in their language, and told in words what is wrong."""

import re

import pytest
from flask.testing import FlaskClient

from services.gateway.console.guard import own_page
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.in_memory_operators import signed_in

pytestmark = pytest.mark.access
HTMX = {"HX-Request": "true"}


@pytest.fixture
def browser(gateway: Gateway) -> FlaskClient:
    return gateway.client


def test_who_is_not_signed_in_is_led_to_do_so_and_back(browser: FlaskClient):
    led = browser.get("/console/people?search=ada")
    assert (led.status_code, led.headers["Location"]) == (
        303,
        "/console/sign-in?next=/console/people?search%3Dada",
    )
    assert 'data-then="/console/people?search=ada"' in browser.get(led.headers["Location"]).text
    signed_in(browser, "viewer")
    assert browser.get(led.headers["Location"]).headers["Location"] == "/console/people?search=ada"


def test_a_fragment_of_a_page_whose_session_ended_leads_the_page(browser: FlaskClient):
    shown = {"HX-Current-URL": "http://localhost/console/live?outcome=denied"}
    led = browser.get("/console/live/list", headers=HTMX | shown)
    assert led.headers["HX-Redirect"] == "/console/sign-in?next=/console/live?outcome%3Ddenied"
    assert led.text == ""


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://elsewhere.example/console",
        "//elsewhere.example",
        "/console//elsewhere.example",
        "/console/../kiosk",
        "/console\\@elsewhere.example",
        "/consolex",
        "/v1/people",
        "javascript:alert(1)",
        "/console/" + "a" * 500,
    ],
)
def test_nobody_is_led_to_what_is_no_page_of_the_console(browser: FlaskClient, elsewhere: str):
    assert own_page(elsewhere) == "/console"
    page = browser.get("/console/sign-in", query_string={"next": elsewhere})
    assert 'data-then="/console"' in page.text


def test_a_password_is_not_asked_for_where_it_would_be_read_along(browser: FlaskClient):
    page = browser.get("/console/sign-in", base_url="http://gateway.example")
    assert (page.status_code, 'type="password"' in page.text) == (403, False)
    assert "Sign in over TLS" in page.text


def test_a_role_that_may_not_see_a_page_is_told_so_in_words(browser: FlaskClient):
    signed_in(browser, "viewer")
    page = browser.get("/console/operators")
    assert (page.status_code, "<h1>This is not allowed</h1>" in page.text) == (403, True)
    assert "operators:write" in page.text
    fragment = browser.get("/console/operators", headers=HTMX)
    assert (fragment.status_code, fragment.headers["HX-Retarget"]) == (403, "#problem")
    assert "<html" not in fragment.text


def test_the_navigation_leads_where_the_role_may_go(browser: FlaskClient):
    def leads() -> set[str]:
        navigation = browser.get("/console/account").text.partition("<nav")[2].partition("</nav>")[0]
        return set(re.findall(r'href="(/console[^"]*)"', navigation))

    signed_in(browser, "viewer")
    viewer = leads()
    signed_in(browser, "admin")
    assert {"/console", "/console/live", "/console/people"} <= viewer
    assert leads() - viewer >= {"/console/audit", "/console/operators", "/console/tokens"}


def test_the_language_that_was_chosen_stays(browser: FlaskClient):
    assert 'lang="en"' in browser.get("/console/sign-in").text
    assert "Anmelden" in browser.get("/console/sign-in?lang=de").text
    assert "Anmelden" in browser.get("/console/sign-in").text
    assert "Sitzung ist zu Ende" in browser.get("/problems/session-ended").text
    assert 'lang="de"' in browser.get("/console/sign-in?lang=tlh").text


def test_what_a_problem_means_is_told_as_a_fragment_too(browser: FlaskClient):
    words = browser.get("/problems/wrong-credentials?lang=de", headers=HTMX).text
    assert "<strong>Anmeldename oder Passwort falsch</strong>" in words
    assert "<html" not in words


def test_pages_of_the_console_are_kept_by_no_cache_and_allow_nothing_inline(browser: FlaskClient):
    signed_in(browser, "admin")
    for path in ("/console/sign-in", "/console", "/console/account", "/console/live", "/console/audit"):
        page = browser.get(path)
        assert page.headers["Cache-Control"] == "no-store"
        policy = page.headers["Content-Security-Policy"]
        assert ("unsafe" in policy, "form-action 'none'" in policy) == (False, True)
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", page.text), (
            path
        )


def test_the_first_page_says_what_a_new_site_needs(gateway: Gateway, browser: FlaskClient):
    signed_in(browser, "operator")
    page = browser.get("/console").text
    assert "First steps" in page
    assert 'href="/console/rules">Add a rule' in page
    assert "Add a door" not in page
    signed_in(browser, "viewer")
    page = browser.get("/console").text
    assert ("Add a rule" in page, "ask somebody whose does" in page) == (False, True)


def test_an_error_that_nobody_expected_is_a_page_with_an_id(gateway: Gateway, browser: FlaskClient):
    signed_in(browser, "viewer")
    gateway.people.page = lambda *_args, **_more: 1 // 0
    page = browser.get("/console/people")
    assert (page.status_code, "Internal error" in page.text) == (500, True)
    assert re.search(r"error id [0-9a-f]{32}", page.text)
