"""The page that an invitation's link opens, as it is sent."""

import json

import pytest

from services.contracts.domain import EnrollmentStatus
from services.contracts.reasons import RejectionReason
from services.gateway.consent_texts import consent_versions
from services.gateway.page_files import STATIC, languages
from services.gateway.texts import Texts
from tests.unit.gateway.conftest import Gateway

TEXTS = {texts.language: texts for texts in languages()}


def test_the_page_speaks_the_language_of_the_browser_and_names_the_text_that_it_shows(gateway: Gateway):
    answer = gateway.client.get("/join", headers={"Accept-Language": "de"})
    page = answer.get_data(as_text=True)
    assert '<html lang="de">' in page
    assert 'data-consent-text="de-1"' in page
    assert TEXTS["de"]["join.consent.kept"] in page
    assert "Accept-Language" in answer.headers["Vary"]


def test_the_page_gives_no_address_away_and_runs_nothing_inline(gateway: Gateway):
    answer = gateway.client.get("/join")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "<script>" not in answer.get_data(as_text=True)
    assert 'style="' not in answer.get_data(as_text=True)


@pytest.mark.parametrize("language", TEXTS)
def test_whatever_becomes_of_a_photo_the_page_has_words_for_it(language: str):
    words = TEXTS[language]
    assert {f"join.say.reason.{reason}" for reason in RejectionReason} <= words.keys()
    shown = set(EnrollmentStatus) - {EnrollmentStatus.REMOVED}
    assert {f"join.say.status.{status}" for status in shown} <= words.keys()


@pytest.mark.parametrize("language", TEXTS)
def test_words_that_a_script_fills_in_name_what_it_knows(language: str):
    scripts = "".join(file.read_text() for file in (STATIC / "join").glob("*.js"))
    texts = json.loads((STATIC / "texts" / language / "join.json").read_text())
    assert {key for key, words in texts.items() if "{" in words} == {
        "join.say.greeting",
        "join.say.until",
        "join.say.left",
        "join.take.types",
    }
    for filled in ("greeting", "until", "left"):
        assert f'say("join.say.{filled}", {{' in scripts


def test_another_text_of_consent_is_another_version():
    english = Texts("en", {"join.consent.kept": "Photos are kept.", "join.done.title": "Thank you"})
    (version,) = consent_versions([english]).values()
    other = Texts("en", english.sentences | {"join.consent.kept": "Photos are not kept."})
    beside = Texts("en", english.sentences | {"join.done.title": "Thanks"})
    assert version.startswith("en-")
    assert consent_versions([other])["en"] != version
    assert consent_versions([beside])["en"] == version
