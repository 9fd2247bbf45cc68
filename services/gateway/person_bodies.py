"""People and their photos as the people API takes and gives them, in JSON."""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from services.contracts.access import Group
from services.contracts.domain import (
    ENOUGH_PHOTOS,
    Deletion,
    Enrollment,
    EnrollmentStatus,
    Instant,
    Person,
    PersonStatus,
)
from services.contracts.names import LONGEST_NAME, parse_full_name

#: The longest text is cut off before anything looks at it.
_LONGEST_TEXT = 4 * LONGEST_NAME
LONGEST_SEARCH = LONGEST_NAME
_MOST_GROUPS = 50
_MOST_UPLOADS = 100
#: The endings by which S3's users tell a photo's kind.
PHOTO_ENDINGS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/heic": "heic",
    "image/heif": "heif",
}

FullName = Annotated[str, Field(max_length=_LONGEST_TEXT), AfterValidator(parse_full_name)]
Groups = Annotated[
    tuple[Group, ...],
    Field(max_length=_MOST_GROUPS),
    AfterValidator(lambda groups: tuple(dict.fromkeys(groups))),
]
ExternalId = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$"),
]


class _Input(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Validity(_Input):
    """When a person passes doors."""

    valid_from: Instant | None = None
    valid_until: Instant | None = None

    @model_validator(mode="after")
    def _is_some_time(self) -> Self:
        if self.valid_from and self.valid_until and self.valid_from >= self.valid_until:
            raise ValueError("valid_until is not after valid_from")
        return self


class NewPerson(_Validity):
    """What a person is created from.

    Attributes
    ----------
    valid_from, valid_until : datetime or None
        No door opens to them before the first, nor from the second on.
    """

    full_name: FullName
    groups: Groups = ()
    external_id: ExternalId | None = None


class PersonChange(_Validity):
    """What is to change of a person; what is left out stays (RFC 7396).

    Attributes
    ----------
    valid_from, valid_until : datetime or None
        No door opens to them before the first, nor from the second on.
    """

    full_name: FullName = ""
    groups: Groups = ()
    external_id: ExternalId | None = None
    status: Literal[PersonStatus.ACTIVE, PersonStatus.DISABLED] = PersonStatus.ACTIVE

    def fields(self) -> dict[str, Any]:
        """Tell the fields that were given, with their new values."""
        return {name: getattr(self, name) for name in sorted(self.model_fields_set)}


class PhotoToUpload(_Input):
    """A photo that its owner will put into S3.

    Attributes
    ----------
    sha256 : str
        Of the file; the same photo of the same person is the same enrollment.
    """

    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    # an unknown one is told as what it is, and which are taken
    content_type: Annotated[str, Field(json_schema_extra={"enum": list(PHOTO_ENDINGS)})]


class PhotosToUpload(_Input):
    """Photos that their owner will put into S3."""

    photos: Annotated[tuple[PhotoToUpload, ...], Field(min_length=1, max_length=_MOST_UPLOADS)]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True)


class ConsentGiven(_Input):
    """That a person agreed to be recognised.

    Attributes
    ----------
    text_version : str
        Which text they agreed to.
    given_at : datetime
        When; now if left out.
    """

    text_version: Annotated[
        str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]{1,100}$")
    ]
    given_at: Instant | None = None


class ConsentBody(_Body):
    """That a person agreed to be recognised, and whether they still do.

    Attributes
    ----------
    withdrawn_at : datetime or None
        Since then no door opens to them.
    """

    given_at: AwareDatetime | None
    text_version: str | None
    recorded_by: str
    withdrawn_at: AwareDatetime | None


class PersonBody(_Body):
    """A person as programs see them.

    Attributes
    ----------
    photos : int
        How many are indexed.
    wants_more_photos : str or None
        A sentence, if more photos would make recognition surer.
    """

    person_id: str
    full_name: str
    status: PersonStatus
    groups: tuple[str, ...]
    external_id: str | None
    valid_from: AwareDatetime | None
    valid_until: AwareDatetime | None
    consent: ConsentBody | None
    photos: int
    wants_more_photos: str | None
    created_at: AwareDatetime
    updated_at: AwareDatetime | None

    @classmethod
    def of(cls, person: Person) -> Self:
        """Pick what to show of `person`."""
        return cls(
            person_id=person.person_id,
            full_name=person.full_name,
            status=person.status,
            groups=person.groups,
            external_id=person.external_id,
            valid_from=person.valid_from,
            valid_until=person.valid_until,
            consent=ConsentBody(**person.consent.model_dump()) if person.consent else None,
            photos=person.photos,
            wants_more_photos=_wish(person) if person.wants_more_photos else None,
            created_at=person.created_at,
            updated_at=person.updated_at,
        )


class PeopleBody(_Body):
    """A page of the list of people, sorted by name."""

    people: list[PersonBody]
    next_cursor: str | None


