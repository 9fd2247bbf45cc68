"""The table of people: made once, found by name, changed by one operator at a time."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from services.aws.errors import translated
from services.aws.items import attribute, from_item
from services.contracts.domain import Person, PersonStatus
from services.contracts.names import name_key, sortable_name

if TYPE_CHECKING:
    from services.aws.connection import Aws

#: The index has one partition with everybody in it, sorted by name.
_BY_NAME, _EVERYBODY = "by-name", "person"
_STATUS = {"#status": "status"}
_OPTIONAL = {"external_id", "valid_from", "valid_until", "consent"}
_DELETING = {":deleting": attribute(PersonStatus.DELETING.value)}
#: What is left of a deleted person has no name; somebody who is being deleted is not changed any more.
_CHANGEABLE = "attribute_exists(full_name) AND #status <> :deleting"


class PersonUnknown(Exception):
    """There is no such person, or there is not any more."""

    def __init__(self, person_id: str) -> None:
        super().__init__(f"there is no person {person_id}")


class PersonChanged(Exception):
    """Somebody else changed the person meanwhile, or the person is being deleted."""


class InvalidCursor(ValueError):
    """The cursor is none that a page came with."""


@dataclass(frozen=True)
class PeoplePage:
    """Some people in the order of their names.

    Attributes
    ----------
    people : tuple of Person
        Also those who are disabled or being deleted.
    cursor : str, optional
        Leads to the next page; None at the end.
    """

    people: tuple[Person, ...]
    cursor: str | None


def person_from_item(item: dict[str, Any] | None) -> Person | None:
    """Read a person from the table's item; what is left of a deleted one is nobody."""
    return from_item(Person, item) if item and "full_name" in item else None


