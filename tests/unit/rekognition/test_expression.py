"""What a face does."""

import numpy as np
import pytest

from localaws.rekognition.engine import Pose
from localaws.rekognition.engine.expression import observe_mouth

AHEAD = Pose(yaw=0, pitch=0, roll=0)


def _mouth(apart, width=60.0):
    """Landmarks whose inner lips are `apart` widths apart."""
    points = np.zeros((68, 2), np.float32)
    points[60:68, 0] = [0, width / 4, width / 2, 3 * width / 4, width, 3 * width / 4, width / 2, width / 4]
    points[[65, 66, 67], 1] = apart * width
    return points


@pytest.mark.parametrize(("apart", "is_open"), [(0.0, False), (0.02, False), (0.25, True), (0.8, True)])
def test_lips_together_or_far_apart_tell(apart, is_open):
    observation = observe_mouth(_mouth(apart), AHEAD)

    assert observation is not None
    assert observation.value is is_open
    assert 50 < observation.confidence <= 100


@pytest.mark.parametrize(
    ("points", "pose"),
    [
        (_mouth(0.1), AHEAD),
        (_mouth(0.0), Pose(yaw=45, pitch=0, roll=0)),
        (_mouth(0.5), Pose(yaw=0, pitch=-40, roll=0)),
        (_mouth(0.5, width=6), AHEAD),
    ],
    ids=["a little apart", "turned aside", "looking down", "tiny"],
)
def test_where_it_cannot_be_seen_nothing_is_said(points, pose):
    assert observe_mouth(points, pose) is None


def test_grace_hopper_keeps_her_mouth_shut(engine, grace):
    observation = engine.analyze(grace)[0].mouth_open

    assert observation is None or not observation.value