class DeletionBody(_Body):
    """The receipt of a deletion.

    Attributes
    ----------
    enrollment_id : str or None
        The photo, where one alone is removed and the person stays.
    faces, photos, enrollments, decisions, audit_records : int
        How many faces were removed, versions of photos deleted, and records freed of what is personal; 0
        until it is finished with them.
    """

    deletion_id: str
    person_id: str
    enrollment_id: str | None
    requested_by: str
    requested_at: AwareDatetime
    finished_at: AwareDatetime | None
    faces: int
    photos: int
    enrollments: int
    decisions: int
    audit_records: int

    @classmethod
    def of(cls, deletion: Deletion) -> Self:
        """Show `deletion`."""
        return cls(**deletion.model_dump(include=set(cls.model_fields)))


class OtherPersonBody(_Body):
    """Another person whom a photo's face resembles."""

    person_id: str
    full_name: str
    similarity: float


class EnrollmentBody(_Body):
    """A photo on its way to a face.

    Attributes
    ----------
    message : str
        How it stands, for a person.
    reason : str or None
        Why it was rejected, for a program.
    resolution_problem : str or None
        Of a held photo: why what was decided last could not be done.
    """

    enrollment_id: str
    status: EnrollmentStatus
    message: str
    reason: str | None
    person_id: str | None
    held_for: OtherPersonBody | None
    resolution_problem: str | None
    file: str | None
    batch_id: str | None
    received_at: AwareDatetime
    finished_at: AwareDatetime | None

    @classmethod
    def of(cls, enrollment: Enrollment) -> Self:
        """Pick what to show of `enrollment`."""
        other = enrollment.held_for
        return cls(
            enrollment_id=enrollment.enrollment_id,
            status=enrollment.status,
            message=_message(enrollment),
            reason=enrollment.rejection,
            person_id=enrollment.person_id,
            resolution_problem=(
                enrollment.resolution_problem if enrollment.status is EnrollmentStatus.HELD else None
            ),
            held_for=OtherPersonBody(**other.model_dump()) if other else None,
            file=enrollment.file,
            batch_id=enrollment.batch_id,
            received_at=enrollment.received_at,
            finished_at=enrollment.finished_at,
        )


class PhotosBody(_Body):
    """A page of the list of a person's photos, whatever became of them."""

    photos: list[EnrollmentBody]
    next_cursor: str | None


class HeldBody(_Body):
    """A page of the list of photos that wait for an operator."""

    enrollments: list[EnrollmentBody]
    next_cursor: str | None


class ResolutionOrder(_Input):
    """What an operator decided about a held photo.

    Attributes
    ----------
    resolution : str
        ``merge``: it is the person's whom it resembles. ``keep_both``: they are two people, and it is the
        one's whom it was given for. ``reject``: it is nobody's photo.
    """

    resolution: Literal["merge", "keep_both", "reject"]


class UploadBody(_Body):
    """A form that puts one photo into S3.

    Attributes
    ----------
    url : str
        Where to post it to, as multipart/form-data.
    fields : dict of str to str
        To be sent with it, all of them and before the file, which is called ``file``.
    enrollment : str
        Where the photo's enrollment can be asked for when S3 has it.
    """

    url: str
    fields: dict[str, str]
    enrollment_id: str
    enrollment: str


class UploadsBody(_Body):
    """Forms that put photos into S3, in the order in which they were asked for."""

    uploads: list[UploadBody]
    max_bytes: int
    expires_at: AwareDatetime


_STANDINGS = {
    EnrollmentStatus.RECEIVED: "The photo is waiting for its turn.",
    EnrollmentStatus.INDEXED: "The photo is indexed: its face counts when the person is recognised.",
    EnrollmentStatus.HELD: "The face resembles another person's. An operator has to say who it is.",
    EnrollmentStatus.REJECTED: "The photo was rejected.",
    EnrollmentStatus.FAILED: "The photo was given up after several attempts. Send it again.",
    EnrollmentStatus.REMOVED: "The photo was removed. It counts no more.",
}


def standing_of(enrollment: Enrollment) -> str:
    """Tell how a photo stands in a sentence that names nobody."""
    return enrollment.rejection.sentence if enrollment.rejection else _STANDINGS[enrollment.status]


_ERASED = "The photo gave a face, and was removed when its person was deleted."


def _message(enrollment: Enrollment) -> str:
    if enrollment.status is EnrollmentStatus.INDEXED and enrollment.person_id is None:
        return _ERASED
    sentence = standing_of(enrollment)
    return f"{sentence} {enrollment.detail}" if enrollment.detail else sentence


def _wish(person: Person) -> str:
    photos = (
        "no photo" if not person.photos else "1 photo" if person.photos == 1 else f"{person.photos} photos"
    )
    return (
        f"{person.full_name} has {photos}; with {ENOUGH_PHOTOS} or more, taken on different days and in "
        "different light, recognition is surer."
    )
