"""Access control, as programs and operators work with it."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from services.access.changes import InUse, TooMany, UnknownReference, named, records_of
from services.access.explanation import Explanation, explain
from services.access.register import AccessRegister, AlreadyThere, RecordChanged, UnknownRecord
from services.contracts.access import AccessKind, AccessRecord, Lockdown, Locked
from services.contracts.domain import Person
from services.gateway.json_body import made
from services.gateway.problems import (
    ACCESS_RECORD_CHANGED,
    ACCESS_RECORD_EXISTS,
    ACCESS_RECORD_IN_USE,
    TOO_MANY_ACCESS_RECORDS,
    UNKNOWN_ACCESS_RECORD,
    UNKNOWN_PERSON,
    UNKNOWN_REFERENCE,
    Problem,
)

_LOCKABLE = {Locked.ZONE: AccessKind.ZONE, Locked.DOOR: AccessKind.DOOR}
_PROBLEMS = {
    AlreadyThere: ACCESS_RECORD_EXISTS,
    InUse: ACCESS_RECORD_IN_USE,
    RecordChanged: ACCESS_RECORD_CHANGED,
    TooMany: TOO_MANY_ACCESS_RECORDS,
    UnknownRecord: UNKNOWN_ACCESS_RECORD,
    UnknownReference: UNKNOWN_REFERENCE,
}
#: How often a change is begun anew because somebody else's came first.
_ATTEMPTS = 5

Item = TypeVar("Item")


class PeopleOnRecord(Protocol):
    """The people enrolled."""

    def get(self, person_id: str) -> Person | None:
        """Look a person up."""
        ...


@dataclass(frozen=True)
class AccessControl:
    """Zones, doors, rules, holidays and lockdowns."""

    register: AccessRegister
    people: PeopleOnRecord

    def create(self, record: AccessRecord) -> AccessRecord:
        """Add a record.

        Raises
        ------
        Problem
            If its id is taken, or it names what is not there.
        """
        with _as_problems():
            return self.register.create(record)

    def find(self, kind: AccessKind, record_id: str) -> AccessRecord:
        """Look a record up.

        Raises
        ------
        Problem
            If there is none.
        """
        record = self.register.get(kind, record_id)
        if record is None:
            raise _unknown(kind)
        return record

    def page(self, kind: AccessKind, position: str | None, limit: int) -> tuple[list[Any], str | None]:
        """List some records by id, from a position on; with the position of the rest."""
        return _page(dict(records_of(self.register.rules()[0].configuration, kind)), position, limit)

    def change(
        self, kind: AccessKind, record_id: str, fields: Mapping[str, Any], version: int | None
    ) -> AccessRecord:
        """Change a record.

        Parameters
        ----------
        version : int, optional
            The only one that may be changed; if None the change counts whatever was changed before.

        Raises
        ------
        Problem
            If there is none, it has another version, names what is not there, or does not hold together.
        """
        for attempt in range(_ATTEMPTS):
            standing = self.find(kind, record_id)
            if version is not None and version != standing.version:
                break
            changed = made(type(standing), standing.model_dump() | dict(fields))
            try:
                with _as_problems():
                    return self.register.update(changed)
            except Problem as problem:
                if problem.type is not ACCESS_RECORD_CHANGED or attempt == _ATTEMPTS - 1:
                    raise
        raise Problem(ACCESS_RECORD_CHANGED, f"The {_word(kind)} was changed meanwhile. Read it again.")

    def remove(self, kind: AccessKind, record_id: str, version: int | None) -> None:
        """Remove a record.

        Raises
        ------
        Problem
            If there is none, it has another version, is locked, or something names it.
        """
        with _as_problems():
            self.register.remove(kind, record_id, version)

    def lock(self, target: Locked, target_id: str | None, reason: str, locked_by: str) -> Lockdown:
        """Lock; nobody passes, from the next decision on.

        Raises
        ------
        Problem
            If there is no such door or zone.
        """
        if target_id is not None:
            self.find(_LOCKABLE[target], target_id)
        with _as_problems():
            return self.register.lock(
                target, target_id, reason=reason, locked_by=locked_by, now=datetime.now(UTC)
            )

    def unlock(self, target: Locked, target_id: str | None) -> None:
        """End a lockdown, if there is one.

        Raises
        ------
        Problem
            If there is no such door or zone.
        """
        if target_id is not None:
            self.find(_LOCKABLE[target], target_id)
        self.register.unlock(target, target_id)

    def lockdowns(self, position: str | None, limit: int) -> tuple[list[Lockdown], str | None]:
        """List some lockdowns that stand, from a position on; with the position of the rest."""
        standing = {f"{one.target} {one.target_id or ''}": one for one in self.register.lockdowns()}
        return _page(standing, position, limit)

    def explain(self, person_id: str, door_id: str, at: datetime) -> Explanation:
        """Tell whether a person may pass a door at a moment, and why.

        Raises
        ------
        Problem
            If there is no such person or door.
        """
        person = self.people.get(person_id)
        if person is None:
            raise Problem(UNKNOWN_PERSON, "No person has this id. Find them with GET /v1/people.")
        rules, state = self.register.rules()
        if rules.door(door_id) is None:
            raise _unknown(AccessKind.DOOR)
        return explain(person, door_id, at, rules, state)


@contextmanager
def _as_problems() -> Generator[None]:
    try:
        yield
    except tuple(_PROBLEMS) as refused:
        told = str(refused)
        raise Problem(_PROBLEMS[type(refused)], f"{told[0].upper()}{told[1:]}.") from refused


def _page(items: Mapping[str, Item], position: str | None, limit: int) -> tuple[list[Item], str | None]:
    ids = [item_id for item_id in sorted(items) if position is None or item_id > position]
    following = ids[limit - 1] if len(ids) > limit else None
    return [items[item_id] for item_id in ids[:limit]], following


def _unknown(kind: AccessKind) -> Problem:
    return Problem(UNKNOWN_ACCESS_RECORD, f"There is no {_word(kind)} with this id.")


def _word(kind: AccessKind) -> str:
    return named(kind, "").strip()
