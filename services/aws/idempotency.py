"""The table of requests with an ``Idempotency-Key``: one made again finds its recognition or person here."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.aws.errors import translated
from services.aws.items import attribute, from_item, to_item
from services.aws.updates import update_where

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

    from services.aws.connection import Aws

_EXPIRY = "expires_at"
#: A kiosk that was cut off for hours and then sends what it has kept must not have an old frame decided anew.
_RETENTION = timedelta(hours=24)


class KeyedRequest(BaseModel):
    """What a kiosk asked for under an ``Idempotency-Key``.

    Attributes
    ----------
    request_id : str
        Stands for kiosk and key: 64 hexadecimal digits. The key itself is not kept, it may be a secret.
    frames_sha256 : str
        By which the frames are known again: 64 hexadecimal digits.
    held_until : datetime
        Until then whoever wrote this is queuing the job, and nobody else does.
    queued : bool
        Whether the job is known to be queued.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    request_id: str
    recognition_id: str
    frames_sha256: str
    received_at: AwareDatetime
    held_until: AwareDatetime
    queued: bool = False

    @staticmethod
    def id_of(kiosk_id: str, key: str) -> str:
        """Derive the id from a kiosk and the key that it chose; two kiosks may choose the same."""
        return _id_of([kiosk_id, key])

    def held_on(self, until: datetime) -> Self:
        """Make the same request, held until another time."""
        return self.model_copy(update={"held_until": until})


class KeyedCreation(BaseModel):
    """A person whom a program had created under an ``Idempotency-Key``.

    Attributes
    ----------
    request_id : str
        Stands for program and key, as a kiosk's request does for kiosk and key.
    body_sha256 : str
        By which the request's body is known again: 64 hexadecimal digits.
    created : bool
        Whether the person is known to be written: whoever is gone since was deleted.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    request_id: str
    person_id: str
    body_sha256: str
    received_at: AwareDatetime
    created: bool = False

    @staticmethod
    def id_of(requested_by: str, key: str) -> str:
        """Derive the id from a program or operator and the key that they chose; no kiosk's request has it."""
        return _id_of(["person", requested_by, key])


def _id_of(parts: list[str]) -> str:
    return sha256(json.dumps(parts).encode()).hexdigest()


_Keyed = TypeVar("_Keyed", KeyedRequest, KeyedCreation)


def _registered(dynamodb: "DynamoDBClient", table: str, request: _Keyed) -> _Keyed:
    """Write a request down unless it was made before; return the one that stands."""
    item = to_item(request)
    item[_EXPIRY] = attribute(int((request.received_at + _RETENTION).timestamp()))
    with translated("registering a request"):
        try:
            dynamodb.put_item(
                TableName=table,
                Item=item,
                # DynamoDB may take days to remove what expired
                ConditionExpression="attribute_not_exists(request_id) OR expires_at <= :now",
                ExpressionAttributeValues={":now": attribute(int(request.received_at.timestamp()))},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except dynamodb.exceptions.ConditionalCheckFailedException as standing:
            # where botocore's types know of no item
            return from_item(type(request), cast("dict[str, Any]", standing.response)["Item"])
    return request


class CreationStore:
    """Creations of people by program and key, for a day."""

    def __init__(self, aws: "Aws") -> None:
        self._dynamodb = aws.dynamodb
        self._table = aws.outputs.requests_table_name

    def register(self, creation: KeyedCreation) -> KeyedCreation:
        """Write the request down unless it was made before.

        Returns
        -------
        KeyedCreation
            The one that stands: `creation`, or the earlier one with its id.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        return _registered(self._dynamodb, self._table, creation)

    def mark_created(self, creation: KeyedCreation) -> None:
        """Say that the person is written.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        with translated("updating a request"):
            update_where(
                self._dynamodb,
                self._table,
                {"request_id": attribute(creation.request_id)},
                condition="attribute_exists(request_id)",
                expression="SET created = :true",
                values={":true": attribute(True)},
            )


class RequestStore:
    """Requests by kiosk and key, for a day."""

    def __init__(self, aws: "Aws") -> None:
        self._dynamodb = aws.dynamodb
        self._table = aws.outputs.requests_table_name

    def register(self, request: KeyedRequest) -> KeyedRequest:
        """Write the request down unless it was made before.

        Returns
        -------
        KeyedRequest
            The one that stands: `request`, or the earlier one with its id.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        return _registered(self._dynamodb, self._table, request)

    def get(self, request_id: str) -> KeyedRequest | None:
        """Look a request up.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        with translated("reading a request"):
            answer = self._dynamodb.get_item(
                TableName=self._table, Key={"request_id": attribute(request_id)}, ConsistentRead=True
            )
        item = answer.get("Item")
        request = from_item(KeyedRequest, item) if item else None
        return request if request and datetime.now(UTC) < request.received_at + _RETENTION else None

    def hold(self, request: KeyedRequest, until: datetime) -> KeyedRequest | None:
        """Take a request over, hold it longer, or let it go by holding it until now.

        Parameters
        ----------
        request : KeyedRequest
            As it was read or written last.

        Returns
        -------
        KeyedRequest or None
            The request held until then; None if it was queued or held by another meanwhile.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        held = request.held_on(until)
        values = {
            ":seen": to_item(request)["held_until"],
            ":until": to_item(held)["held_until"],
            ":false": attribute(False),
        }
        updated = self._update(
            request.request_id, "SET held_until = :until", "held_until = :seen AND queued = :false", values
        )
        return held if updated else None

    def mark_queued(self, request: KeyedRequest) -> None:
        """Say that the job is queued.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        self._update(
            request.request_id,
            "SET queued = :true",
            "attribute_exists(request_id)",
            {":true": attribute(True)},
        )

    def _update(self, request_id: str, expression: str, condition: str, values: dict[str, Any]) -> bool:
        with translated("updating a request"):
            return update_where(
                self._dynamodb,
                self._table,
                {"request_id": attribute(request_id)},
                condition=condition,
                expression=expression,
                values=values,
            )
