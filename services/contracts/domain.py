"""What is stored and decided: people, faces, enrollments and decisions."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    computed_field,
    model_validator,
)

from services.contracts.reasons import DecisionReason, Outcome, RejectionReason

#: Ids travel in URLs, S3 keys and log lines.
Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]


def _in_our_time(instant: datetime) -> datetime:
    if not _FIRST_YEAR <= instant.year <= _LAST_YEAR:
        raise ValueError(f"give a year from {_FIRST_YEAR} to {_LAST_YEAR}")
    return instant


_FIRST_YEAR, _LAST_YEAR = 2000, 2200
#: With a time zone, and so far from the calendar's ends that days can be counted from it.
Instant = Annotated[AwareDatetime, AfterValidator(_in_our_time)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class PersonStatus(StrEnum):
    """Whether a person may be recognised at all."""

    ACTIVE = "active"
    DISABLED = "disabled"
    DELETING = "deleting"


#: With fewer photos a person is recognised less surely (docs/recognition-accuracy.md).
ENOUGH_PHOTOS = 3


class Consent(_Record):
    """That a person agreed to be recognised, and whether they still do.

    Attributes
    ----------
    given_at : datetime, optional
        None where none was recorded before it was withdrawn.
    text_version : str, optional
        Which text they agreed to.
    recorded_by : str
        Who wrote it down last.
    withdrawn_at : datetime, optional
        Since then no door opens to them.
    """

    given_at: Instant | None = None
    text_version: str | None = None
    recorded_by: str
    withdrawn_at: Instant | None = None

    @property
    def withdrawn(self) -> bool:
        """Whether they do not agree any more."""
        return self.withdrawn_at is not None


class Person(_Record):
    """Someone enrolled.

    Attributes
    ----------
    groups : tuple of str
        What the person belongs to, for the doors' rules.
    external_id : str, optional
        Their number in somebody else's system.
    valid_from, valid_until : datetime, optional
        They pass no door before the first, nor from the second on.
    consent : Consent, optional
        None where nothing was recorded: Facegate does not ask for it, but keeps to its withdrawal.
    photos : int
        How many of their photos are indexed.
    version : int
        Counts the changes, so that nobody overwrites another's unseen.
    deletion_id : str, optional
        The deletion that removes them, while it is not finished.
    """

    person_id: str
    full_name: str
    status: PersonStatus = PersonStatus.ACTIVE
    groups: tuple[str, ...] = ()
    external_id: str | None = None
    valid_from: Instant | None = None
    valid_until: Instant | None = None
    consent: Consent | None = None
    photos: int = Field(default=0, ge=0)
    created_at: AwareDatetime
    updated_at: AwareDatetime | None = None
    version: int = Field(default=1, ge=1)
    deletion_id: str | None = None

    @property
    def wants_more_photos(self) -> bool:
        """Whether more photos would make recognition surer."""
        return self.photos < ENOUGH_PHOTOS

    @property
    def may_be_recognised(self) -> bool:
        """Whether rules decide at all: they are active, and have not withdrawn their consent."""
        return self.status is PersonStatus.ACTIVE and not (self.consent and self.consent.withdrawn)

    def withdrawn_consent(self, recorded_by: str, now: datetime) -> Consent:
        """Make the consent of this person when they agree no more; the first withdrawal stands."""
        standing = self.consent or Consent(recorded_by=recorded_by)
        if standing.withdrawn:
            return standing
        return standing.model_copy(update={"withdrawn_at": now, "recorded_by": recorded_by})


class Face(_Record):
    """One indexed face of the collection, keyed by Rekognition's FaceId."""

    face_id: str
    person_id: str
    full_name: str
    enrollment_id: str
    indexed_at: AwareDatetime


class FaceMatch(_Record):
    """A face of the collection that resembles the searched one.

    Attributes
    ----------
    similarity : float
        Rekognition's percentage, 0 to 100.
    external_id : str, optional
        Rekognition's ExternalImageId: the person whom the face was indexed for. The table of faces is what
        counts; this tells whom to read along with it.
    user_id : str, optional
        Rekognition's user that the face is associated with.
    """

    face_id: str
    external_id: str | None = None
    user_id: str | None = None
    similarity: float = Field(ge=0, le=100)


class UserMatch(_Record):
    """A user of the collection, all photos of one person together, who resembles the searched face.

    Attributes
    ----------
    person_id : str
        Rekognition's UserId, which is the person's id.
    similarity : float
        Rekognition's percentage, 0 to 100.
    """

    person_id: str
    similarity: float = Field(ge=0, le=100)


