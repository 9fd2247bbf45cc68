"""Where something is kept of people, and how it is removed: collection, bucket, tables."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from services.aws.directory import FACE_ATTRIBUTES, MOST_KEYS
from services.aws.enrollments import RESEMBLES_NOBODY
from services.aws.errors import AwsError, AwsUnavailable, translated
from services.aws.face_index import FaceIndex
from services.aws.items import attribute, from_item, sortable
from services.aws.patience import patiently
from services.aws.updates import update_where
from services.contracts.domain import Enrollment, EnrollmentStatus, Face, Removed
from services.contracts.ids import KEPT_PREFIX, UPLOAD_PREFIX
from services.contracts.reasons import RejectionReason

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

    from services.aws.connection import Aws

_BY_PERSON = "by-person"
#: DeleteFaces takes 4,096, DeleteObjects 1,000.
_MOST_FACES, _MOST_OBJECTS = 4096, 1000
_ASSOCIATED = "ASSOCIATED_TO_AN_EXISTING_USER"
_OPEN = {EnrollmentStatus.RECEIVED.value, EnrollmentStatus.HELD.value}
_Thing = TypeVar("_Thing")


class FacesOfPerson:
    """The person's faces in collection and table, and the user that they make up."""

    def __init__(self, aws: "Aws") -> None:
        self._index = FaceIndex(aws)
        self._rekognition = aws.rekognition
        self._dynamodb = aws.dynamodb
        self._collection_id = aws.outputs.collection_id
        self._table = aws.outputs.faces_table_name

    def find(self, person_id: str) -> list[str]:
        """List the ids of the person's faces, also of those whose enrollment was interrupted or is held.

        The whole collection is listed, 4,096 faces with a call: a face that no table knows is found only by
        the person that it was indexed for. One that an operator has given to somebody else since is theirs.

        Raises
        ------
        AwsError
            If collection or table cannot be asked.
        """
        known = _query(self._dynamodb, self._table, _BY_PERSON, "person_id", person_id)
        own = {item["RekognitionId"]["S"] for item in known}
        indexed_for = set(self._indexed_for(person_id)) - own
        return sorted(own | (indexed_for - self._of_others(person_id, sorted(indexed_for))))

    def _indexed_for(self, person_id: str) -> Iterator[str]:
        with translated("listing the collection"):
            pages = self._rekognition.get_paginator("list_faces").paginate(
                CollectionId=self._collection_id, PaginationConfig={"PageSize": _MOST_FACES}
            )
            for page in pages:
                for face in page["Faces"]:
                    if face.get("ExternalImageId") == person_id and "FaceId" in face:
                        yield face["FaceId"]

    def _of_others(self, person_id: str, face_ids: Sequence[str]) -> set[str]:
        others: set[str] = set()
        for some in _chunks(face_ids, MOST_KEYS):
            wanted: Any = {
                self._table: {
                    "Keys": [{"RekognitionId": attribute(face_id)} for face_id in some],
                    "ConsistentRead": True,
                }
            }
            with translated("reading faces"):
                answer = self._dynamodb.batch_get_item(RequestItems=wanted)
            if answer.get("UnprocessedKeys"):
                raise AwsUnavailable("the table of faces left keys unread")
            for item in answer["Responses"][self._table]:
                if item["person_id"] != attribute(person_id):
                    others.add(from_item(Face, item, rename=FACE_ATTRIBUTES).face_id)
        return others

    def remove(self, person_id: str, found: Sequence[str]) -> None:
        """Delete the user and the faces.

        Raises
        ------
        AwsError
            If collection or table refuse.
        """
        self._index.delete_user(person_id)
        for some in _chunks(found, _MOST_FACES):
            with translated("deleting faces"):
                answer = self._rekognition.delete_faces(CollectionId=self._collection_id, FaceIds=some)
            for refused in answer.get("UnsuccessfulFaceDeletions", []):
                if _ASSOCIATED in refused.get("Reasons", []):
                    raise AwsUnavailable(f"face {refused.get('FaceId')} is still a user's")
        for face_id in found:
            with translated(f"deleting face {face_id}"):
                self._dynamodb.delete_item(TableName=self._table, Key={"RekognitionId": attribute(face_id)})


class ObjectVersion(NamedTuple):
    """One version of an object in the bucket, or the mark that it was deleted."""

    key: str
    version_id: str


