"""What the audit trail is made of: records in chains, and a seal for every day."""

from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue


class AuditKind(StrEnum):
    """What a record is about."""

    #: A recognition was decided.
    DECISION = "decision"
    #: Somebody is about to change something.
    ACTION = "action"
    #: Somebody is about to see a photo, everything about a person, or the trail itself.
    LOOK = "look"
    #: What became of an action or a look.
    OUTCOME = "outcome"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class AuditEntry(_Part):
    """What is to be recorded.

    Attributes
    ----------
    actor : str
        Who: ``operator ada``, ``token 3f9a…``, ``kiosk lobby``, ``cli root``.
    what : str
        ``recognition``; a method and route, ``DELETE /v1/people/<person_id>``; or a command.
    target : str, optional
        Of a decision the recognition's id; of an outcome the place of the record that it follows.
    outcome : str, optional
        ``granted``, ``denied``, an HTTP status, ``done`` or ``failed``; None of what has only begun.
    details : dict
        What else there is to know and names no person who was enrolled.
    personal : dict of str to str
        What names a person who was enrolled: erased with them, while the record stays.
    """

    kind: AuditKind
    actor: str
    what: str
    target: str | None = None
    outcome: str | None = None
    details: dict[str, JsonValue] = {}
    personal: dict[str, str] = {}


class AuditRecord(_Part):
    """A record of a chain, as its text has it; the text is what is hashed.

    Attributes
    ----------
    chain : str
        ``<day>/<writer>-<random>``: each process that writes has a chain of its own each day.
    seq : int
        From 1, without gaps.
    at : datetime
        When it was written, by the writer's clock; never before the one before it in its chain.
    personal_sha256 : str, optional
        Of the personal part, which lies beside the text and has a random salt.
    previous : str
        The hash of the record before it, of the chain's opening for the first.
    """

    version: Literal[1] = 1
    chain: str
    seq: int = Field(ge=1)
    at: AwareDatetime
    kind: AuditKind
    actor: str
    what: str
    target: str | None = None
    outcome: str | None = None
    details: dict[str, JsonValue] = {}
    personal_sha256: str | None = None
    previous: str


class Head(_Part):
    """The end of a chain: how many records it has, and the last one's hash."""

    chain: str
    seq: int = Field(ge=0)
    hash: str


class ChainOpening(_Part):
    """What a chain begins with; its hash is what the first record calls the previous one.

    Attributes
    ----------
    expires_on : date
        When the chain's records leave, all at once.
    follows : Head, optional
        Where the same process's chain before this one ended, as far as it knows: after midnight, or because
        AWS left it unsaid whether the last records were written. Those may be there or not.
    """

    version: Literal[1] = 1
    chain: str
    day: date
    writer: str
    opened_at: AwareDatetime
    expires_on: date
    follows: Head | None = None


class Seal(_Part):
    """What a day's chains were when the day was over; kept when its records have left.

    Attributes
    ----------
    part, parts : int
        A day of very many chains has several seals, from 1.
    chains : tuple of Head
        Every chain of the day, sorted by name.
    expires_on : date
        When the last of the day's records leave; the day itself if there are none.
    previous : str
        The hash of the seal before; `NO_SEAL` for the very first.
    """

    version: Literal[1] = 1
    day: date
    part: int = Field(default=1, ge=1)
    parts: int = Field(default=1, ge=1)
    chains: tuple[Head, ...]
    expires_on: date
    previous: str


#: What the first seal calls the seal before it.
NO_SEAL = "0" * 64


def hash_of(text: str) -> str:
    """Hash a record's, an opening's, a seal's or a personal part's text: SHA-256, 64 hexadecimal digits."""
    return sha256(text.encode()).hexdigest()
