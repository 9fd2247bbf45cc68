"""People and their photos, as programs work with them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Protocol

from services.aws.forms import UploadForm
from services.aws.idempotency import KeyedCreation
from services.aws.people import PeoplePage, PersonChanged, PersonUnknown
from services.aws.photo_removal import PhotoOnItsWay, PhotoUnknown
from services.aws.photo_uploads import PhotoUpload
from services.contracts.domain import Deletion, Enrollment, EnrollmentStatus, Person, PersonStatus
from services.contracts.ids import photo_enrollment_id
from services.gateway.collaborators import (
    Creations,
    Deletions,
    Enrollments,
    People,
    PhotoRemovals,
    PhotoUploads,
)
from services.gateway.person_bodies import PHOTO_ENDINGS, NewPerson, PhotoToUpload
from services.gateway.problems import (
    IDEMPOTENCY_KEY_REUSED,
    NO_PHOTO,
    PERSON_CHANGED,
    PERSON_DELETING,
    PHOTO_ON_ITS_WAY,
    UNKNOWN_DELETION,
    UNKNOWN_ENROLLMENT,
    UNKNOWN_PERSON,
    UNSUPPORTED_PHOTO_TYPE,
    Problem,
)
from services.gateway.uuid7 import uuid7

#: What none of our ids exceeds; DynamoDB refuses to look for keys of more than 2,048 bytes.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
#: How often a change is begun anew because somebody else's came first.
_ATTEMPTS = 5


@dataclass(frozen=True)
class Register:
    """The people enrolled, and the way of their photos in."""

    people: People
    enrollments: Enrollments
    uploads: PhotoUploads
    deletions: Deletions
    removals: PhotoRemovals
    creations: Creations

    def create(self, new: NewPerson) -> Person:
        """Create a person, who has no photos yet."""
        person = Person(person_id=str(uuid7()), created_at=datetime.now(UTC), **new.model_dump())
        self.people.create(person)
        return person

    def create_once(self, new: NewPerson, requested_by: str, key: str) -> Person:
        """Create a person unless the program or operator did so before with this key.

        Returns
        -------
        Person
            As they stand now.

        Raises
        ------
        Problem
            If they used the key for another person, or the person was deleted since.
        """
        now = datetime.now(UTC)
        mine = KeyedCreation(
            request_id=KeyedCreation.id_of(requested_by, key),
            person_id=str(uuid7()),
            body_sha256=sha256(new.model_dump_json().encode()).hexdigest(),
            received_at=now,
        )
        standing = self.creations.register(mine)
        if standing.body_sha256 != mine.body_sha256:
            raise Problem(
                IDEMPOTENCY_KEY_REUSED,
                "This Idempotency-Key came with another person before. Send a fresh key for every person.",
            )
        if not standing.created:
            # whoever registered it may have been killed before the person was written
            self.people.create(Person(person_id=standing.person_id, created_at=now, **new.model_dump()))
            self.creations.mark_created(standing)
        return self.find(standing.person_id)

    def find(self, person_id: str) -> Person:
        """Look a person up.

        Raises
        ------
        Problem
            If there is none.
        """
        person = self.people.get(person_id) if _ID.fullmatch(person_id) else None
        if person is None:
            raise _unknown_person()
        return person

    def search(
        self,
        beginning: str,
        position: str | None,
        limit: int,
        *,
        group: str | None = None,
        status: PersonStatus | None = None,
    ) -> PeoplePage:
        """List people by name: those with a word that begins so, of a group or status, from a position on."""
        return self.people.page(beginning, position, limit, group=group, status=status)

    def change(self, person_id: str, fields: Mapping[str, Any], version: int | None) -> Person:
        """Change a person.

        Parameters
        ----------
        version : int, optional
            The only one that may be changed; if None the change counts whatever was changed before.

        Raises
        ------
        Problem
            If there is none, they are being deleted, or have another version.
        """
        for _ in range(_ATTEMPTS):
            person = self._changeable(person_id)
            if version is not None and version != person.version:
                raise _changed()
            try:
                return self.people.update(person.model_copy(update=dict(fields)), datetime.now(UTC))
            except PersonUnknown as error:
                raise _unknown_person() from error
            except PersonChanged:
                continue
        raise _changed()

    def delete(self, person_id: str, requested_by: str) -> Deletion:
        """Have a person deleted from everywhere; asked for again meanwhile, it is the same deletion.

        Raises
        ------
        Problem
            If there is none.
        """
        person = self.find(person_id)
        try:
            return self.deletions.request(person.person_id, requested_by, datetime.now(UTC))
        except PersonUnknown as error:
            raise _unknown_person() from error

    def deletion(self, deletion_id: str) -> Deletion:
        """Look up the receipt of a deletion.

        Raises
        ------
        Problem
            If there is none.
        """
        deletion = self.deletions.get(deletion_id) if _ID.fullmatch(deletion_id) else None
        if deletion is None:
            raise Problem(UNKNOWN_DELETION, "No deletion has this id. Check it.")
        return deletion

    def add_photo(self, person_id: str, data: bytes, content_type: str) -> Enrollment:
        """Take a photo of a person in.

        Returns
        -------
        Enrollment
            Just received, or as it stands if the same photo was sent before.

        Raises
        ------
        Problem
            If there is no such person, they are being deleted, or it is no photo.
        """
        if not data:
            raise Problem(NO_PHOTO, "The photo has 0 bytes. Send a picture.")
        person, digest = self._changeable(person_id), sha256(data).hexdigest()
        upload = _upload(person, digest, content_type)
        standing = self.enrollments.get(upload.enrollment_id)
        if standing is not None and standing.finished and not _may_be_tried_again(standing):
            return standing
        received = Enrollment(
            enrollment_id=upload.enrollment_id,
            status=EnrollmentStatus.RECEIVED,
            bucket=self.uploads.bucket,
            key=upload.key,
            received_at=datetime.now(UTC),
            full_name=person.full_name,
            person_id=person.person_id,
            sha256=digest,
        )
        # before the worker can, so that whoever asks for it never hears that it is unknown
        if (standing is None or standing.finished) and not self.enrollments.save(received):
            return self.enrollment(upload.enrollment_id)
        self.uploads.put(upload, data)
        return received

    def upload_forms(
        self, person_id: str, photos: tuple[PhotoToUpload, ...], max_bytes: int, seconds: int
    ) -> list[tuple[str, UploadForm]]:
        """Make the forms by which photos of a person go into S3, each with the id of its enrollment.

        Raises
        ------
        Problem
            If there is no such person, they are being deleted, or photos are not of such a type.
        """
        person = self._changeable(person_id)
        uploads = [_upload(person, photo.sha256, photo.content_type) for photo in photos]
        return [(upload.enrollment_id, self.uploads.form(upload, max_bytes, seconds)) for upload in uploads]

    def photos(self, person_id: str, position: str | None, limit: int) -> tuple[list[Enrollment], str | None]:
        """List a person's photos, whatever became of them, from a position on.

        Raises
        ------
        Problem
            If there is no such person.
        """
        self.find(person_id)
        return self.enrollments.of_person(person_id, position, limit)

    def remove_photo(self, person_id: str, enrollment_id: str, requested_by: str) -> Deletion:
        """Have one photo removed; asked for again meanwhile, it is the same deletion.

        Raises
        ------
        Problem
            If there is no such person or photo, or the photo is just being enrolled.
        """
        person = self._changeable(person_id)
        photo = self.enrollment(enrollment_id)
        try:
            return self.removals.request(
                person.person_id, photo.enrollment_id, requested_by, datetime.now(UTC)
            )
        except PhotoUnknown as error:
            raise Problem(
                UNKNOWN_ENROLLMENT,
                "This person has no photo with this id, or not any more. GET the person's photos has them.",
            ) from error
        except PhotoOnItsWay as error:
            raise Problem(
                PHOTO_ON_ITS_WAY,
                "The photo is just being enrolled. Remove it when its enrollment is finished.",
                {"Retry-After": "2"},
            ) from error

    def enrollment(self, enrollment_id: str) -> Enrollment:
        """Tell what became of a photo.

        Raises
        ------
        Problem
            If there is none.
        """
        return enrollment_of(self.enrollments, enrollment_id)

    def _changeable(self, person_id: str) -> Person:
        person = self.find(person_id)
        if person.status is PersonStatus.DELETING:
            raise Problem(PERSON_DELETING, "The person is being deleted, and takes no changes any more.")
        return person


class _Enrollments(Protocol):
    def get(self, enrollment_id: str) -> Enrollment | None: ...


def enrollment_of(enrollments: _Enrollments, enrollment_id: str) -> Enrollment:
    """Look an enrollment up.

    Raises
    ------
    Problem
        If there is none.
    """
    enrollment = enrollments.get(enrollment_id) if _ID.fullmatch(enrollment_id) else None
    if enrollment is None:
        raise Problem(
            UNKNOWN_ENROLLMENT,
            "No enrollment has this id, or its photo has not arrived yet. Check the id, or ask again.",
        )
    return enrollment


def _may_be_tried_again(finished: Enrollment) -> bool:
    """Whether it was given up, or its person was deleted, and has come back, since."""
    return finished.status is EnrollmentStatus.FAILED or finished.person_id is None


def _upload(person: Person, sha256: str, content_type: str) -> PhotoUpload:
    if content_type not in PHOTO_ENDINGS:
        raise Problem(
            UNSUPPORTED_PHOTO_TYPE,
            f"Photos are {', '.join(PHOTO_ENDINGS)}. Convert it to JPEG and send it as image/jpeg.",
        )
    return PhotoUpload(
        enrollment_id=photo_enrollment_id(person.person_id, sha256),
        person_id=person.person_id,
        full_name=person.full_name,
        content_type=content_type,
        file=f"photo.{PHOTO_ENDINGS[content_type]}",
        submitted_at=datetime.now(UTC),
    )


def _unknown_person() -> Problem:
    return Problem(UNKNOWN_PERSON, "No person has this id. Check it, or find the person with GET /v1/people.")


def _changed() -> Problem:
    return Problem(PERSON_CHANGED, "Somebody changed the person meanwhile. Read the person, and try again.")
