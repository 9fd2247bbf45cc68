"""The table of enrollments, and the one write that turns an enrollment into a face of a person."""

from collections.abc import Iterator
from datetime import datetime
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from services.aws.directory import FACE_ATTRIBUTES
from services.aws.errors import AwsUnavailable, cancellation_reasons, translated
from services.aws.items import attribute, from_item, sortable, to_item
from services.aws.outcomes import MOST_IDS, Outcomes
from services.aws.positions import following, start_at
from services.contracts.domain import Enrollment, EnrollmentStatus, Face, Person, PersonStatus
from services.contracts.names import name_key

if TYPE_CHECKING:
    from services.aws.connection import Aws

_REFUSED = "ConditionalCheckFailed"
#: DynamoDB cancels one of two transactions on the same person: photos of one person often come together.
_CONFLICT_PATIENCE_SECONDS = 10.0
_NAMES = {"#status": "status"}
_STATUSES = {
    ":received": attribute(EnrollmentStatus.RECEIVED.value),
    ":failed": attribute(EnrollmentStatus.FAILED.value),
    ":held": attribute(EnrollmentStatus.HELD.value),
}
#: A job that was given up may still be done, and so may a photo that came after its person was erased.
_OPEN = (
    "attribute_not_exists(enrollment_id) OR #status IN (:received, :failed) "
    "OR (attribute_not_exists(person_id) AND finished_at < :since)"
)
_HELD = "#status = :held"
_HELD_PLACE = ("resembles", "enrollment_id")
#: In place of whom a held photo resembled, who was deleted since; no person's id has parentheses.
RESEMBLES_NOBODY = "(deleted)"


class Written(Enum):
    """What came of writing face, person and enrollment together."""

    DONE = auto()
    FINISHED_BEFORE = auto()
    FACE_TAKEN = auto()
    PERSON_DELETED = auto()


