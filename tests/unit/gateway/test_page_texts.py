"""What pages say: complete in each language, and the language that was asked for."""

import re

import pytest

from services.contracts.reasons import DecisionReason
from services.gateway.page_files import STATIC, languages
from services.gateway.texts import DEFAULT_LANGUAGE, Texts
from tests.unit.gateway.conftest import Gateway

TEXTS = {texts.language: texts for texts in languages()}
ENGLISH = TEXTS[DEFAULT_LANGUAGE]
TEMPLATE = STATIC.parent / "templates" / "kiosk.html"


def written_keys() -> set[str]:
    """Every key that scripts and templates write out or put together from a prefix."""
    sources = [TEMPLATE, *STATIC.glob("*.js")]
    key = re.compile(r"""["'](kiosk\.(?!js|css)[\w.-]+)["']""")
    return {found for file in sources for found in key.findall(file.read_text())}


def placeholders(texts: Texts, key: str) -> list[str]:
    return sorted(re.findall(r"\{(\w+)\}", texts[key]))


def test_there_is_another_language_than_english():
    assert {"en", "de"} <= TEXTS.keys()


@pytest.mark.parametrize("language", TEXTS)
def test_every_language_has_the_same_texts_with_the_same_gaps_to_fill(language: str):
    texts = TEXTS[language]

    assert texts.keys() == ENGLISH.keys()
    assert {key: placeholders(texts, key) for key in texts} == {
        key: placeholders(ENGLISH, key) for key in ENGLISH
    }
    assert not [key for key, sentence in texts.items() if not sentence.strip()]


def test_every_text_that_the_page_names_exists():
    assert written_keys()
    assert written_keys() <= ENGLISH.keys()


def test_every_kind_of_trouble_and_every_text_is_used():
    kinds = set(re.findall(r'NoDecision\("(\w+)"', (STATIC / "gateway.js").read_text())) - {"refused"}
    derived = {f"kiosk.{kind}" for kind in kinds} | written_keys()
    derived |= {f"{key}.detail" for key in derived} | {f"reason.{reason}" for reason in DecisionReason}

    assert {f"kiosk.{kind}.detail" for kind in kinds} <= ENGLISH.keys()
    assert ENGLISH.keys() <= derived


@pytest.mark.parametrize("reason", DecisionReason)
def test_the_page_says_in_english_what_the_api_says(reason: DecisionReason):
    assert ENGLISH[f"reason.{reason}"] == reason.sentence


@pytest.mark.parametrize(
    ("address", "accepted", "language"),
    [
        ("/kiosk", "de-AT,de;q=0.9,en;q=0.5", "de"),
        ("/kiosk", "fr,en;q=0.5", "en"),
        ("/kiosk", "fr", "en"),
        ("/kiosk", "", "en"),
        ("/kiosk?lang=de", "en", "de"),
        ("/kiosk?lang=tlh", "de", "de"),
    ],
)
def test_the_page_speaks_the_language_of_the_address_or_the_browser(
    gateway: Gateway, address: str, accepted: str, language: str
):
    answer = gateway.client.get(address, headers={"Accept-Language": accepted})

    assert f'<html lang="{language}">' in answer.get_data(as_text=True)
    assert TEXTS[language]["kiosk.starting"] in answer.get_data(as_text=True)
    assert answer.headers["Content-Language"] == language
    assert "Accept-Language" in answer.headers["Vary"]
