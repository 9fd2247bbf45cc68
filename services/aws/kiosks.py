"""The table of kiosks: registered, paired, moved and revoked, each change in one write to one item."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from services.aws.errors import translated
from services.aws.items import attribute, from_item, sortable, to_item
from services.aws.updates import update_where
from services.contracts.kiosks import Kiosk
from services.contracts.tokens import KioskToken

if TYPE_CHECKING:
    from services.aws.connection import Aws

#: Kiosks whose pairing code works, or has worked a while ago, by what is stored of it; no others.
_BY_PAIRING_CODE = "by-pairing-code"
_STANDS = "attribute_exists(kiosk_id)"
_PREVIOUS = "previous_token_sha256, previous_token_until"
_ITS_CODE = "pairing_code_digest, pairing_code_until"


class KioskUnknown(Exception):
    """There is no such kiosk, or there is not any more."""

    def __init__(self, kiosk_id: str) -> None:
        super().__init__(f"there is no kiosk {kiosk_id}")


class KioskChanged(Exception):
    """Somebody else changed the kiosk meanwhile."""


class KioskStore:
    """Kiosks by id."""

    def __init__(self, aws: "Aws") -> None:
        self._dynamodb = aws.dynamodb
        self._table = aws.outputs.kiosks_table_name

    def put(self, kiosk: Kiosk) -> None:
        """Register a kiosk, or put another record in its place; a pairing code that it had ends.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        with translated(f"registering kiosk {kiosk.kiosk_id}"):
            self._dynamodb.put_item(TableName=self._table, Item=to_item(kiosk))

    def add(self, kiosk: Kiosk) -> bool:
        """Register a kiosk unless the id is taken.

        Returns
        -------
        bool
            Whether it was registered.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        with translated(f"registering kiosk {kiosk.kiosk_id}"):
            try:
                self._dynamodb.put_item(
                    TableName=self._table,
                    Item=to_item(kiosk),
                    ConditionExpression="attribute_not_exists(kiosk_id)",
                )
            except self._dynamodb.exceptions.ConditionalCheckFailedException:
                return False
        return True

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

    def page(self, position: str | None, limit: int) -> tuple[list[Kiosk], str | None]:
        """List some kiosks, in no particular order.

        Parameters
        ----------
        position : str, optional
            Where the list goes on.

        Returns
        -------
        list of Kiosk
        str or None
            The position of the rest; None at the end.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        start: Any = {"ExclusiveStartKey": {"kiosk_id": attribute(position)}} if position else {}
        with translated("listing kiosks"):
            answer = self._dynamodb.scan(TableName=self._table, Limit=limit, ConsistentRead=True, **start)
        last: Any = answer.get("LastEvaluatedKey")
        kiosks = [from_item(Kiosk, item) for item in answer["Items"]]
        return kiosks, last["kiosk_id"]["S"] if last else None

    def all(self) -> list[Kiosk]:
        """List all kiosks by their ids.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=self._table, ConsistentRead=True)
        with translated("listing kiosks"):
            kiosks = [from_item(Kiosk, item) for page in pages for item in page["Items"]]
        return sorted(kiosks, key=lambda kiosk: kiosk.kiosk_id)

    def change(self, kiosk: Kiosk, fields: Mapping[str, Any]) -> Kiosk:
        """Change name, door or signing of a kiosk that nobody changed since it was read.

        Raises
        ------
        KioskUnknown, KioskChanged
            If it is not as it was read.
        AwsError
            If the table cannot be written.
        """
        changed = kiosk.model_copy(update={**fields, "version": kiosk.version + 1})
        kept = {name: value for name, value in fields.items() if value is not None}
        removed = sorted(fields.keys() - kept.keys())
        assignments = ", ".join(f"#{name} = :{name}" for name in (*sorted(kept), "version"))
        removals = f" REMOVE {', '.join(f'#{name}' for name in removed)}" if removed else ""
        values = {f":{name}": attribute(value) for name, value in kept.items()}
        values |= {":version": attribute(changed.version), ":seen": attribute(kiosk.version)}
        # kiosks registered before there were versions have none
        unseen = " OR attribute_not_exists(#version)" if kiosk.version == 1 else ""
        condition = f"{_STANDS} AND (#version = :seen{unseen})"
        if self._update(kiosk.kiosk_id, condition, f"SET {assignments}{removals}", values):
            return changed
        if self.get(kiosk.kiosk_id) is None:
            raise KioskUnknown(kiosk.kiosk_id)
        raise KioskChanged

    def remove(self, kiosk_id: str) -> bool:
        """Remove a kiosk, and with it its token and code.

        Returns
        -------
        bool
            Whether there was one.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        with translated(f"removing kiosk {kiosk_id}"):
            answer = self._dynamodb.delete_item(
                TableName=self._table, Key={"kiosk_id": attribute(kiosk_id)}, ReturnValues="ALL_OLD"
            )
        return "Attributes" in answer

    def revoke(self, kiosk_id: str) -> bool:
        """End a kiosk's tokens and its pairing code; it stays registered.

        Returns
        -------
        bool
            Whether there is such a kiosk.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        expression = f"REMOVE token_sha256, paired_at, {_PREVIOUS}, {_ITS_CODE}"
        return self._update(kiosk_id, _STANDS, expression, {})

    def offer(self, kiosk_id: str, code_digest: str, until: datetime) -> bool:
        """Let a kiosk be paired with a code; one that it was offered before ends, its token does not.

        Parameters
        ----------
        code_digest : str
            What is stored of the code.

        Returns
        -------
        bool
            Whether there is such a kiosk.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        values = {":digest": attribute(code_digest), ":until": attribute(sortable(until))}
        expression = "SET pairing_code_digest = :digest, pairing_code_until = :until"
        return self._update(kiosk_id, _STANDS, expression, values)

    def offered(self, code_digest: str) -> str | None:
        """Find the kiosk that a code was made for.

        Returns
        -------
        str or None
            Its id; None if the code was never made, was used, or another was made since.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        with translated("looking a pairing code up"):
            answer = self._dynamodb.query(
                TableName=self._table,
                IndexName=_BY_PAIRING_CODE,
                KeyConditionExpression="pairing_code_digest = :digest",
                ExpressionAttributeValues={":digest": attribute(code_digest)},
            )
        found: Any = answer["Items"]
        return found[0]["kiosk_id"]["S"] if found else None

    def pair(self, token: KioskToken, code_digest: str, now: datetime) -> bool:
        """Give a kiosk its token in exchange for its code; from then on the one that it had is nothing.

        Returns
        -------
        bool
            False if the code does not work any more.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        values = {
            ":digest": attribute(code_digest),
            ":now": attribute(sortable(now)),
            ":token": attribute(token.sha256),
        }
        return self._update(
            token.kiosk_id,
            "pairing_code_digest = :digest AND pairing_code_until > :now",
            f"SET token_sha256 = :token, paired_at = :now REMOVE {_PREVIOUS}, {_ITS_CODE}",
            values,
        )

    def rotate(self, kiosk: Kiosk, shown: KioskToken, token: KioskToken, shown_until: datetime) -> bool:
        """Give a kiosk a new token; the one that it shows works until then.

        Parameters
        ----------
        kiosk : Kiosk
            As it was read; `shown` is one of its tokens.

        Returns
        -------
        bool
            False if its token was changed or revoked meanwhile.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        values = {
            ":seen": attribute(kiosk.token_sha256),
            ":token": attribute(token.sha256),
            ":shown": attribute(shown.sha256),
            ":until": attribute(sortable(shown_until)),
        }
        return self._update(
            kiosk.kiosk_id,
            "token_sha256 = :seen",
            "SET token_sha256 = :token, previous_token_sha256 = :shown, previous_token_until = :until",
            values,
        )

    def note_contact(self, kiosk_id: str, at: datetime, clock_skew: float | None) -> bool:
        """Write down when a kiosk showed its token.

        Returns
        -------
        bool
            Whether there is such a kiosk.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        values = {":at": attribute(sortable(at))}
        if clock_skew is None:
            return self._update(kiosk_id, _STANDS, "SET last_contact_at = :at REMOVE clock_skew", values)
        values[":skew"] = attribute(clock_skew)
        return self._update(kiosk_id, _STANDS, "SET last_contact_at = :at, clock_skew = :skew", values)

    def _update(self, kiosk_id: str, condition: str, expression: str, values: dict[str, Any]) -> bool:
        with translated(f"changing kiosk {kiosk_id}"):
            return update_where(
                self._dynamodb,
                self._table,
                {"kiosk_id": attribute(kiosk_id)},
                condition=condition,
                expression=expression,
                values=values,
            )
