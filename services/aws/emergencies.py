"""Emergencies and what became of them, in the table of access control."""

from typing import TYPE_CHECKING, Any

from services.aws.errors import translated
from services.aws.items import attribute, from_item, to_item
from services.contracts.emergencies import Emergency

if TYPE_CHECKING:
    from services.aws.connection import Aws

_KIND = "emergency"


class EmergencyStore:
    """Emergencies by id; their ids carry the time, so they are in its order."""

    def __init__(self, aws: "Aws") -> None:
        self._dynamodb = aws.dynamodb
        self._table = aws.outputs.access_table_name

    def add(self, emergency: Emergency) -> bool:
        """Write an emergency down unless that was done before.

        Returns
        -------
        bool
            Whether it was written by this call.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        with translated(f"recording emergency {emergency.emergency_id}"):
            try:
                self._dynamodb.put_item(
                    TableName=self._table,
                    Item=to_item(emergency) | _key(emergency.emergency_id),
                    ConditionExpression="attribute_not_exists(id)",
                )
            except self._dynamodb.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def save(self, emergency: Emergency) -> None:
        """Write down how far it is.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        with translated(f"recording emergency {emergency.emergency_id}"):
            self._dynamodb.put_item(
                TableName=self._table, Item=to_item(emergency) | _key(emergency.emergency_id)
            )

    def get(self, emergency_id: str) -> Emergency | None:
        """Look one up.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        with translated(f"reading emergency {emergency_id}"):
            answer = self._dynamodb.get_item(
                TableName=self._table, Key=_key(emergency_id), ConsistentRead=True
            )
        item = answer.get("Item")
        return from_item(Emergency, item) if item else None

    def page(self, position: str | None, limit: int) -> tuple[list[Emergency], str | None]:
        """List some, the newest first, from a position on; with the position of the rest.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        start: Any = {"ExclusiveStartKey": _key(position)} if position else {}
        with translated("listing emergencies"):
            answer = self._dynamodb.query(
                TableName=self._table,
                KeyConditionExpression="kind = :kind",
                ExpressionAttributeValues={":kind": attribute(_KIND)},
                ScanIndexForward=False,
                ConsistentRead=True,
                Limit=limit,
                **start,
            )
        last: Any = answer.get("LastEvaluatedKey")
        return [from_item(Emergency, item) for item in answer["Items"]], last["id"]["S"] if last else None


def _key(emergency_id: str) -> dict[str, Any]:
    return {"kind": attribute(_KIND), "id": attribute(emergency_id)}
