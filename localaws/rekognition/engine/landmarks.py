"""The 68 points of a face, in the iBUG 300-W order.

0-16 jaw from the image's left to its right, 17-21 and 22-26 brows, 27-35 nose, 36-41 and 42-47
eyes, 48-59 outer lips, 60-67 inner lips.
"""

from pathlib import Path

import numpy as np

from localaws.rekognition.engine.geometry import Box, crop_grey_square, square_around
from localaws.rekognition.engine.onnx_model import OnnxModel
from localaws.rekognition.engine.packs.manifest import LandmarkModel
from localaws.rekognition.engine.types import Floats, Pixels

POINTS = 68


class LandmarkLocator:
    """Places the 68 points in the square around a detected face."""

    def __init__(self, pack_dir: Path, model: LandmarkModel) -> None:
        self._model = model
        self._network = OnnxModel(pack_dir / model.file)

    def locate(self, pixels: Pixels, box: Box) -> Floats:
        """Return the points of the face in `box`: (68, 2), float32, x and y in the picture's pixels."""
        model = self._model
        square = square_around(box, model.box_scale, model.box_shift_down)
        grey = crop_grey_square(pixels, square, model.size)
        blob = (grey.astype(np.float32) / model.scale)[None, None]
        fractions = self._network.run(blob)[0].reshape(POINTS, 2)
        return fractions * np.float32(square.side) + np.array([square.left, square.top], np.float32)

    def stays(self, pixels: Pixels, box: Box, points: Floats) -> bool:
        """Tell whether a box holds a face: its points stay put when the box is moved and scaled."""
        here = five_points(points)
        eye_distance = float(np.hypot(*(here[0] - here[1])))
        # A smaller box, moved towards a corner, tells as much as that and a larger one together.
        there = five_points(self.locate(pixels, _moved(box, -0.08, 0.04, 0.9)))
        drift = float(np.hypot(*(there - here).T).mean())
        return drift <= self._model.max_drift * eye_distance


def _moved(box: Box, right: float, down: float, scale: float) -> Box:
    """Move a box by fractions of its sides and scale it around its centre."""
    x, y = box.center
    width, height = box.width * scale, box.height * scale
    return Box(x + right * box.width - width / 2, y + down * box.height - height / 2, width, height)


def five_points(points: Floats) -> Floats:
    """Return both eye centres, nose tip and mouth corners, (5, 2), from the 68 points."""
    return np.array(
        [points[36:42].mean(axis=0), points[42:48].mean(axis=0), points[30], points[48], points[54]]
    )
