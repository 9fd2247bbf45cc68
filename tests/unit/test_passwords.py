import pytest
from pwdlib.hashers.argon2 import Argon2Hasher

from services.passwords import Passwords, UnusablePassword, check_password

#: Quick, for what is not about the parameters.
WEAK = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)
GOOD = "a tram to the museum"


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("elevenchars", "11 characters"),
        ("x" * 257, "257 characters"),
        ("ada@example.org", "the login"),
        ("Ada@Example.Org", "the login"),
        ("Password1234", "first that are guessed"),
        ("aaaaaaaaaaaaaa", "first that are guessed"),
        ("\uff50assword1234", "first that are guessed"),
    ],
)
def test_a_password_that_would_be_guessed_is_refused_and_not_repeated(password: str, why: str):
    with pytest.raises(UnusablePassword, match=why) as refused:
        check_password(password, "ada@example.org")
    assert password not in str(refused.value)


def test_the_part_of_a_login_before_the_at_sign_is_no_password():
    with pytest.raises(UnusablePassword):
        check_password("ada.lovelace.1", "ada.lovelace.1@example.org")


@pytest.mark.parametrize("password", [GOOD, "zwölf Zeichen", "x7" * 6 + "abc", "\u6f22\u5b57" * 3 + "abcdef"])
def test_a_password_of_any_script_is_taken(password: str):
    check_password(password, "ada")


def test_a_password_is_right_or_wrong_and_its_hash_does_not_tell_it():
    passwords = Passwords(WEAK)
    stored = passwords.hash(GOOD)
    assert passwords.verify(GOOD, stored).right
    assert not passwords.verify(GOOD + " ", stored).right
    assert GOOD not in stored
    assert passwords.hash(GOOD) != stored


def test_the_same_password_from_another_keyboard_is_right():
    passwords = Passwords(WEAK)
    assert passwords.verify("zwo\u0308lf Zeichen", passwords.hash("zw\u00f6lf Zeichen")).right


def test_where_nobody_has_the_login_no_password_is_right():
    assert not Passwords(WEAK).verify("the password of nobody", None).right


def test_a_hash_made_with_other_parameters_is_renewed_when_the_password_is_known():
    stored = Passwords(WEAK).hash(GOOD)
    today = Passwords(Argon2Hasher(time_cost=2, memory_cost=8, parallelism=1))
    verdict = today.verify(GOOD, stored)
    assert verdict.right
    assert verdict.new_hash
    assert today.verify(GOOD, verdict.new_hash).new_hash is None
    assert today.verify("wrong", stored).new_hash is None


def test_hashes_are_made_with_as_much_memory_and_as_many_passes_as_rfc_9106_asks_for():
    assert Passwords().hash(GOOD).startswith("$argon2id$v=19$m=65536,t=3,p=1$")