class PhotosOfPerson:
    """The person's photos in the bucket: all versions, as they are kept and as they were uploaded."""

    def __init__(self, aws: "Aws") -> None:
        self._s3 = aws.s3
        self._bucket = aws.outputs.photo_bucket_name
        self._dynamodb = aws.dynamodb
        self._enrollments = aws.outputs.enrollments_table_name

    def find(self, person_id: str) -> list[ObjectVersion]:
        """List them.

        Raises
        ------
        AwsError
            If bucket or table cannot be asked.
        """
        found = set(self._versions(f"{KEPT_PREFIX}{person_id}/"))
        for item in _query(self._dynamodb, self._enrollments, _BY_PERSON, "person_id", person_id):
            found |= self.of_enrollment(from_item(Enrollment, item))
        return sorted(found)

    def of_enrollment(self, enrollment: Enrollment) -> set[ObjectVersion]:
        """List those of one photo.

        Raises
        ------
        AwsError
            If the bucket cannot be asked.
        """
        found = set(self._versions(f"{UPLOAD_PREFIX}{enrollment.enrollment_id}/"))
        for key in (enrollment.key, enrollment.original_key or ""):
            found |= {version for version in self._versions(key) if version.key == key}
        return found

    def _versions(self, prefix: str) -> Iterator[ObjectVersion]:
        if not prefix:
            return
        with translated(f"listing versions under {prefix}"):
            pages = self._s3.get_paginator("list_object_versions").paginate(
                Bucket=self._bucket, Prefix=prefix
            )
            for page in pages:
                for entry in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
                    yield ObjectVersion(entry.get("Key", ""), entry.get("VersionId", ""))

    def remove(self, person_id: str, found: Sequence[ObjectVersion]) -> None:  # noqa: ARG002  # as the others
        """Delete them for good.

        Raises
        ------
        AwsError
            If the bucket refuses.
        """
        for some in _chunks(found, _MOST_OBJECTS):
            objects: Any = [{"Key": version.key, "VersionId": version.version_id} for version in some]
            with translated("deleting photos"):
                answer = self._s3.delete_objects(
                    Bucket=self._bucket, Delete={"Objects": objects, "Quiet": True}
                )
            for refused in answer.get("Errors", []):
                kind = AwsUnavailable if refused.get("Code") in {"InternalError", "SlowDown"} else AwsError
                raise kind(f"deleting {refused.get('Key')}: {refused.get('Code')} {refused.get('Message')}")


