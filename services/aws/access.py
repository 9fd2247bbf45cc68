"""The table of access control: zones, doors, rules, holidays, lockdowns, and the state all hang on."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from botocore.exceptions import ClientError

from services.access.changes import Change, Put, configuration_of
from services.aws.errors import AwsUnavailable, cancellation_reasons, translated
from services.aws.items import attribute, from_item, to_item
from services.aws.patience import patiently
from services.contracts.access import (
    AccessConfiguration,
    AccessKind,
    AccessRecord,
    AccessState,
    Door,
    HolidayCalendar,
    Lockdown,
    Locked,
    Rule,
    Zone,
    id_of,
    kind_of,
)

if TYPE_CHECKING:
    from services.aws.connection import Aws

_STATE, _LOCKDOWN = "state", "lockdown"
#: Of the item that every decision reads.
STATE_KEY: dict[str, Any] = {"kind": attribute(_STATE), "id": attribute(_STATE)}
_MODELS: dict[AccessKind, type[AccessRecord]] = {
    AccessKind.ZONE: Zone,
    AccessKind.DOOR: Door,
    AccessKind.RULE: Rule,
    AccessKind.HOLIDAYS: HolidayCalendar,
}
_SITE = "site"
_LOCKED_SETS = {Locked.ZONE: "locked_zones", Locked.DOOR: "locked_doors"}
_REFUSED = "ConditionalCheckFailed"
#: How often the configuration is read anew because it was changed meanwhile.
_READINGS = 10
#: DynamoDB cancels one of two transactions at once; a lockdown must not fail because a rule is changed.
_CONFLICT_PATIENCE_SECONDS = 5.0


def state_from_item(item: dict[str, Any] | None) -> AccessState:
    """Read the state's item; where there is none nothing was ever configured, and nobody passes."""
    if item is None:
        return AccessState()
    return AccessState(
        version=int(item["version"]["N"]) if "version" in item else 0,
        site_locked=item.get("site_locked", {}).get("BOOL", False),
        locked_zones=frozenset(item.get("locked_zones", {}).get("SS", ())),
        locked_doors=frozenset(item.get("locked_doors", {}).get("SS", ())),
    )


class AccessStore:
    """The configuration of access control; each change counts its version up in the same transaction."""

    def __init__(self, aws: "Aws") -> None:
        self._dynamodb = aws.dynamodb
        self._table = aws.outputs.access_table_name

    def state(self) -> AccessState:
        """Read the configuration's version, and what is locked.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        with translated("reading the state of access control"):
            answer = self._dynamodb.get_item(TableName=self._table, Key=STATE_KEY, ConsistentRead=True)
        return state_from_item(answer.get("Item"))

    def load(self) -> AccessConfiguration:
        """Read all zones, doors, rules and holidays as they were at one version.

        Raises
        ------
        AwsUnavailable
            If they were changed during each of several readings.
        AwsError
            If the table cannot be asked.
        """
        for _ in range(_READINGS):
            version = self.state().version
            records = [record for kind in AccessKind for record in self._records(kind)]
            if self.state().version == version:
                return configuration_of(version, records)
        raise AwsUnavailable(f"zones, doors and rules were changed during each of {_READINGS} readings")

    def write(self, changes: Sequence[Change], version: int) -> bool:
        """Make changes, all or none.

        Parameters
        ----------
        changes : sequence of Change
            At most 99.
        version : int
            Of the configuration that they were made for.

        Returns
        -------
        bool
            False if the configuration has another version by now; nothing is changed then.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        same = "version = :read" if version else "attribute_not_exists(version)"
        values = {":one": attribute(1)} | ({":read": attribute(version)} if version else {})
        counted = {
            "Update": {
                "TableName": self._table,
                "Key": STATE_KEY,
                "UpdateExpression": "ADD version :one",
                "ConditionExpression": same,
                "ExpressionAttributeValues": values,
            }
        }
        return self._transact("changing access control", [counted, *map(self._write_of, changes)])

    def lock(self, lockdown: Lockdown) -> bool:
        """Lock, from the next decision on.

        Returns
        -------
        bool
            False if there is no such door or zone.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        item = to_item(lockdown) | _lockdown_key(lockdown.target, lockdown.target_id)
        writes: list[Any] = [
            self._locking(lockdown.target, lockdown.target_id, locked=True),
            {"Put": {"TableName": self._table, "Item": item}},
        ]
        if lockdown.target_id is not None:
            there = {
                "TableName": self._table,
                "Key": _key(lockdown.target.value, lockdown.target_id),
                "ConditionExpression": "attribute_exists(id)",
            }
            writes.append({"ConditionCheck": there})
        return self._transact("locking", writes)

    def unlock(self, target: Locked, target_id: str | None) -> bool:
        """End a lockdown; the rules decide again, from the next decision on.

        Returns
        -------
        bool
            False if there was none.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        gone = {
            "TableName": self._table,
            "Key": _lockdown_key(target, target_id),
            "ConditionExpression": "attribute_exists(id)",
        }
        writes = [self._locking(target, target_id, locked=False), {"Delete": gone}]
        return self._transact("ending a lockdown", writes)

    def lockdowns(self) -> list[Lockdown]:
        """List the lockdowns that stand.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        return [from_item(Lockdown, item) for item in self._query(_LOCKDOWN)]

    def _records(self, kind: AccessKind) -> Iterable[AccessRecord]:
        model = _MODELS[kind]
        return [from_item(model, item) for item in self._query(kind.value)]

    def _query(self, kind: str) -> list[dict[str, Any]]:
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="kind = :kind",
            ExpressionAttributeValues={":kind": attribute(kind)},
            ConsistentRead=True,
        )
        with translated(f"listing each {kind}"):
            return [item for page in pages for item in page["Items"]]

    def _write_of(self, change: Change) -> dict[str, Any]:
        if isinstance(change, Put):
            key = _key(kind_of(change.record).value, id_of(change.record))
            return {"Put": {"TableName": self._table, "Item": to_item(change.record) | key}}
        return {"Delete": {"TableName": self._table, "Key": _key(change.kind.value, change.record_id)}}

    def _locking(self, target: Locked, target_id: str | None, *, locked: bool) -> dict[str, Any]:
        update: dict[str, Any] = {"TableName": self._table, "Key": STATE_KEY}
        if target is Locked.SITE:
            update["UpdateExpression"] = "SET site_locked = :value"
            update["ExpressionAttributeValues"] = {":value": attribute(locked)}
        else:
            update["UpdateExpression"] = f"{'ADD' if locked else 'DELETE'} {_LOCKED_SETS[target]} :value"
            update["ExpressionAttributeValues"] = {":value": attribute({target_id})}
        return {"Update": update}

    def _transact(self, action: str, writes: list[Any]) -> bool:
        """Write all or nothing; False if a condition does not hold."""
        # done again because no answer came, it is done once
        return self._transact_once(action, writes, token=str(uuid4()))

    @patiently(_CONFLICT_PATIENCE_SECONDS)
    def _transact_once(self, action: str, writes: list[Any], *, token: str) -> bool:
        with translated(action):
            try:
                self._dynamodb.transact_write_items(TransactItems=writes, ClientRequestToken=token)
            except ClientError as error:
                if _REFUSED in cancellation_reasons(error):
                    return False
                raise
        return True


def _key(kind: str, record_id: str) -> dict[str, Any]:
    return {"kind": attribute(kind), "id": attribute(record_id)}


def _lockdown_key(target: Locked, target_id: str | None) -> dict[str, Any]:
    return _key(_LOCKDOWN, _SITE if target_id is None else f"{target.value} {target_id}")
