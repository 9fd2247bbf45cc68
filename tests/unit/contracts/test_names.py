import sys
import unicodedata

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from services.contracts.names import from_metadata, parse_full_name, to_metadata


@pytest.mark.parametrize("name", ["Ada Lovelace", "Zoë", "王小明", "عائشة", "O’Neill-Smith", "نیلو\u200cفر"])  # noqa: RUF001  # a name
def test_a_name_in_any_script_is_taken(name):
    assert parse_full_name(f"  {name} ") == name


@pytest.mark.parametrize("text", ["", " \n", "\u200d", "a" * 201, "Ada\x00", "bell\x07", "\udcff"])
def test_what_is_no_name_is_refused(text):
    with pytest.raises(ValueError, match="it "):
        parse_full_name(text)


def letters_of_every_script():
    """Three letters of each script that Unicode has: a letter's name begins with its script's."""
    scripts = {}
    for letter in map(chr, range(sys.maxunicode + 1)):
        if unicodedata.category(letter) in {"Lu", "Ll", "Lt", "Lo"}:
            script = unicodedata.name(letter, "CJK").split()[0].split("-")[0]
            scripts.setdefault(script, []).append(letter)
    return {script: "".join(letters[:3]) for script, letters in scripts.items()}


def test_names_of_every_script_survive_s3_metadata_which_is_ascii():
    scripts = letters_of_every_script()
    assert len(scripts) > 150
    for script, letters in scripts.items():
        name = parse_full_name(f"{letters} {letters[::-1]}")
        metadata = to_metadata(name)
        assert metadata.isascii(), script
        assert from_metadata(metadata) == name, script


@settings(deadline=None)
@given(st.text(max_size=200))
def test_whatever_is_a_name_survives_s3_metadata(text):
    try:
        name = parse_full_name(text)
    except ValueError:
        assume(False)
    assert from_metadata(to_metadata(name)) == name


@pytest.mark.parametrize("name", ["=?utf-8?q?Ada?=", "Ada =?x", "?=", "=?"])
def test_a_name_that_looks_as_if_it_were_encoded_survives_too(name):
    assert from_metadata(to_metadata(name)) == name