class Matched(StrEnum):
    """What of a person resembled the frame."""

    #: Rekognition's user: all of the person's photos together.
    USER = "user"
    #: One face of the collection: a single photo.
    FACE = "face"


class EnrollmentStatus(StrEnum):
    """Where a photo is on its way to a face."""

    RECEIVED = "received"
    INDEXED = "indexed"
    HELD = "held"
    REJECTED = "rejected"
    FAILED = "failed"
    REMOVED = "removed"


class Resemblance(_Record):
    """Another person whom a new face resembles: an operator has to say who it is.

    Attributes
    ----------
    similarity : float
        Rekognition's percentage, 0 to 100.
    """

    person_id: str
    full_name: str
    similarity: float = Field(ge=0, le=100)


class Enrollment(_Record):
    """Turning one photo into one face of one person.

    Attributes
    ----------
    key : str
        Where the photo lies now: as it was uploaded until it is indexed or held, then as it is kept.
    original_key : str, optional
        Where the file lies as it was uploaded, if that is kept beside the photo.
    submitted_at : datetime, optional
        When the batch that sent the photo was begun, or the form that put it was signed, by its uploader's
        clock.
    sha256 : str, optional
        Of the uploaded file, 64 hexadecimal digits.
    batch_id, file : str, optional
        The batch it came with, and the file's name there.
    held_for : Resemblance, optional
        Whom the face resembles although the photo was given for somebody else.
    detail : str, optional
        A sentence beside the rejection's own, with figures or names.
    attempts : int
        How often it was begun.
    begun_at : datetime, optional
        When that was last; None of a photo that was announced and that no worker has taken yet.
    deletion_id : str, optional
        The deletion that removes the photo, until it is done.
    resolution_problem : str, optional
        Of a held photo: why what an operator decided last could not be done, in a sentence.
    """

    enrollment_id: str
    status: EnrollmentStatus
    bucket: str
    key: str
    original_key: str | None = None
    received_at: AwareDatetime
    submitted_at: AwareDatetime | None = None
    finished_at: AwareDatetime | None = None
    full_name: str | None = None
    person_id: str | None = None
    face_id: str | None = None
    rejection: RejectionReason | None = None
    detail: str | None = None
    held_for: Resemblance | None = None
    sha256: str | None = None
    batch_id: str | None = None
    file: str | None = None
    attempts: int = Field(default=0, ge=0)
    begun_at: AwareDatetime | None = None
    deletion_id: str | None = None
    resolution_problem: str | None = None

    @property
    def finished(self) -> bool:
        """Whether nothing will happen to it any more, unless an operator says so."""
        return self.status is not EnrollmentStatus.RECEIVED

    @property
    def asked_for_at(self) -> AwareDatetime:
        """When somebody wanted the photo enrolled; S3's time bounds what an uploader's clock says."""
        return min(self.received_at, self.submitted_at or self.received_at)


class Batch(_Record):
    """Many enrollments submitted together.

    Attributes
    ----------
    name : str
        What the operator calls it: the folder or file it came from.
    photos : int
        How many photos were announced.
    """

    batch_id: str
    name: str
    photos: int = Field(ge=0)
    created_at: AwareDatetime


class Removed(StrEnum):
    """What a deletion removes, as its receipt counts it."""

    FACES = "faces"
    PHOTOS = "photos"
    ENROLLMENTS = "enrollments"
    DECISIONS = "decisions"
    AUDIT_RECORDS = "audit_records"


class Deletion(_Record):
    """The removal of a person, or of one photo: what was asked for, and the receipt of what is gone.

    Attributes
    ----------
    enrollment_id : str, optional
        The photo, where one alone is removed and the person stays.
    faces, photos, enrollments, decisions, audit_records : int
        How many faces were removed from the collection, object versions from S3, and records whose personal
        fields were removed.
    """

    deletion_id: str
    person_id: str
    enrollment_id: str | None = None
    requested_at: AwareDatetime
    requested_by: str
    finished_at: AwareDatetime | None = None
    faces: int = 0
    photos: int = 0
    enrollments: int = 0
    decisions: int = 0
    audit_records: int = 0


