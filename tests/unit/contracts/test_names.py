import pytest

from services.contracts.names import parse_full_name


@pytest.mark.parametrize("name", ["Ada Lovelace", "Zoë", "王小明", "عائشة", "O’Neill-Smith", "نیلو\u200cفر"])  # noqa: RUF001  # a name
def test_a_name_in_any_script_is_taken(name):
    assert parse_full_name(f"  {name} ") == name


@pytest.mark.parametrize("text", ["", " \n", "\u200d", "a" * 201, "Ada\x00", "bell\x07", "\udcff"])
def test_what_is_no_name_is_refused(text):
    with pytest.raises(ValueError, match="it "):
        parse_full_name(text)