class EnrollmentStore:
    """Enrollments by id; each is finished once."""

    def __init__(self, aws: "Aws") -> None:
        self._dynamodb = aws.dynamodb
        self._table = aws.outputs.enrollments_table_name
        self._faces = aws.outputs.faces_table_name
        self._people = aws.outputs.people_table_name
        self._outcomes = Outcomes(aws)

    def get(self, enrollment_id: str) -> Enrollment | None:
        """Look an enrollment up.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        item = self._get(self._table, "enrollment_id", enrollment_id)
        return from_item(Enrollment, item) if item else None

    def face(self, face_id: str) -> Face | None:
        """Look up whose face it is.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        item = self._get(self._faces, "RekognitionId", face_id)
        return from_item(Face, item, rename=FACE_ATTRIBUTES) if item else None

    def full_name(self, person_id: str) -> str | None:
        """Look up a person's name; a person who was deleted has none.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        item = self._get(self._people, "person_id", person_id) or {}
        return item.get("full_name", {}).get("S")

    def is_deleted(self, person_id: str, asked_for_at: datetime) -> bool:
        """Tell whether a person was deleted, or is to be, after a photo was asked for.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        item = self._get(self._people, "person_id", person_id) or {}
        if item.get("status", {}).get("S") == PersonStatus.DELETING.value:
            return True
        return item.get("deleted_at", {}).get("S", "") >= sortable(asked_for_at)

    def held(self) -> Iterator[Enrollment]:
        """Find the enrollments that wait for an operator, in no particular order.

        The index by resemblance has no others, so it costs as much as there are of them.

        Raises
        ------
        AwsError
            If the table cannot be read.
        """
        with translated("looking for held enrollments"):
            pages = self._dynamodb.get_paginator("scan").paginate(
                TableName=self._table, IndexName="by-resemblance", PaginationConfig={"PageSize": MOST_IDS}
            )
            for page in pages:
                keys: list[dict[str, Any]] = page["Items"]
                found = self._outcomes.of([key["enrollment_id"]["S"] for key in keys])
                yield from (one for one in found.values() if one.status is EnrollmentStatus.HELD)

    def held_page(self, position: str | None, limit: int) -> tuple[list[Enrollment], str | None]:
        """List some of the enrollments that wait for an operator, in no particular order.

        Parameters
        ----------
        position : str, optional
            Where the list goes on.

        Returns
        -------
        list of Enrollment
            At most `limit`, and perhaps fewer although there are more.
        str or None
            The position of the rest; None if there is none.

        Raises
        ------
        AwsError
            If the table cannot be read.
        """
        request: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": "by-resemblance",
            "Limit": min(limit, MOST_IDS),
        }
        request |= start_at(position, _HELD_PLACE)
        with translated("listing held enrollments"):
            answer = self._dynamodb.scan(**request)
        keys: list[dict[str, Any]] = answer["Items"]
        ids = [key["enrollment_id"]["S"] for key in keys]
        found = self._outcomes.of(ids)
        held = [found[one] for one in ids if one in found and found[one].status is EnrollmentStatus.HELD]
        return held, following(answer, _HELD_PLACE)

    def of_person(
        self, person_id: str, position: str | None = None, limit: int = 50
    ) -> tuple[list[Enrollment], str | None]:
        """List a person's enrollments, whatever became of them.

        Parameters
        ----------
        position : str, optional
            The enrollment after which the list goes on.

        Returns
        -------
        list of Enrollment
            At most `limit`.
        str or None
            The position of the rest; None if there is none.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        request: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": "by-person",
            "KeyConditionExpression": "person_id = :person",
            "ExpressionAttributeValues": {":person": attribute(person_id)},
            "Limit": limit,
        }
        if position is not None:
            request["ExclusiveStartKey"] = {
                "person_id": attribute(person_id),
                "enrollment_id": attribute(position),
            }
        with translated(f"listing the photos of person {person_id}"):
            answer = self._dynamodb.query(**request)
        enrollments = [from_item(Enrollment, item) for item in answer["Items"]]
        return enrollments, enrollments[-1].enrollment_id if answer.get("LastEvaluatedKey") else None

    def save(self, enrollment: Enrollment) -> bool:
        """Note where an enrollment is, unless it is finished already.

        Returns
        -------
        bool
            Whether it was written by this call.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        return self._save(enrollment, _OPEN)

    def save_held(self, enrollment: Enrollment) -> bool:
        """Note what became of a photo that waits for an operator, or why it waits on.

        Returns
        -------
        bool
            Whether it was written by this call; False if it is not held any more.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        return self._save(enrollment, _HELD)

    def _save(self, enrollment: Enrollment, condition: str) -> bool:
        with translated(f"saving enrollment {enrollment.enrollment_id}"):
            try:
                self._dynamodb.put_item(TableName=self._table, **_enrollment_put(enrollment, condition))
            except self._dynamodb.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def finish_indexed(
        self, enrollment: Enrollment, face: Face, person: Person, *, was_held: bool = False
    ) -> Written:
        """Write face, person and finished enrollment together or not at all, and count the photo.

        A person who is there already keeps name, status, groups and birth.

        Parameters
        ----------
        was_held : bool
            Whether an operator resolves a held enrollment.

        Returns
        -------
        Written
            DONE by this call; FINISHED_BEFORE if the enrollment was finished already; FACE_TAKEN if the face
            is another enrollment's; PERSON_DELETED if the person was deleted after the photo was asked for.

        Raises
        ------
        AwsError
            If the tables cannot be written.
        """
        condition = _HELD if was_held else _OPEN
        writes: list[Any] = [
            {"Put": {"TableName": self._table, **_enrollment_put(enrollment, condition)}},
            {
                "Put": {
                    "TableName": self._faces,
                    "Item": to_item(face, rename=FACE_ATTRIBUTES),
                    "ConditionExpression": "attribute_not_exists(RekognitionId)",
                }
            },
            {"Update": {"TableName": self._people, **_person_update(enrollment, person)}},
        ]
        retrying = Retrying(
            retry=retry_if_exception_type(AwsUnavailable),
            wait=wait_random_exponential(multiplier=0.05, max=1),
            stop=stop_after_delay(_CONFLICT_PATIENCE_SECONDS),
            reraise=True,
        )
        return retrying(self._write, f"finishing enrollment {enrollment.enrollment_id}", writes)

    def _write(self, action: str, writes: list[Any]) -> Written:
        with translated(action):
            try:
                self._dynamodb.transact_write_items(TransactItems=writes)
            except ClientError as error:
                refused = [reason == _REFUSED for reason in cancellation_reasons(error)]
                outcomes = (Written.FINISHED_BEFORE, Written.FACE_TAKEN, Written.PERSON_DELETED)
                for outcome, true in zip(outcomes, refused, strict=False):
                    if true:
                        return outcome
                raise
        return Written.DONE

    def _get(self, table: str, key: str, value: str) -> dict[str, Any] | None:
        with translated(f"reading {key} {value}"):
            answer = self._dynamodb.get_item(
                TableName=table, Key={key: attribute(value)}, ConsistentRead=True
            )
        return answer.get("Item")


def _enrollment_put(enrollment: Enrollment, condition: str) -> Any:
    item = to_item(enrollment)
    if enrollment.batch_id is not None:
        item["progress"] = attribute(f"{enrollment.status.value}#{enrollment.enrollment_id}")
    if enrollment.held_for is not None:
        # by which a deletion finds who else's photos name the person
        item["resembles"] = attribute(enrollment.held_for.person_id)
    return {
        "Item": item,
        "ConditionExpression": condition,
        "ExpressionAttributeNames": _NAMES,
        "ExpressionAttributeValues": _only(condition, {":since": item["received_at"]}),
    }


def _only(condition: str, more: dict[str, Any] | None = None) -> dict[str, Any]:
    """DynamoDB refuses values that an expression does not use."""
    values = _STATUSES | (more or {})
    return {name: value for name, value in values.items() if name in condition}


def _person_update(enrollment: Enrollment, person: Person) -> Any:
    external_id = {} if person.external_id is None else {":external_id": attribute(person.external_id)}
    return {
        "Key": {"person_id": attribute(person.person_id)},
        # a photo asked for after the deletion brings a deleted person back, one from before never
        "UpdateExpression": (
            "SET full_name = if_not_exists(full_name, :name), name_key = if_not_exists(name_key, :name_key), "
            "kind = :kind, "
            "#status = if_not_exists(#status, :status), groups = if_not_exists(groups, :groups), "
            "created_at = if_not_exists(created_at, :created), version = if_not_exists(version, :one)"
            f"{', external_id = if_not_exists(external_id, :external_id)' if external_id else ''} "
            "REMOVE expires_at ADD photos :one"
        ),
        "ConditionExpression": (
            "(attribute_not_exists(#status) OR #status <> :deleting) "
            "AND (attribute_not_exists(deleted_at) OR deleted_at < :asked)"
        ),
        "ExpressionAttributeNames": _NAMES,
        "ExpressionAttributeValues": external_id
        | {
            ":name": attribute(person.full_name),
            ":name_key": attribute(name_key(person.full_name, person.person_id)),
            ":kind": attribute("person"),
            ":status": attribute(person.status.value),
            ":groups": attribute(list(person.groups)),
            ":created": attribute(person.created_at.isoformat()),
            ":one": attribute(1),
            ":deleting": attribute(PersonStatus.DELETING.value),
            ":asked": attribute(sortable(enrollment.asked_for_at)),
        },
    }
