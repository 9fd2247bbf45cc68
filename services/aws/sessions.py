"""The table of operators' sessions."""

from typing import TYPE_CHECKING, Any

from services.aws.errors import translated
from services.aws.items import attribute, from_item, to_item
from services.aws.updates import update_where
from services.contracts.sessions import Session, SessionTimes

if TYPE_CHECKING:
    from services.aws.connection import Aws

#: The attribute by which DynamoDB removes a session some time after it ended.
_EXPIRY = "expires_at"


class SessionStore:
    """Sessions by the hash of their token.

    Parameters
    ----------
    times : SessionTimes
        When sessions may leave the table; whoever reads one tells whether it counts.
    """

    def __init__(self, aws: "Aws", times: SessionTimes) -> None:
        self._dynamodb = aws.dynamodb
        self._table = aws.outputs.sessions_table_name
        self._times = times

    def add(self, session: Session) -> None:
        """Write a session down that has begun.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        item = to_item(session) | {_EXPIRY: self._expiry(session)}
        with translated("beginning a session"):
            self._dynamodb.put_item(TableName=self._table, Item=item)

    def get(self, session_sha256: str) -> Session | None:
        """Look a session up.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        with translated("reading a session"):
            answer = self._dynamodb.get_item(
                TableName=self._table, Key=_key(session_sha256), ConsistentRead=True
            )
        item = answer.get("Item")
        return from_item(Session, item) if item else None

    def note_seen(self, session: Session) -> None:
        """Note when a session was seen last, unless it was ended.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        with translated("continuing a session"):
            update_where(
                self._dynamodb,
                self._table,
                _key(session.session_sha256),
                condition="attribute_exists(session_sha256)",
                expression=f"SET seen_at = :seen, {_EXPIRY} = :expiry",
                values={":seen": to_item(session)["seen_at"], ":expiry": self._expiry(session)},
            )

    def end(self, session_sha256: str) -> None:
        """End a session.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        with translated("ending a session"):
            self._dynamodb.delete_item(TableName=self._table, Key=_key(session_sha256))

    def _expiry(self, session: Session) -> Any:
        return attribute(int(session.ends_at(self._times).timestamp()) + 1)


def _key(session_sha256: str) -> dict[str, Any]:
    return {"session_sha256": attribute(session_sha256)}
