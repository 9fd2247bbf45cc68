"""The table of decisions: each written once."""

from datetime import timedelta
from typing import TYPE_CHECKING

from services.aws.errors import translated
from services.aws.items import attribute, from_item, to_item
from services.contracts.domain import Decision

if TYPE_CHECKING:
    from services.aws.connection import Aws

_EXPIRY = "expires_at"


class DecisionStore:
    """Decisions by recognition id."""

    def __init__(self, aws: "Aws", retention: timedelta = timedelta(days=90)) -> None:
        self._dynamodb = aws.dynamodb
        self._table = aws.outputs.decisions_table_name
        self._retention = retention

    def record(self, decision: Decision) -> bool:
        """Write the decision unless there is one already; the first one stands.

        Returns
        -------
        bool
            Whether it was written by this call. Only then may a door act on it.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        item = to_item(decision)
        item[_EXPIRY] = attribute(int((decision.decided_at + self._retention).timestamp()))
        with translated(f"recording the decision on {decision.recognition_id}"):
            try:
                self._dynamodb.put_item(
                    TableName=self._table,
                    Item=item,
                    ConditionExpression="attribute_not_exists(recognition_id)",
                )
            except self._dynamodb.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def get(self, recognition_id: str) -> Decision | None:
        """Look a decision up.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        with translated(f"reading the decision on {recognition_id}"):
            answer = self._dynamodb.get_item(
                TableName=self._table,
                Key={"recognition_id": attribute(recognition_id)},
                ConsistentRead=True,
            )
        item = answer.get("Item")
        return from_item(Decision, item) if item else None