class Scope(StrEnum):
    """What the holder of a token, or an operator by their role, is allowed."""

    PEOPLE_READ = "people:read"
    PEOPLE_WRITE = "people:write"
    #: Looking at the pictures themselves; each look is in the audit trail.
    PHOTOS_READ = "photos:read"
    BATCHES_WRITE = "batches:write"
    DECISIONS_READ = "decisions:read"
    #: Zones, doors, rules and holidays.
    ACCESS_READ = "access:read"
    ACCESS_WRITE = "access:write"
    #: Lockdown, and the emergency that opens or locks all doors.
    EMERGENCY = "emergency"
    KIOSKS_READ = "kiosks:read"
    KIOSKS_WRITE = "kiosks:write"
    OPERATORS_WRITE = "operators:write"
    TOKENS_WRITE = "tokens:write"
    AUDIT_READ = "audit:read"
    #: How the machinery does: queues and their dead letters, workers, figures, costs, drift.
    OPERATIONS_READ = "operations:read"
    OPERATIONS_WRITE = "operations:write"


class IssuedToken(_Record):
    """The record of an API token.

    Attributes
    ----------
    name : str
        What the operator calls the program that has it.
    token_sha256 : str
        SHA-256 of the token, 64 hexadecimal digits. The token itself is shown once and not kept.
    created_by : str, optional
        Who issued it through the API.
    expires_at : datetime, optional
        When it ends by itself.
    """

    token_id: Identifier
    name: str
    scopes: tuple[Scope, ...]
    token_sha256: str = Field(repr=False)
    created_at: AwareDatetime
    created_by: str | None = None
    expires_at: AwareDatetime | None = None


def majority(frames: int) -> int:
    """How many of so many frames must show the same person for the door to open."""
    return frames // 2 + 1


class Decision(_Record):
    """The result of a recognition; written once, never changed.

    Attributes
    ----------
    similarity, threshold : float
        Percentages, 0 to 100; ``similarity`` is the best match's, also when it did not suffice.
    matched : Matched, optional
        What that best match was; None in decisions written before users were searched, which are on faces.
    face_id : str, optional
        The face, where the best match was one.
    frames : int
        How many pictures the kiosk sent of this visitor.
    person_deleted_at : datetime, optional
        When the person was deleted on request: since then the decision names nobody, also where it granted.
    agreed : int, optional
        How many of those that were looked at showed one and the same person, each by itself: the one whom
        most of them showed. Looking ends when the outcome is known, so three frames may be decided by
        the first two. None where they were not judged: expired, unknown kiosk, internal error.
    rule_id : str, optional
        The rule that let the person in; None in decisions written before there were rules.
    timings_ms : dict of str to float
        How long each step took, in milliseconds.
    """

    recognition_id: str
    reason: DecisionReason
    kiosk_id: str
    door_id: str | None = None
    person_id: str | None = None
    full_name: str | None = None
    matched: Matched | None = None
    face_id: str | None = None
    person_deleted_at: AwareDatetime | None = None
    similarity: float | None = Field(default=None, ge=0, le=100)
    threshold: float = Field(ge=0, le=100)
    frames: int = Field(default=1, ge=1)
    agreed: int | None = Field(default=None, ge=0)
    rule_id: str | None = None
    received_at: AwareDatetime
    decided_at: AwareDatetime
    timings_ms: dict[str, float] = {}

    @computed_field
    @property
    def outcome(self) -> Outcome:
        """What the door does; follows from the reason, so the two never disagree."""
        return self.reason.outcome

    @model_validator(mode="after")
    def _granted_names_its_evidence(self) -> Self:
        if self.outcome is not Outcome.GRANTED or self.person_deleted_at is not None:
            return self
        shown = self.matched is Matched.USER or self.face_id
        if not (self.person_id and shown and self.similarity):
            raise ValueError("a granted decision names person_id, similarity, and face_id or a matched user")
        return self

    @model_validator(mode="after")
    def _a_face_is_named_where_one_matched(self) -> Self:
        if self.matched is Matched.USER and self.face_id is not None:
            raise ValueError("where a user matched, no single face did")
        return self

    @model_validator(mode="after")
    def _granted_by_a_majority(self) -> Self:
        if self.agreed is not None and self.agreed > self.frames:
            raise ValueError("no more frames agree than were sent")
        # a decision written before frames were counted is one on one frame
        agreed = int(self.frames == 1) if self.agreed is None else self.agreed
        if self.outcome is Outcome.GRANTED and agreed < majority(self.frames):
            raise ValueError("a granted decision has more than half of its frames agreeing")
        return self
