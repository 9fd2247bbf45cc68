"""The table of decisions: each written once."""

from collections.abc import Collection, Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from services.audit.decisions import decision_entry
from services.audit.trail import StandingDecision
from services.aws.audit import AuditLog
from services.aws.errors import AwsUnavailable, translated
from services.aws.items import attribute, from_item, to_item
from services.contracts.domain import Decision

if TYPE_CHECKING:
    from services.aws.connection import Aws

_EXPIRY = "expires_at"
#: BatchGetItem's own limit.
_MOST_KEYS = 100


class DecisionStore:
    """Decisions by recognition id.

    Parameters
    ----------
    audit : AuditLog, optional
        The trail, in which every decision is recorded with the same call; this process's own as a recognize
        worker's if not given.
    """

    def __init__(
        self, aws: "Aws", retention: timedelta = timedelta(days=90), *, audit: AuditLog | None = None
    ) -> None:
        self._dynamodb = aws.dynamodb
        self._table = aws.outputs.decisions_table_name
        self._retention = retention
        self._audit = audit or AuditLog(aws, "recognize")

    def record(self, decision: Decision) -> bool:
        """Write the decision and its record in the audit trail, unless there is one already.

        The first one stands; decision and record are written both or neither.

        Returns
        -------
        bool
            Whether it was written by this call. Only then may a door act on it.

        Raises
        ------
        AwsError
            If the tables cannot be written, or it is not known whether they were.
        """
        item = to_item(decision)
        item[_EXPIRY] = attribute(int((decision.decided_at + self._retention).timestamp()))
        put = {
            "TableName": self._table,
            "Item": item,
            "ConditionExpression": "attribute_not_exists(recognition_id)",
        }
        return self._audit.record_beside(decision_entry(decision), put)

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

    @property
    def retention(self) -> timedelta:
        """How long decisions are kept."""
        return self._retention

    def standing(self, recognition_ids: Collection[str]) -> dict[str, StandingDecision]:
        """Read up to 100 decisions, each with the place of its record in the audit trail.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        keys = [{"recognition_id": attribute(recognition_id)} for recognition_id in set(recognition_ids)]
        if not keys:
            return {}
        wanted: Any = {self._table: {"Keys": keys, "ConsistentRead": True}}
        with translated("reading decisions"):
            answer = self._dynamodb.batch_get_item(RequestItems=wanted)
        if answer.get("UnprocessedKeys"):
            raise AwsUnavailable("the table of decisions left keys unread")
        rows: Any = answer["Responses"][self._table]
        return {found.recognition_id: found for found in map(_standing, rows)}

    def decided_between(self, first: date, last: date) -> Iterator[StandingDecision]:
        """Read all decisions of some days, in no order: the whole table is read.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        with translated("reading decisions"):
            pages = self._dynamodb.get_paginator("scan").paginate(
                TableName=self._table,
                FilterExpression="decided_at >= :first AND decided_at < :behind",
                ExpressionAttributeValues={
                    ":first": attribute(str(first)),
                    ":behind": attribute(str(last + timedelta(days=1))),
                },
                ConsistentRead=True,
            )
            for page in pages:
                yield from map(_standing, page["Items"])

    def of_person(self, person_id: str) -> list[Decision]:
        """List the decisions that name a person, the oldest first.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        with translated(f"listing the decisions on person {person_id}"):
            pages = self._dynamodb.get_paginator("query").paginate(
                TableName=self._table,
                IndexName="by-person",
                KeyConditionExpression="person_id = :person",
                ExpressionAttributeValues={":person": attribute(person_id)},
            )
            rows: list[Any] = [item for page in pages for item in page["Items"]]
        found: list[str] = [item["recognition_id"]["S"] for item in rows]
        decisions: list[Decision] = []
        for first in range(0, len(found), _MOST_KEYS):
            standing = self.standing(found[first : first + _MOST_KEYS])
            decisions += [each.decision for each in standing.values() if each.decision is not None]
        return sorted(decisions, key=lambda decision: decision.decided_at)


def _standing(item: dict[str, Any]) -> StandingDecision:
    try:
        decision = from_item(Decision, item)
    except ValidationError:
        decision = None
    chain, place = (item[name]["S"] if name in item else None for name in ("audit_chain", "audit_place"))
    return StandingDecision(item["recognition_id"]["S"], decision, chain, place)
