"""The last check for drift, in the table of figures: there is one at a time."""

from typing import TYPE_CHECKING, Any

from services.aws.errors import translated
from services.aws.items import attribute, from_item, to_item
from services.contracts.drift_checks import DriftCheck

if TYPE_CHECKING:
    from services.aws.connection import Aws

_KEY = {"series": attribute("drift-check"), "slot": attribute("latest")}


class DriftCheckStore:
    """Keeps the last one."""

    def __init__(self, aws: "Aws") -> None:
        self._dynamodb = aws.dynamodb
        self._table = aws.outputs.operations_table_name

    def latest(self) -> DriftCheck | None:
        """Read it.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        with translated("reading the last check for drift"):
            answer = self._dynamodb.query(
                TableName=self._table,
                KeyConditionExpression="series = :series AND slot = :slot",
                ExpressionAttributeValues={":series": _KEY["series"], ":slot": _KEY["slot"]},
                ConsistentRead=True,
            )
        return from_item(DriftCheck, answer["Items"][0]) if answer["Items"] else None

    def replace(self, before: DriftCheck | None, check: DriftCheck) -> bool:
        """Write it in the place of the one that was read, or of the same one as it was before.

        Returns
        -------
        bool
            False if another one stands there by now.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        condition: dict[str, Any] = (
            {"ConditionExpression": "attribute_not_exists(slot)"}
            if before is None
            else {
                "ConditionExpression": "check_id = :before",
                "ExpressionAttributeValues": {":before": attribute(before.check_id)},
            }
        )
        with translated("noting how far the check for drift is"):
            try:
                self._dynamodb.put_item(TableName=self._table, Item=to_item(check) | _KEY, **condition)
            except self._dynamodb.exceptions.ConditionalCheckFailedException:
                return False
        return True
