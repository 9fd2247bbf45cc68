"""What the lips do, from landmarks. Eyes are left out: neither points nor a network here tell reliably.

(The npm package's network for eyes took 8 % of open eyes for closed and 24 % of closed eyes for open.)
"""

from dataclasses import dataclass

import numpy as np

from localaws.rekognition.engine.pose import Pose
from localaws.rekognition.engine.types import Floats

#: Inner lips, upper over lower, and the corners between which they part.
_UPPER_LIP, _LOWER_LIP = [61, 62, 63], [67, 66, 65]
_CORNERS = 60, 64

#: How far the lips are apart, in widths of the inner mouth, of a closed mouth at most and of an open one
#: at least. Of 100 photos looked at one by one, 24 of the 25 below show closed lips and 17 of the 18
#: above show teeth or a gap, one each being too blurred to tell; the others between are a mixture.
_CLOSED_AT_MOST = 0.025
_OPEN_AT_LEAST = 0.20
_CONFIDENCE = 90.0

#: Degrees of yaw or pitch beyond which lips are seen from too far aside.
_WIDEST_TURN = 30.0

#: Distance of the mouth's corners, pixels, below which its points are guesses.
_SMALLEST_MOUTH = 12.0


@dataclass(frozen=True, slots=True)
class Observation:
    """Something seen in a face: whether it is so, and how sure that is, percent."""

    value: bool
    confidence: float


def observe_mouth(points: Floats, pose: Pose) -> Observation | None:
    """Tell whether a mouth is open.

    Parameters
    ----------
    points : ndarray, shape (68, 2)
        Landmarks in pixels.
    pose : Pose

    Returns
    -------
    Observation, optional
        None where the points or the pose do not tell.
    """
    width = float(np.linalg.norm(points[_CORNERS[1]] - points[_CORNERS[0]]))
    if max(abs(pose.yaw), abs(pose.pitch)) > _WIDEST_TURN or width < _SMALLEST_MOUTH:
        return None
    apart = float(np.linalg.norm(points[_UPPER_LIP] - points[_LOWER_LIP], axis=1).mean()) / width
    if apart <= _CLOSED_AT_MOST:
        return Observation(value=False, confidence=_CONFIDENCE)
    if apart >= _OPEN_AT_LEAST:
        return Observation(value=True, confidence=_CONFIDENCE)
    return None
