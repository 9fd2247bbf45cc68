"""The nonces of signed frames, each good once at all gateways together."""

import json
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from services.aws.errors import translated
from services.aws.items import attribute

if TYPE_CHECKING:
    from services.aws.connection import Aws


class KioskNonceStore:
    """Nonces by kiosk, beside the requests with an ``Idempotency-Key``: they too are known for a while."""

    def __init__(self, aws: "Aws") -> None:
        self._dynamodb = aws.dynamodb
        self._table = aws.outputs.requests_table_name

    def use(self, kiosk_id: str, nonce: str, until: datetime) -> bool:
        """Use a nonce up.

        Parameters
        ----------
        until : datetime
            When it may be forgotten, because what was signed with it is too old then. DynamoDB may take days
            longer to forget it.

        Returns
        -------
        bool
            Whether it was not used before.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        request_id = sha256(json.dumps(["nonce", kiosk_id, nonce]).encode()).hexdigest()
        item = {
            "request_id": attribute(request_id),
            # whole seconds: rounded up, so that it is never forgotten early
            "expires_at": attribute(int(until.timestamp()) + 1),
        }
        with translated("using a nonce up"):
            try:
                self._dynamodb.put_item(
                    TableName=self._table,
                    Item=item,
                    ConditionExpression="attribute_not_exists(request_id)",
                )
            except self._dynamodb.exceptions.ConditionalCheckFailedException:
                return False
        return True
