"""What is kept about a collection, a face and a user, and what is found."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from localaws.rekognition.engine import Floats


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection as described.

    Attributes
    ----------
    created_at : datetime
        In UTC.
    """

    collection_id: str
    face_model_version: str
    created_at: datetime
    face_count: int
    user_count: int


@dataclass(frozen=True, slots=True)
class RelativeBox:
    """Where a face stood, in fractions of the picture's width and height."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class NewFace:
    """A face to be added.

    Attributes
    ----------
    vector : ndarray, shape (dimension,), dtype float32
        Of length 1.
    confidence : float
        Percent.
    """

    box: RelativeBox
    confidence: float
    vector: Floats = field(repr=False)


@dataclass(frozen=True, slots=True)
class FaceRecord:
    """A face of a collection, without its vector.

    Attributes
    ----------
    sequence : int
        Its place in the order of indexing.
    user_id : str, optional
        Whom it is associated with.
    """

    sequence: int
    face_id: str
    image_id: str
    external_image_id: str | None
    box: RelativeBox
    confidence: float
    user_id: str | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """A face found, and the cosine between its vector and the one searched for."""

    face: FaceRecord
    cosine: float


class UserStatus(StrEnum):
    """AWS's UserStatus, of which two are seen here: a change is complete when its call returns."""

    CREATED = "CREATED"
    ACTIVE = "ACTIVE"


@dataclass(frozen=True, slots=True)
class UserRecord:
    """A user of a collection: CREATED while no face is associated, then ACTIVE."""

    user_id: str
    status: UserStatus


@dataclass(frozen=True, slots=True)
class UserMatch:
    """A user found, and the cosine between the user's vector and the one searched for."""

    user_id: str
    status: UserStatus
    cosine: float


class AssociationFailure(StrEnum):
    """AWS's reasons why a face was neither associated nor disassociated."""

    FACE_NOT_FOUND = "FACE_NOT_FOUND"
    ASSOCIATED_TO_A_DIFFERENT_USER = "ASSOCIATED_TO_A_DIFFERENT_USER"
    LOW_MATCH_CONFIDENCE = "LOW_MATCH_CONFIDENCE"


@dataclass(frozen=True, slots=True)
class UnchangedFace:
    """A face that an association or disassociation left as it was.

    Attributes
    ----------
    user_id : str, optional
        The user that the face belongs to, where that is the reason.
    cosine : float, optional
        Between face and user, where that is the reason.
    """

    face_id: str
    user_id: str | None
    cosine: float | None
    reasons: tuple[AssociationFailure, ...]


@dataclass(frozen=True, slots=True)
class Association:
    """What came of associating faces with a user, in the order asked for."""

    associated: list[str]
    unsuccessful: list[UnchangedFace]
    status: UserStatus


@dataclass(frozen=True, slots=True)
class Disassociation:
    """What came of disassociating faces from a user, in the order asked for."""

    disassociated: list[str]
    unsuccessful: list[UnchangedFace]
    status: UserStatus
