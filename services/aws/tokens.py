"""The table of API tokens."""

from typing import TYPE_CHECKING

from services.aws.errors import translated
from services.aws.items import attribute, from_item, to_item
from services.contracts.domain import IssuedToken

if TYPE_CHECKING:
    from services.aws.connection import Aws


class TokenStore:
    """API tokens by id; of each its hash, never itself."""

    def __init__(self, aws: "Aws") -> None:
        self._dynamodb = aws.dynamodb
        self._table = aws.outputs.tokens_table_name

    def add(self, token: IssuedToken) -> None:
        """Write down a token that was issued.

        Raises
        ------
        AwsError
            If the table cannot be written, or has another token with this id.
        """
        with translated(f"issuing token {token.token_id}"):
            self._dynamodb.put_item(
                TableName=self._table,
                Item=to_item(token),
                ConditionExpression="attribute_not_exists(token_id)",
            )

    def get(self, token_id: str) -> IssuedToken | None:
        """Look a token up; None if it was never issued or is revoked.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        with translated(f"reading token {token_id}"):
            answer = self._dynamodb.get_item(
                TableName=self._table, Key={"token_id": attribute(token_id)}, ConsistentRead=True
            )
        item = answer.get("Item")
        return from_item(IssuedToken, item) if item else None

    def list(self) -> list[IssuedToken]:
        """List all tokens, the oldest first.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=self._table, ConsistentRead=True)
        with translated("listing tokens"):
            tokens = [from_item(IssuedToken, item) for page in pages for item in page["Items"]]
        return sorted(tokens, key=lambda token: token.created_at)

    def revoke(self, token_id: str) -> bool:
        """Take a token's rights away.

        Returns
        -------
        bool
            Whether there was such a token.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        with translated(f"revoking token {token_id}"):
            answer = self._dynamodb.delete_item(
                TableName=self._table, Key={"token_id": attribute(token_id)}, ReturnValues="ALL_OLD"
            )
        return "Attributes" in answer
