"""Finds faces in pictures and turns them into vectors; no HTTP, no AWS."""

from localaws.rekognition.engine.decoding import decode_image
from localaws.rekognition.engine.errors import (
    EngineError,
    ImageDimensionsError,
    InvalidImageError,
    PackError,
)
from localaws.rekognition.engine.expression import Observation
from localaws.rekognition.engine.face_engine import DetectedFace, FaceEngine
from localaws.rekognition.engine.geometry import Box
from localaws.rekognition.engine.pose import Pose
from localaws.rekognition.engine.quality import Quality, QualityReason
from localaws.rekognition.engine.types import Floats, Pixels

__all__ = [
    "Box",
    "DetectedFace",
    "EngineError",
    "FaceEngine",
    "Floats",
    "ImageDimensionsError",
    "InvalidImageError",
    "Observation",
    "PackError",
    "Pixels",
    "Pose",
    "Quality",
    "QualityReason",
    "decode_image",
]
