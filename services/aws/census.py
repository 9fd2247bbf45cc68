"""Counting everything of enrollment: what the collection has, and what the tables say of it."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from services.aws.directory import FACE_ATTRIBUTES
from services.aws.errors import translated
from services.aws.items import from_item
from services.aws.outcomes import MOST_IDS, Outcomes
from services.aws.people import person_from_item
from services.aws.photos import INDEX_PREFIX
from services.contracts.census import Census, CollectedFace, DeletionMark, LostUpload
from services.contracts.domain import Deletion, Enrollment, EnrollmentStatus, Face, PersonStatus
from services.contracts.ids import uploaded_enrollment_id
from services.contracts.messages import StoredObject

if TYPE_CHECKING:
    from services.aws.connection import Aws

_PAGE = 4096
_NAMES = {"#status": "status"}
_TOLD_EVERY = 500

Found = TypeVar("Found")
#: Told again and again how many have been read.
Progress = Callable[[int], None]


def take_census(aws: "Aws", progress: Progress = lambda _: None) -> Census:
    """Read all; a call for every 4,096 faces, 500 users, MB of a table and 100 uploads that still lie there.

    Parameters
    ----------
    progress : callable
        Told how many faces, people and so on have been read; what it raises ends the reading.

    Raises
    ------
    AwsError
        If one of them cannot be read.
    """
    reading = _Reading(progress)
    # The enrollments first: whoever is finished meanwhile counts as busy, which reports less, not more.
    taken_at = datetime.now(UTC)
    open_ones = list(reading.counted(_open_enrollments(aws)))
    deletions = tuple(reading.counted(_unfinished_deletions(aws)))
    collected = {face.face_id: face for face in reading.counted(_collected(aws))}
    users = frozenset(reading.counted(_users(aws)))
    rows = reading.counted(_scan(aws, aws.outputs.faces_table_name))
    faces = [from_item(Face, item, rename=FACE_ATTRIBUTES) for item in rows]
    entries = list(reading.counted(_scan(aws, aws.outputs.people_table_name)))
    people = map(person_from_item, entries)
    return Census(
        collected=collected,
        users=users,
        faces={face.face_id: face for face in faces},
        people={person.person_id: person for person in people if person is not None},
        held=frozenset(
            enrollment.face_id
            for enrollment in open_ones
            if enrollment.status is EnrollmentStatus.HELD and enrollment.face_id is not None
        ),
        on_their_way=tuple(one for one in open_ones if one.status is not EnrollmentStatus.HELD),
        marks=tuple(_marks(entries)),
        deletions=deletions,
        uploads=tuple(reading.counted(_unknown_uploads(aws))),
        taken_at=taken_at,
    )


class _Reading:
    """Counts what is read, and tells now and then."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._read = 0

    def counted(self, found: Iterable[Found]) -> Iterator[Found]:
        for one in found:
            self._read += 1
            if self._read % _TOLD_EVERY == 0:
                self._progress(self._read)
            yield one
        self._progress(self._read)


def _collected(aws: "Aws") -> Iterator[CollectedFace]:
    with translated("listing the collection"):
        pages = aws.rekognition.get_paginator("list_faces").paginate(
            CollectionId=aws.outputs.collection_id, PaginationConfig={"PageSize": _PAGE}
        )
        for page in pages:
            for face in page["Faces"]:
                if "FaceId" in face:
                    yield CollectedFace(face["FaceId"], face.get("ExternalImageId"), face.get("UserId"))


def _users(aws: "Aws") -> Iterator[str]:
    with translated("listing the collection's users"):
        pages = aws.rekognition.get_paginator("list_users").paginate(CollectionId=aws.outputs.collection_id)
        for page in pages:
            for user in page["Users"]:
                if "UserId" in user:
                    yield user["UserId"]


def _open_enrollments(aws: "Aws") -> Iterator[Enrollment]:
    unfinished = {
        "FilterExpression": "#status IN (:received, :held, :removed)",
        "ExpressionAttributeNames": _NAMES,
        "ExpressionAttributeValues": {
            ":received": {"S": EnrollmentStatus.RECEIVED.value},
            ":held": {"S": EnrollmentStatus.HELD.value},
            ":removed": {"S": EnrollmentStatus.REMOVED.value},
        },
    }
    for item in _scan(aws, aws.outputs.enrollments_table_name, unfinished):
        yield from_item(Enrollment, item)


def _unknown_uploads(aws: "Aws") -> Iterator[LostUpload]:
    bucket, outcomes = aws.outputs.photo_bucket_name, Outcomes(aws)
    with translated(f"listing {INDEX_PREFIX}"):
        pages = aws.s3.get_paginator("list_object_versions").paginate(
            Bucket=bucket, Prefix=INDEX_PREFIX, PaginationConfig={"PageSize": MOST_IDS}
        )
        for page in pages:
            uploads: dict[str, LostUpload] = {}
            for version in page.get("Versions", []):
                described: Any = version
                if described["IsLatest"] and not described["Key"].endswith("/"):
                    upload = _upload(bucket, described)
                    uploads[upload.enrollment_id] = upload
            known = outcomes.of(uploads)
            yield from (upload for upload in uploads.values() if upload.enrollment_id not in known)


def _upload(bucket: str, version: dict[str, Any]) -> LostUpload:
    key, version_id = version["Key"], version["VersionId"]
    photo = StoredObject(bucket=bucket, key=key, version_id=version_id)
    return LostUpload(uploaded_enrollment_id(bucket, key, version_id), photo, version["LastModified"])


def _unfinished_deletions(aws: "Aws") -> Iterator[Deletion]:
    unfinished = {"FilterExpression": "attribute_not_exists(finished_at)"}
    for item in _scan(aws, aws.outputs.deletions_table_name, unfinished):
        yield from_item(Deletion, item)


def _marks(entries: list[dict[str, Any]]) -> Iterator[DeletionMark]:
    for entry in entries:
        if entry.get("status", {}).get("S") == PersonStatus.DELETING.value:
            since = entry["updated_at" if "full_name" in entry else "deleted_at"]["S"]
            yield DeletionMark(
                entry["person_id"]["S"], entry["deletion_id"]["S"], datetime.fromisoformat(since)
            )


def _scan(aws: "Aws", table: str, options: dict[str, Any] | None = None) -> Iterator[dict[str, Any]]:
    with translated(f"reading {table}"):
        scan: Any = aws.dynamodb.get_paginator("scan")
        for page in scan.paginate(TableName=table, ConsistentRead=True, **(options or {})):
            yield from page["Items"]
