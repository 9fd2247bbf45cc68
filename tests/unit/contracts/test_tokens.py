import pytest

from services.contracts.tokens import ApiToken, KioskToken


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


def test_an_api_token_is_read_back_and_has_an_id_of_its_own():
    token = ApiToken.issue()
    assert ApiToken.parse(str(token)) == token
    assert ApiToken.issue().token_id != token.token_id
    assert token.matches(token.sha256)


def test_neither_kind_of_token_passes_for_the_other():
    with pytest.raises(ValueError, match="an API token reads"):
        ApiToken.parse(str(KioskToken.create("kiosk")))
    with pytest.raises(ValueError, match="a kiosk token reads"):
        KioskToken.parse(str(ApiToken.issue()))


def test_tokens_of_both_kinds_with_the_same_id_and_secret_are_not_equal_nor_hashed_alike():
    kiosk = KioskToken.create("x")
    program = ApiToken(kiosk.holder_id, kiosk.secret)
    assert kiosk != program
    assert kiosk.sha256 != program.sha256