class EnrollmentsOfPerson:
    """The person's enrollments, and those of others that name the person because they resemble."""

    def __init__(self, aws: "Aws", now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._dynamodb = aws.dynamodb
        self._table = aws.outputs.enrollments_table_name
        self._now = now

    def find(self, person_id: str) -> list[tuple[str, str]]:
        """List the ids, each with the attribute that names the person: ``person_id`` or ``resembles``.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        return [
            (item["enrollment_id"]["S"], name)
            for index, name in ((_BY_PERSON, "person_id"), ("by-resemblance", "resembles"))
            for item in _query(self._dynamodb, self._table, index, name, person_id)
        ]

    def remove(self, person_id: str, found: Sequence[tuple[str, str]]) -> None:
        """Remove what is personal; ids and outcome stay. What was still open is rejected.

        Raises
        ------
        AwsError
            If the table refuses.
        """
        for enrollment_id, name in found:
            if name == "person_id":
                self._strip(enrollment_id, person_id)
            else:
                self._forget_resemblance(enrollment_id, person_id)

    @patiently(10)
    def _strip(self, enrollment_id: str, person_id: str) -> None:
        key = {"enrollment_id": attribute(enrollment_id)}
        with translated(f"reading enrollment {enrollment_id}"):
            answer = self._dynamodb.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        item: dict[str, Any] | None = answer.get("Item")
        if item is None or item.get("person_id") != attribute(person_id):
            return
        status = item["status"]["S"]
        sets = {"#key": attribute("")}
        if status in _OPEN:
            sets |= self._rejected(item)
        changed = self._update(
            enrollment_id,
            f"SET {', '.join(f'{name} = :{name[1:]}' for name in sets)} REMOVE original_key, full_name, "
            "face_id, sha256, #file, detail, held_for, resembles, person_id",
            "person_id = :person AND #status = :seen",
            {f":{name[1:]}": value for name, value in sets.items()}
            | {":person": attribute(person_id), ":seen": attribute(status)},
        )
        if not changed:
            raise AwsUnavailable(f"enrollment {enrollment_id} was changed meanwhile")

    def _rejected(self, item: dict[str, Any]) -> dict[str, Any]:
        rejected = EnrollmentStatus.REJECTED.value
        sets = {
            "#status": attribute(rejected),
            "#rejection": attribute(RejectionReason.PERSON_DELETED.value),
            "#finished_at": attribute(sortable(self._now())),
        }
        if "progress" in item:
            sets["#progress"] = attribute(f"{rejected}#{item['enrollment_id']['S']}")
        return sets

    def _forget_resemblance(self, enrollment_id: str, person_id: str) -> None:
        # it still waits for an operator, and the index is how it is found
        self._update(
            enrollment_id,
            "SET resembles = :nobody REMOVE held_for, detail",
            "resembles = :person",
            {":person": attribute(person_id), ":nobody": attribute(RESEMBLES_NOBODY)},
        )

    def _update(self, enrollment_id: str, expression: str, condition: str, values: dict[str, Any]) -> bool:
        with translated(f"removing the person from enrollment {enrollment_id}"):
            return update_where(
                self._dynamodb,
                self._table,
                {"enrollment_id": attribute(enrollment_id)},
                condition=condition,
                expression=expression,
                values=values,
            )


class DecisionsOfPerson:
    """The decisions that name the person."""

    def __init__(self, aws: "Aws", now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._dynamodb = aws.dynamodb
        self._table = aws.outputs.decisions_table_name
        self._now = now

    def find(self, person_id: str) -> list[str]:
        """List their recognitions' ids.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        found = _query(self._dynamodb, self._table, _BY_PERSON, "person_id", person_id)
        return [item["recognition_id"]["S"] for item in found]

    def remove(self, person_id: str, found: Sequence[str]) -> None:
        """Remove who it was; when, where and why it was decided stay.

        Raises
        ------
        AwsError
            If the table refuses.
        """
        values = {":person": attribute(person_id), ":now": attribute(sortable(self._now()))}
        for recognition_id in found:
            with translated(f"removing the person from decision {recognition_id}"):
                update_where(
                    self._dynamodb,
                    self._table,
                    {"recognition_id": attribute(recognition_id)},
                    condition="person_id = :person",
                    expression="SET person_deleted_at = :now REMOVE person_id, full_name, face_id",
                    values=values,
                )


class AuditRecordsOfPerson:
    """The records of the audit trail that name the person."""

    def __init__(self, aws: "Aws", now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._dynamodb = aws.dynamodb
        self._table = aws.outputs.audit_table_name
        self._now = now

    def find(self, person_id: str) -> list[tuple[str, str]]:
        """List their chains and places.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        found = _query(self._dynamodb, self._table, _BY_PERSON, "person_id", person_id)
        return [(item["chain"]["S"], item["place"]["S"]) for item in found]

    def remove(self, person_id: str, found: Sequence[tuple[str, str]]) -> None:
        """Remove the part that names the person; the records stay, and their chains hold.

        Raises
        ------
        AwsError
            If the table refuses.
        """
        values = {":person": attribute(person_id), ":now": attribute(sortable(self._now()))}
        for chain, place in found:
            with translated(f"removing the person from record {chain} {place}"):
                update_where(
                    self._dynamodb,
                    self._table,
                    {"chain": attribute(chain), "place": attribute(place)},
                    condition="person_id = :person",
                    expression="SET erased_at = :now REMOVE person_id, personal",
                    values=values,
                )


def removals(
    aws: "Aws",
) -> dict[
    Removed,
    FacesOfPerson | PhotosOfPerson | EnrollmentsOfPerson | DecisionsOfPerson | AuditRecordsOfPerson,
]:
    """Tell all places, in the order in which they are emptied: photos are found by their enrollments."""
    return {
        Removed.FACES: FacesOfPerson(aws),
        Removed.PHOTOS: PhotosOfPerson(aws),
        Removed.ENROLLMENTS: EnrollmentsOfPerson(aws),
        Removed.DECISIONS: DecisionsOfPerson(aws),
        Removed.AUDIT_RECORDS: AuditRecordsOfPerson(aws),
    }


def _query(
    dynamodb: "DynamoDBClient", table: str, index: str, key: str, value: str
) -> Iterator[dict[str, Any]]:
    with translated(f"asking {table} {index}"):
        pages = dynamodb.get_paginator("query").paginate(
            TableName=table,
            IndexName=index,
            KeyConditionExpression=f"{key} = :value",
            ExpressionAttributeValues={":value": attribute(value)},
        )
        for page in pages:
            yield from page["Items"]


def _chunks(things: Sequence[_Thing], size: int) -> Iterator[Sequence[_Thing]]:
    for start in range(0, len(things), size):
        yield things[start : start + size]
