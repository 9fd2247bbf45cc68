"""What the operations work with."""

import os
from dataclasses import dataclass, field
from threading import BoundedSemaphore
from typing import Any

from localaws.rekognition.collections import FaceCollections
from localaws.rekognition.engine import DetectedFace, FaceEngine, QualityReason
from localaws.rekognition.protocol.errors import invalid_parameter
from localaws.rekognition.protocol.images import ImageReader, decode

DEFAULT_THRESHOLD = 80.0
DEFAULT_MATCHES = 80

#: "DetectFaces detects the 100 largest faces in the image", and so do the others.
MAX_DETECTED_FACES = 100


def _one_a_core() -> BoundedSemaphore:
    return BoundedSemaphore(len(os.sched_getaffinity(0)))


@dataclass(frozen=True, slots=True)
class Service:
    """The parts of one server.

    Attributes
    ----------
    computing
        Held while faces are analysed, by as many requests as there are cores: with more, whoever holds
        the interpreter is pushed off its core by those who compute without it, and all wait. It is not
        held by who waits for S3 or for other changes.
    """

    engine: FaceEngine
    collections: FaceCollections
    images: ImageReader
    account_id: str
    computing: BoundedSemaphore = field(default_factory=_one_a_core)


@dataclass(frozen=True, slots=True)
class Call:
    """One request.

    Attributes
    ----------
    parameters : dict
        The operation's parameters, validated.
    region : str
        AWS region for ARNs.
    """

    parameters: dict[str, Any]
    region: str


def analyze(service: Service, data: bytes) -> list[DetectedFace]:
    """Find the faces of an image file, at most 100, the most prominent first."""
    return service.engine.analyze(decode(data))[:MAX_DETECTED_FACES]


def most_prominent_face(
    service: Service, data: bytes, quality_filter: str, image_name: str = "image"
) -> DetectedFace:
    """Return the face that a picture is about.

    Raises
    ------
    ServiceError
        InvalidParameterException where there is none, or none good enough for the filter.
    """
    shortcomings: list[QualityReason] = []
    for face in service.engine.prominent_faces(decode(data)):
        its_own = face.shortcomings(quality_filter)
        if not its_own:
            return face
        shortcomings = shortcomings or its_own
    if not shortcomings:
        raise invalid_parameter(f"There are no faces in the {image_name}. Should be at least 1.")
    raise invalid_parameter(
        f"The faces in the {image_name} do not meet the quality filter {quality_filter}: "
        + ", ".join(shortcomings)
    )
