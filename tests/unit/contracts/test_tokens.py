import pytest

from services.contracts.tokens import KioskToken


def test_a_token_is_read_back_from_its_text():
    token = KioskToken.create("front-door.1")
    assert KioskToken.parse(str(token)) == token


def test_two_tokens_of_one_kiosk_differ():
    assert KioskToken.create("kiosk").secret != KioskToken.create("kiosk").secret


def test_a_token_matches_its_own_hash_and_no_other():
    token, other = KioskToken.create("kiosk"), KioskToken.create("kiosk")
    assert token.matches(token.sha256)
    assert not other.matches(token.sha256)


def test_a_token_of_another_kiosk_with_the_same_secret_does_not_match():
    token = KioskToken.create("kiosk")
    assert not KioskToken("other", token.secret).matches(token.sha256)


@pytest.mark.parametrize(
    "text", ["", "fgk_kiosk", "fgk_kiosk_short", "fgk__" + "a" * 43, "xyz_kiosk_" + "a" * 43]
)
def test_text_that_is_no_token_is_refused_without_repeating_it(text):
    with pytest.raises(ValueError, match="a kiosk token reads") as refused:
        KioskToken.parse(text)
    assert "short" not in str(refused.value)


def test_the_secret_does_not_show_in_a_token_s_repr():
    token = KioskToken.create("kiosk")
    assert token.secret not in repr(token)
