"""Operators' passwords: which are taken, and how they are hashed."""

import unicodedata
from dataclasses import dataclass

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 256
_FEWEST_DIFFERENT = 5
#: The worst of those that are long enough, from the lists that guessers begin with.
_WORST = frozenset(
    (
        "000000000000",
        "111111111111",
        "123123123123",
        "123456123456",
        "123456789012",
        "1234567890123",
        "1234567891011",
        "123456789abc",
        "1q2w3e4r5t6y",
        "abcdefghijkl",
        "administrator",
        "adminadminadmin",
        "changemechangeme",
        "correcthorsebatterystaple",
        "facegatefacegate",
        "iloveyouiloveyou",
        "letmeinletmein",
        "passwordpassword",
        "password1234",
        "password12345",
        "password123456",
        "passw0rd1234",
        "q1w2e3r4t5y6",
        "qwertyqwerty",
        "qwertyuiop12",
        "qwertyuiop123",
        "qwertyuiop123456",
        "qwertyuiopasdf",
        "welcomewelcome",
    )
)


class UnusablePassword(ValueError):
    """The password is none to guard anything with; the message says why and never repeats it."""


def check_password(password: str, login: str) -> None:
    """Refuse a password that would be guessed.

    Length counts and kinds of characters do not, as NIST SP 800-63B, section 5.1.1.2, has it.

    Raises
    ------
    UnusablePassword
        If it is too short or long, the login or a part of it, or among the worst.
    """
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise UnusablePassword(
            f"the password has {len(password)} characters; {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} are fine"
        )
    folded = _normalised(password).casefold()
    if folded in {login, login.partition("@")[0]}:
        raise UnusablePassword("the password is the login")
    if folded in _WORST or len(set(folded)) < _FEWEST_DIFFERENT:
        raise UnusablePassword("the password is among the first that are guessed")


@dataclass(frozen=True)
class Verdict:
    """Whether a password was right.

    Attributes
    ----------
    new_hash : str, optional
        What is to be stored from now on, where the stored hash was made with other parameters than today's.
    """

    right: bool
    new_hash: str | None = None


class Passwords:
    """Argon2id with RFC 9106's second choice, 64 MiB and three passes, but in one lane instead of four.

    Four take four cores for as long as they last, and cores are what kiosks wait for.

    Parameters
    ----------
    hasher : Argon2Hasher, optional
        With parameters of one's own.
    """

    def __init__(self, hasher: Argon2Hasher | None = None) -> None:
        self._hash = PasswordHash(
            (hasher or Argon2Hasher(time_cost=3, memory_cost=64 * 1024, parallelism=1),)
        )
        self._nobodys = self._hash.hash("the password of nobody")

    def hash(self, password: str) -> str:
        """Make what is stored: parameters, a fresh salt and the hash in one text."""
        return self._hash.hash(_normalised(password))

    def verify(self, password: str, stored: str | None) -> Verdict:
        """Compare a password with what is stored; it takes as long where nothing is.

        Parameters
        ----------
        stored : str or None
            None where nobody has the login: no password is right then.
        """
        right, new_hash = self._hash.verify_and_update(_normalised(password), stored or self._nobodys)
        return Verdict(True, new_hash) if right and stored is not None else Verdict(False)


def _normalised(password: str) -> str:
    """Make what keyboards of different systems send for the same keys the same."""
    return unicodedata.normalize("NFKC", password)
