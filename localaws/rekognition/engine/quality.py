"""How good the picture of a face is, and whether it suffices."""

from dataclasses import dataclass
from enum import StrEnum

import cv2

from localaws.rekognition.engine.geometry import Box, crop_grey_square, square_around
from localaws.rekognition.engine.pose import Pose
from localaws.rekognition.engine.types import CvArray, Pixels

#: Side of the grey square that sharpness and brightness are read from, pixels.
_SAMPLE_SIZE = 96

#: Laplacian variance over contrast variance at which Sharpness reads 50.
_HALF_SHARP = 0.02


#: Longer side of a webcam's frame, pixels.
_USUAL_PICTURE_SIDE = 640


@dataclass(frozen=True, slots=True)
class Quality:
    """Rekognition's ImageQuality: both 0 to 100."""

    brightness: float
    sharpness: float


class QualityReason(StrEnum):
    """Why a face is not good enough; Rekognition's words."""

    EXTREME_POSE = "EXTREME_POSE"
    LOW_BRIGHTNESS = "LOW_BRIGHTNESS"
    LOW_SHARPNESS = "LOW_SHARPNESS"
    LOW_CONFIDENCE = "LOW_CONFIDENCE"
    SMALL_BOUNDING_BOX = "SMALL_BOUNDING_BOX"
    LOW_FACE_QUALITY = "LOW_FACE_QUALITY"


@dataclass(frozen=True, slots=True)
class QualityBar:
    """The least that is accepted.

    Attributes
    ----------
    confidence, brightness, sharpness : float
        Percentages.
    side : float
        Smaller side of the box in pixels, in a picture whose longer side is 640 or less; in a larger
        one it grows along, so that people in the background stay background.
    turn : float
        Largest yaw or pitch in degrees, to either side.
    worth : float
        Of the embedding: 1 for a good photo.
    """

    confidence: float
    brightness: float
    sharpness: float
    side: float
    turn: float
    worth: float


#: Rekognition's QualityFilter. AWS publishes no numbers; these stand where recognition was measured
#: to begin failing (AUTO and LOW), and where enrolment photos are good (MEDIUM, HIGH).
QUALITY_BARS = {
    "NONE": QualityBar(confidence=0, brightness=0, sharpness=0, side=0, turn=180, worth=0),
    "LOW": QualityBar(confidence=65, brightness=8, sharpness=5, side=32, turn=60, worth=0.4),
    "AUTO": QualityBar(confidence=75, brightness=12, sharpness=10, side=40, turn=45, worth=0.5),
    "MEDIUM": QualityBar(confidence=85, brightness=20, sharpness=20, side=56, turn=35, worth=0.65),
    "HIGH": QualityBar(confidence=95, brightness=28, sharpness=35, side=80, turn=25, worth=0.8),
}


def measure_quality(pixels: Pixels, box: Box) -> Quality:
    """Measure the inner part of a face in an RGB picture (height, width, 3)."""
    grey = crop_grey_square(pixels, square_around(box, 0.8, 0.0), _SAMPLE_SIZE)
    mean, contrast = _mean_and_variance(grey)
    # Edges count relative to the contrast: a dim but sharp face has small gradients too.
    detail = _mean_and_variance(cv2.Laplacian(grey, cv2.CV_32F))[1] / max(contrast, 1.0)
    return Quality(brightness=mean / 2.55, sharpness=100 * detail / (detail + _HALF_SHARP))


def _mean_and_variance(values: CvArray) -> tuple[float, float]:
    mean, deviation = cv2.meanStdDev(values)
    return float(mean[0, 0]), float(deviation[0, 0]) ** 2


def quality_reasons(
    bar: QualityBar,
    *,
    confidence: float,
    box: Box,
    picture_side: int,
    pose: Pose,
    quality: Quality,
    worth: float,
) -> list[QualityReason]:
    """Name everything about a face that stays below `bar`; empty when it suffices.

    Parameters
    ----------
    picture_side : int
        The longer side of the picture, pixels; the other parameters describe the face.
    """
    least_side = bar.side * max(1.0, picture_side / _USUAL_PICTURE_SIDE)
    failed = {
        QualityReason.SMALL_BOUNDING_BOX: box.side < least_side,
        QualityReason.LOW_CONFIDENCE: confidence < bar.confidence,
        QualityReason.LOW_BRIGHTNESS: quality.brightness < bar.brightness,
        QualityReason.LOW_SHARPNESS: quality.sharpness < bar.sharpness,
        QualityReason.EXTREME_POSE: max(abs(pose.yaw), abs(pose.pitch)) > bar.turn,
        QualityReason.LOW_FACE_QUALITY: worth < bar.worth,
    }
    return [reason for reason, true in failed.items() if true]
