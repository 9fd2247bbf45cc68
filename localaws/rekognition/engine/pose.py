"""Where a face looks, from its landmarks."""

from dataclasses import dataclass

import cv2
import numpy as np

from localaws.rekognition.engine.types import Floats

#: Nose tip, chin, outer eye corners and mouth corners of an average head, millimetres, x to the
#: image's right, y down, z away from the camera: vertices 1, 152, 33, 263, 61 and 291 of MediaPipe's
#: canonical face model. On 100 photos it reads a median yaw of -2 and a median pitch of 1 degree.
_HEAD = np.array(
    [
        [0.0, 0.0, 0.0],
        [0.0, 82.8, 32.1],
        [-44.5, -37.9, 43.0],
        [44.5, -37.9, 43.0],
        [-24.6, 32.2, 31.9],
        [24.6, 32.2, 31.9],
    ]
)
_HEAD_POINTS = [30, 8, 36, 45, 48, 54]

#: Focal length assumed, in extents of the six points: a head that fills a quarter of the view. A
#: single picture does not tell; between 2 and 8 the angles change by two degrees.
_FOCAL_EXTENTS = 4.0


@dataclass(frozen=True, slots=True)
class Pose:
    """Angles in degrees, with Rekognition's signs.

    Attributes
    ----------
    yaw : float
        Positive when the face turns to the image's right.
    pitch : float
        Positive when it looks up.
    roll : float
        Positive when it tilts clockwise in the image.
    """

    yaw: float
    pitch: float
    roll: float


def estimate_pose(points: Floats) -> Pose:
    """Estimate the pose of a face from its 68 points (68, 2), in pixels, by perspective-n-point."""
    image_points = points[_HEAD_POINTS].astype(np.float64)
    centre = image_points.mean(axis=0)
    focal = _FOCAL_EXTENTS * max(float(np.ptp(image_points, axis=0).max()), 1.0)
    camera = np.array([[focal, 0, centre[0]], [0, focal, centre[1]], [0, 0, 1]])
    # Starting from a head that looks straight ahead keeps the solver off the mirrored solution.
    ahead, distance = np.zeros((3, 1)), np.array([[0.0], [0.0], [120.0 * _FOCAL_EXTENTS]])
    _, rotation, _ = cv2.solvePnP(
        _HEAD, image_points, camera, None, ahead, distance, True, cv2.SOLVEPNP_ITERATIVE
    )
    matrix = np.asarray(cv2.Rodrigues(rotation)[0], np.float64)
    gaze, across = -matrix[:, 2], matrix[:, 0]
    return Pose(
        yaw=float(np.degrees(np.arctan2(gaze[0], -gaze[2]))),
        pitch=float(np.degrees(np.arcsin(np.clip(-gaze[1], -1, 1)))),
        roll=float(np.degrees(np.arctan2(across[1], across[0]))),
    )
