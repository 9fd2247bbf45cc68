"""What doors do when somebody may pass, beside their records in the table of access control."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from services.aws.errors import translated
from services.aws.items import attribute, from_item, sortable, to_item
from services.aws.updates import update_where
from services.contracts.doors import DoorAction

if TYPE_CHECKING:
    from services.aws.connection import Aws

_KIND = "action"
_LONGEST_FAILURE = 300


class DoorActionStore:
    """Actions by door.

    A webhook's secret stands in its item: whoever may read it there could as well have KMS decrypt it, since
    both are what the services that send have to do. The table is encrypted with the stack's key.
    """

    def __init__(self, aws: "Aws") -> None:
        self._dynamodb = aws.dynamodb
        self._table = aws.outputs.access_table_name

    def get(self, door_id: str) -> DoorAction | None:
        """Look a door's action up.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        with translated(f"reading the action of door {door_id}"):
            answer = self._dynamodb.get_item(TableName=self._table, Key=_key(door_id), ConsistentRead=True)
        item = answer.get("Item")
        return from_item(DoorAction, item) if item else None

    def all(self) -> dict[str, DoorAction]:
        """Read the actions of all doors, by door.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="kind = :kind",
            ExpressionAttributeValues={":kind": attribute(_KIND)},
            ConsistentRead=True,
        )
        with translated("reading the actions of doors"):
            actions = [from_item(DoorAction, item) for page in pages for item in page["Items"]]
        return {action.door_id: action for action in actions}

    def put(self, action: DoorAction, seen: int | None) -> bool:
        """Set a door's action.

        Parameters
        ----------
        seen : int, optional
            The version that it takes the place of; None if there was none.

        Returns
        -------
        bool
            False if another was set meanwhile.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        condition: Any = (
            {"ConditionExpression": "attribute_not_exists(id)"}
            if seen is None
            else {
                "ConditionExpression": "version = :seen",
                "ExpressionAttributeValues": {":seen": attribute(seen)},
            }
        )
        with translated(f"setting the action of door {action.door_id}"):
            try:
                self._dynamodb.put_item(
                    TableName=self._table, Item=to_item(action) | _key(action.door_id), **condition
                )
            except self._dynamodb.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def remove(self, door_id: str) -> bool:
        """Have a door do nothing any more.

        Returns
        -------
        bool
            Whether it did something.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        with translated(f"removing the action of door {door_id}"):
            answer = self._dynamodb.delete_item(
                TableName=self._table, Key=_key(door_id), ReturnValues="ALL_OLD"
            )
        return "Attributes" in answer

    def note(self, door_id: str, at: datetime, problem: str | None) -> None:
        """Count an order that arrived, or one that did not and why.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        values = {":one": attribute(1), ":at": attribute(sortable(at))}
        expression = "ADD opened :one SET last_opened_at = :at"
        if problem is not None:
            expression = "ADD failed :one SET last_failed_at = :at, last_failure = :problem"
            values[":problem"] = attribute(problem[:_LONGEST_FAILURE])
        with translated(f"noting an order to door {door_id}"):
            update_where(
                self._dynamodb,
                self._table,
                _key(door_id),
                condition="attribute_exists(id)",
                expression=expression,
                values=values,
            )


def _key(door_id: str) -> dict[str, Any]:
    return {"kind": attribute(_KIND), "id": attribute(door_id)}
