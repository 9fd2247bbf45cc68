"""The table of batches."""

from typing import TYPE_CHECKING

from services.aws.errors import translated
from services.aws.items import attribute, from_item
from services.contracts.domain import Batch

if TYPE_CHECKING:
    from services.aws.connection import Aws


class BatchStore:
    """Batches by id; their enrollments carry the id."""

    def __init__(self, aws: "Aws") -> None:
        self._dynamodb = aws.dynamodb
        self._table = aws.outputs.batches_table_name

    def announce(self, batch: Batch) -> None:
        """Note that a batch is submitted; one that is submitted again keeps its birth.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        with translated(f"announcing batch {batch.batch_id}"):
            self._dynamodb.update_item(
                TableName=self._table,
                Key={"batch_id": attribute(batch.batch_id)},
                UpdateExpression=(
                    "SET #name = :name, photos = :photos, created_at = if_not_exists(created_at, :created)"
                ),
                ExpressionAttributeNames={"#name": "name"},
                ExpressionAttributeValues={
                    ":name": attribute(batch.name),
                    ":photos": attribute(batch.photos),
                    ":created": attribute(batch.created_at.isoformat()),
                },
            )

    def get(self, batch_id: str) -> Batch | None:
        """Look a batch up.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        with translated(f"reading batch {batch_id}"):
            answer = self._dynamodb.get_item(
                TableName=self._table, Key={"batch_id": attribute(batch_id)}, ConsistentRead=True
            )
        item = answer.get("Item")
        return from_item(Batch, item) if item else None
