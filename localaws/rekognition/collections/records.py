"""What is kept about a collection and about a face."""

from dataclasses import dataclass, field
from datetime import datetime

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
    """

    sequence: int
    face_id: str
    image_id: str
    external_image_id: str | None
    box: RelativeBox
    confidence: float