class PeopleStore:
    """People by id and by name."""

    def __init__(self, aws: "Aws") -> None:
        self._dynamodb = aws.dynamodb
        self._table = aws.outputs.people_table_name

    def create(self, person: Person) -> bool:
        """Write a new person down.

        Returns
        -------
        bool
            False if there is one with this id already; nothing is changed then.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        sets, values = _settable(person)
        sets += ["created_at = :created", "photos = :photos", "version = :version"]
        values |= {
            ":created": attribute(person.created_at.isoformat()),
            ":photos": attribute(person.photos),
            ":version": attribute(person.version),
        }
        with translated(f"creating person {person.person_id}"):
            try:
                self._dynamodb.update_item(
                    TableName=self._table,
                    Key={"person_id": attribute(person.person_id)},
                    # of a deleted person deleted_at stays: photos from before are still refused
                    UpdateExpression=f"SET {', '.join(sets)} REMOVE deletion_id, expires_at",
                    ConditionExpression="attribute_not_exists(full_name) AND attribute_not_exists(#status)",
                    ExpressionAttributeNames=_STATUS,
                    ExpressionAttributeValues=values,
                )
            except self._dynamodb.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def get(self, person_id: str) -> Person | None:
        """Look a person up.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        with translated(f"reading person {person_id}"):
            answer = self._dynamodb.get_item(
                TableName=self._table, Key={"person_id": attribute(person_id)}, ConsistentRead=True
            )
        return person_from_item(answer.get("Item"))

    def update(self, person: Person, now: datetime) -> Person:
        """Change name, groups, external id, status and validity to this person's.

        Parameters
        ----------
        person : Person
            As it was read, with other values; its version tells which reading that was.

        Returns
        -------
        Person
            As it stands now, with the next version.

        Raises
        ------
        PersonUnknown
            If there is none.
        PersonChanged
            If somebody changed the person since, or the person is being deleted.
        AwsError
            If the table cannot be written.
        """
        sets, values = _settable(person)
        # a person enrolled before there were versions has none, and that counts as the first
        same = (
            "version = :read" if person.version > 1 else "(attribute_not_exists(version) OR version = :read)"
        )
        lacking = sorted(_OPTIONAL - _optional(person).keys())
        sets += ["updated_at = :now", "version = :next"]
        values |= {
            ":now": attribute(now.isoformat()),
            ":next": attribute(person.version + 1),
            ":read": attribute(person.version),
        }
        changed = self._change(
            person.person_id,
            f"SET {', '.join(sets)}" + (f" REMOVE {', '.join(lacking)}" if lacking else ""),
            f"{_CHANGEABLE} AND {same}",
            values,
        )
        if changed is None:
            raise self._refusal(person.person_id)
        return changed

    def set_status(self, person_id: str, status: PersonStatus, now: datetime) -> Person:
        """Enable or disable a person, whoever changed what else.

        Raises
        ------
        PersonUnknown
            If there is none.
        PersonChanged
            If the person is being deleted.
        AwsError
            If the table cannot be written.
        """
        values = {
            ":status": attribute(status.value),
            ":now": attribute(now.isoformat()),
            ":one": attribute(1),
        }
        expression = "SET #status = :status, updated_at = :now ADD version :one"
        changed = self._change(person_id, expression, _CHANGEABLE, values)
        if changed is None:
            raise self._refusal(person_id)
        return changed

    def page(
        self,
        search: str = "",
        cursor: str | None = None,
        limit: int = 50,
        *,
        group: str | None = None,
        status: PersonStatus | None = None,
    ) -> PeoplePage:
        """List people by name.

        Parameters
        ----------
        search : str
            How the name, or any word of it, begins; case makes no difference. Everybody if empty. The whole
            index is read for it, 1 MB (some 3,000 people) with a call.
        cursor : str, optional
            Of the page before.
        limit : int
            Most people on the page.
        group, status : optional
            Only those who belong to the group, or have the status; all if None.

        Raises
        ------
        InvalidCursor
            If the cursor is none.
        AwsError
            If the table cannot be asked.
        """
        request = self._by_name(sortable_name(search), group, status, limit + 1)
        if cursor is not None:
            request["ExclusiveStartKey"] = _read_cursor(cursor)
        items: list[dict[str, Any]] = []
        with translated("listing people"):
            while len(items) <= limit:
                answer = self._dynamodb.query(**request)
                items += answer["Items"]
                if "LastEvaluatedKey" not in answer:
                    break
                request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
        people = tuple(from_item(Person, item) for item in items[:limit])
        return PeoplePage(people, _cursor(items[limit - 1]) if len(items) > limit else None)

    def _by_name(
        self, search: str, group: str | None, status: PersonStatus | None, limit: int
    ) -> dict[str, Any]:
        values = {":everybody": attribute(_EVERYBODY)}
        request: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": _BY_NAME,
            "KeyConditionExpression": "kind = :everybody",
            "ExpressionAttributeValues": values,
        }
        conditions: list[str] = []
        if search:
            conditions.append("(begins_with(name_key, :beginning) OR contains(name_key, :word))")
            values |= {":beginning": attribute(search), ":word": attribute(f" {search}")}
        if group is not None:
            conditions.append("contains(groups, :group)")
            values[":group"] = attribute(group)
        if status is not None:
            conditions.append("#status = :status")
            values[":status"] = attribute(status.value)
            request["ExpressionAttributeNames"] = _STATUS
        if not conditions:
            return request | {"Limit": limit}
        return request | {"FilterExpression": " AND ".join(conditions)}

    def _change(
        self, person_id: str, expression: str, condition: str, values: dict[str, Any]
    ) -> Person | None:
        """Update an item and return the person; None if the condition does not hold."""
        with translated(f"changing person {person_id}"):
            try:
                answer = self._dynamodb.update_item(
                    TableName=self._table,
                    Key={"person_id": attribute(person_id)},
                    UpdateExpression=expression,
                    ConditionExpression=condition,
                    ExpressionAttributeNames=_STATUS,
                    ExpressionAttributeValues=values | _DELETING,
                    ReturnValues="ALL_NEW",
                )
            except self._dynamodb.exceptions.ConditionalCheckFailedException:
                return None
        return person_from_item(answer.get("Attributes"))

    def _refusal(self, person_id: str) -> PersonUnknown | PersonChanged:
        standing = self.get(person_id)
        if standing is None:
            return PersonUnknown(person_id)
        if standing.status is PersonStatus.DELETING:
            return PersonChanged(f"person {person_id} is being deleted")
        return PersonChanged(f"person {person_id} was changed meanwhile; read it again")


def _settable(person: Person) -> tuple[list[str], dict[str, Any]]:
    sets = [
        "full_name = :name",
        "name_key = :name_key",
        "kind = :kind",
        "#status = :status",
        "groups = :groups",
    ]
    values = {
        ":name": attribute(person.full_name),
        ":name_key": attribute(name_key(person.full_name, person.person_id)),
        ":kind": attribute(_EVERYBODY),
        ":status": attribute(person.status.value),
        ":groups": attribute(list(person.groups)),
    }
    for name, value in _optional(person).items():
        sets.append(f"{name} = :{name}")
        values[f":{name}"] = attribute(value)
    return sets, values


def _optional(person: Person) -> dict[str, Any]:
    """Tell what not everybody has, as far as this person has it."""
    return person.model_dump(mode="json", include=_OPTIONAL, exclude_none=True)


def _cursor(item: dict[str, Any]) -> str:
    place = json.dumps([item["name_key"]["S"], item["person_id"]["S"]], ensure_ascii=False)
    return urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> dict[str, Any]:
    try:
        place: Any = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        key, person_id = place
    except (NotBase64, ValueError, TypeError) as error:
        raise InvalidCursor("this is no cursor that a page came with") from error
    if not (isinstance(key, str) and isinstance(person_id, str) and key and person_id):
        raise InvalidCursor("this is no cursor that a page came with")
    return {"kind": attribute(_EVERYBODY), "name_key": attribute(key), "person_id": attribute(person_id)}
