"""The table of kiosks."""

from typing import TYPE_CHECKING

from services.aws.errors import translated
from services.aws.items import attribute, from_item, to_item
from services.contracts.kiosks import Kiosk

if TYPE_CHECKING:
    from services.aws.connection import Aws


class KioskStore:
    """Kiosks by id."""

    def __init__(self, aws: "Aws") -> None:
        self._dynamodb = aws.dynamodb
        self._table = aws.outputs.kiosks_table_name

    def put(self, kiosk: Kiosk) -> None:
        """Register a kiosk, or give a registered one its new token and door.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        with translated(f"registering kiosk {kiosk.kiosk_id}"):
            self._dynamodb.put_item(TableName=self._table, Item=to_item(kiosk))

    def get(self, kiosk_id: str) -> Kiosk | None:
        """Look a kiosk up.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        with translated(f"reading kiosk {kiosk_id}"):
            answer = self._dynamodb.get_item(
                TableName=self._table, Key={"kiosk_id": attribute(kiosk_id)}, ConsistentRead=True
            )
        item = answer.get("Item")
        return from_item(Kiosk, item) if item else None
