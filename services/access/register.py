"""Zones, doors, rules, holidays and lockdowns, as operators and programs work with them."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from services.access.changes import (
    AccessRefused,
    Change,
    Put,
    Remove,
    check,
    in_order,
    named,
    records_of,
)
from services.access.current import CurrentRules, RulesSource
from services.access.rules import CompiledRules
from services.contracts.access import (
    AccessConfiguration,
    AccessKind,
    AccessRecord,
    AccessState,
    Lockdown,
    Locked,
    id_of,
    kind_of,
)

#: Written together; DynamoDB takes 100 writes in a transaction, and the version is one.
_MOST_AT_ONCE = 90
#: How often a change is begun anew because somebody else's came first.
_ATTEMPTS = 8

Record = TypeVar("Record", bound=AccessRecord)


class AlreadyThere(AccessRefused):
    """There is a record with this id."""


class UnknownRecord(AccessRefused):
    """There is no record with this id."""


class RecordChanged(AccessRefused):
    """Somebody else changed the record meanwhile."""


class AccessStore(RulesSource, Protocol):
    """Where the configuration is kept."""

    def write(self, changes: Sequence[Change], version: int) -> bool:
        """Make changes if the configuration is at this version; False if it is not."""
        ...

    def lock(self, lockdown: Lockdown) -> bool:
        """Lock, from the next decision on; False if there is no such door or zone."""
        ...

    def unlock(self, target: Locked, target_id: str | None) -> bool:
        """End a lockdown; False if there was none."""
        ...

    def lockdowns(self) -> list[Lockdown]:
        """List the lockdowns that stand."""
        ...


class AccessRegister:
    """The configuration of access control: each change is checked against all of it, and counted."""

    def __init__(self, store: AccessStore) -> None:
        self._store = store
        self._current = CurrentRules(store)

    def rules(self) -> tuple[CompiledRules, AccessState]:
        """Tell the rules as they are now, and what is locked."""
        state = self._store.state()
        return self._current.as_of(state.version), state

    def all(self, kind: AccessKind) -> list[AccessRecord]:
        """List all records of a kind, by id."""
        records = records_of(self.rules()[0].configuration, kind)
        return [records[record_id] for record_id in sorted(records)]

    def get(self, kind: AccessKind, record_id: str) -> AccessRecord | None:
        """Look a record up."""
        return records_of(self.rules()[0].configuration, kind).get(record_id)

    def create(self, record: Record) -> Record:
        """Add a record.

        Raises
        ------
        AlreadyThere
            If there is one with this id.
        AccessRefused
            If it names what is not there, or there are too many.
        """
        kind, record_id = kind_of(record), id_of(record)
        new = record.model_copy(update={"version": 1})

        def plan(configuration: AccessConfiguration) -> list[Change]:
            if record_id in records_of(configuration, kind):
                raise AlreadyThere(f"there is a {named(kind, record_id)} already")
            return [Put(new)]

        self._change(plan)
        return new

    def update(self, record: Record) -> Record:
        """Change a record to this; its version tells which reading of it was changed.

        Returns
        -------
        Record
            As it stands now, with the next version.

        Raises
        ------
        UnknownRecord
            If there is none with this id.
        RecordChanged
            If somebody changed it since.
        AccessRefused
            If it names what is not there.
        """
        kind, record_id = kind_of(record), id_of(record)
        new = record.model_copy(update={"version": record.version + 1})

        def plan(configuration: AccessConfiguration) -> list[Change]:
            _standing(configuration, kind, record_id, record.version)
            return [Put(new)]

        self._change(plan)
        return new

    def remove(self, kind: AccessKind, record_id: str, version: int | None = None) -> AccessRecord:
        """Remove a record, if nothing names it.

        Parameters
        ----------
        version : int, optional
            The only one that may be removed; any if None.

        Returns
        -------
        AccessRecord
            As it was.

        Raises
        ------
        UnknownRecord
            If there is none with this id.
        RecordChanged
            If it has another version.
        InUse
            If something names it, or it is locked.
        """
        removed: list[AccessRecord] = []

        def plan(configuration: AccessConfiguration) -> list[Change]:
            removed[:] = [_standing(configuration, kind, record_id, version)]
            return [Remove(kind, record_id)]

        self._change(plan)
        return removed[0]

    def put_all(self, records: Sequence[AccessRecord]) -> tuple[int, int]:
        """Add and change records so that they are like these; whatever else there is stays.

        Many are written some at a time, in an order in which all of them always hold together.

        Returns
        -------
        tuple of int
            How many were added and changed.

        Raises
        ------
        AccessRefused
            If one names what is neither there nor among them, or there are too many; nothing is changed.
        """
        before = self.rules()[0].configuration
        changes = in_order(_differences(before, records))
        check(before, changes, self._store.state())
        for begin in range(0, len(changes), _MOST_AT_ONCE):
            some = [
                change.record for change in changes[begin : begin + _MOST_AT_ONCE] if isinstance(change, Put)
            ]
            self._change(lambda configuration, some=some: _differences(configuration, some))
        added = sum(change.record.version == 1 for change in changes if isinstance(change, Put))
        return added, len(changes) - added

    def lock(
        self, target: Locked, target_id: str | None, *, reason: str, locked_by: str, now: datetime
    ) -> Lockdown:
        """Lock a door, a zone or the whole site: nobody passes, from the next decision on.

        Raises
        ------
        UnknownRecord
            If there is no such door or zone.
        """
        lockdown = Lockdown(
            target=target, target_id=target_id, reason=reason, locked_by=locked_by, locked_at=now
        )
        if not self._store.lock(lockdown):
            raise UnknownRecord(f"there is no {target} {target_id}")
        return lockdown

    def unlock(self, target: Locked, target_id: str | None) -> bool:
        """End a lockdown; False if there was none."""
        return self._store.unlock(target, target_id)

    def lockdowns(self) -> list[Lockdown]:
        """List the lockdowns that stand, the site's first."""
        return sorted(
            self._store.lockdowns(),
            key=lambda lockdown: (list(Locked).index(lockdown.target), lockdown.target_id or ""),
        )

    def _change(self, plan: Callable[[AccessConfiguration], list[Change]]) -> None:
        for _ in range(_ATTEMPTS):
            rules, state = self.rules()
            changes = plan(rules.configuration)
            check(rules.configuration, changes, state)
            if not changes or self._store.write(changes, rules.version):
                return
        raise RecordChanged("others change zones, doors, rules or holidays at the same time; try again")


def _standing(
    configuration: AccessConfiguration, kind: AccessKind, record_id: str, version: int | None
) -> AccessRecord:
    standing = records_of(configuration, kind).get(record_id)
    if standing is None:
        raise UnknownRecord(f"there is no {named(kind, record_id)}")
    if version is not None and version != standing.version:
        raise RecordChanged(f"the {named(kind, record_id)} was changed meanwhile; read it again")
    return standing


def _differences(configuration: AccessConfiguration, records: Sequence[AccessRecord]) -> list[Change]:
    """Tell what to write so that records are like these; versions of what is given say nothing."""
    changes: list[Change] = []
    for record in records:
        standing = records_of(configuration, kind_of(record)).get(id_of(record))
        version = standing.version if standing else 0
        if record.model_copy(update={"version": version}) != standing:
            changes.append(Put(record.model_copy(update={"version": version + 1})))
    return changes
