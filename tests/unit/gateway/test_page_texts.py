"""What pages say: complete in each language, and the language that was asked for."""

import json
import re
from pathlib import Path

import pytest

from services.contracts.reasons import DecisionReason
from services.gateway.page_files import STATIC, languages
from services.gateway.texts import DEFAULT_LANGUAGE, Texts
from tests.unit.gateway.conftest import Gateway

TEXTS = {texts.language: texts for texts in languages()}
ENGLISH = TEXTS[DEFAULT_LANGUAGE]
GATEWAY = STATIC.parent
AREAS = sorted((STATIC / "texts").glob("*/*.json"))
#: What the kiosk page says of decisions has words of its own.
ALSO = {"kiosk": ("kiosk.", "reason.")}


def sources() -> list[Path]:
    """Everything that may name a text."""
    scripts = [file for file in STATIC.rglob("*.js") if "vendor" not in file.parts]
    return [*GATEWAY.rglob("*.py"), *GATEWAY.rglob("*.html"), *scripts]


def words_of(files: list[Path]) -> set[str]:
    """All strings, of code as of templates, that look like the key of a text or like its beginning."""
    word = re.compile(r"""["'`]((?:[a-z][a-z-]*\.)+(?!js|css|html)[\w.-]*)(?=["'`${])""")
    return {found for file in files for found in word.findall(file.read_text(encoding="utf-8"))}


def placeholders(texts: Texts, key: str) -> list[str]:
    return sorted(set(re.findall(r"\{(\w+)\}", texts[key])))


def test_there_is_another_language_than_english():
    assert {"en", "de"} <= TEXTS.keys()


@pytest.mark.parametrize("file", AREAS, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_the_keys_of_an_area_begin_with_its_name(file: Path):
    own = ALSO.get(file.stem, (f"{file.stem}.",))
    assert [key for key in json.loads(file.read_text()) if not key.startswith(own)] == []


@pytest.mark.parametrize("language", TEXTS)
def test_every_language_has_the_same_texts_with_the_same_gaps_to_fill(language: str):
    texts = TEXTS[language]

    assert texts.keys() == ENGLISH.keys()
    assert {key: placeholders(texts, key) for key in texts} == {
        key: placeholders(ENGLISH, key) for key in ENGLISH
    }
    assert not [key for key, sentence in texts.items() if not sentence.strip()]


def test_every_text_that_templates_say_exists():
    said = re.compile(r"""\b(?:t|unfilled|say)\(\s*["']([\w.-]+)["']\s*[,)]""")
    files = [*GATEWAY.rglob("*.html"), *GATEWAY.rglob("*.py")]
    keys = {key for file in files for key in said.findall(file.read_text(encoding="utf-8"))}

    assert keys
    assert keys - ENGLISH.keys() == set()


def test_every_text_that_the_kiosk_page_names_exists():
    kiosk = [GATEWAY / "templates" / "kiosk.html", *STATIC.glob("*.js")]
    named = {word for word in words_of(kiosk) if word.startswith("kiosk.") and not word.endswith(".")}

    assert named
    assert named <= ENGLISH.keys()


def test_every_kind_of_trouble_at_a_kiosk_has_its_words():
    kinds = set(re.findall(r'NoDecision\("(\w+)"', (STATIC / "gateway.js").read_text())) - {"refused"}

    assert {f"kiosk.{kind}.detail" for kind in kinds} <= ENGLISH.keys()


def test_every_text_is_used():
    words = words_of(sources())
    beginnings = tuple(word for word in words if word.endswith("."))
    kinds = set(re.findall(r'NoDecision\("(\w+)"', (STATIC / "gateway.js").read_text()))
    used = words | {f"kiosk.{kind}" for kind in kinds} | {f"reason.{reason}" for reason in DecisionReason}
    used |= {f"{key}.{more}" for key in used for more in ("detail", "way-out")}

    assert {key for key in ENGLISH if key not in used and not key.startswith(beginnings)} == set()


def test_a_text_whose_gaps_are_not_filled_is_not_said():
    texts = Texts("en", {"door.opens": "{door} opens in {seconds} s"})

    assert texts.say("door.opens", door="{seconds}", seconds=3) == "{seconds} opens in 3 s"
    with pytest.raises(KeyError):
        texts.say("door.opens", door="Lobby")


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
