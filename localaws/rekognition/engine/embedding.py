"""From a face in a picture to a vector that tells people apart."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from localaws.rekognition.engine.geometry import similarity_transform
from localaws.rekognition.engine.landmarks import five_points
from localaws.rekognition.engine.onnx_model import OnnxModel
from localaws.rekognition.engine.packs.manifest import EmbeddingModel
from localaws.rekognition.engine.types import CvArray, Floats, Pixels

CHIP_SIZE = 112

#: Eye centres, nose tip and mouth corners in a 112 x 112 chip, x and y in pixels: the template of
#: ArcFace (Deng et al. 2019), as InsightFace publishes it.
ARCFACE_TEMPLATE = np.array(
    [
        [38.2946, 51.6963],
        [73.5318, 51.5014],
        [56.0252, 71.7366],
        [41.5493, 92.3655],
        [70.7299, 92.2041],
    ],
    np.float32,
)


def align(pixels: Pixels, points: Floats) -> CvArray:
    """Turn, scale and cut a face so that its features stand where the network learned them.

    Parameters
    ----------
    pixels : ndarray, shape (height, width, 3), dtype uint8
        RGB picture.
    points : ndarray, shape (68, 2)
        Landmarks in pixels.

    Returns
    -------
    ndarray, shape (112, 112, 3), dtype uint8
        RGB chip, black where the picture ends.
    """
    transform = similarity_transform(five_points(points), ARCFACE_TEMPLATE)
    shrink = 1 / float(np.hypot(transform[0, 0], transform[1, 0]))
    if shrink > 2:
        return _warp_smoothed(pixels, transform, shrink)
    return cv2.warpAffine(pixels, transform, (CHIP_SIZE, CHIP_SIZE), flags=cv2.INTER_LINEAR)


def _warp_smoothed(pixels: Pixels, transform: Floats, shrink: float) -> CvArray:
    """Warp with a blur first, of the region needed, so that shrinking more than 2x does not alias."""
    corners = np.array([[0, 0, 1], [CHIP_SIZE, 0, 1], [0, CHIP_SIZE, 1], [CHIP_SIZE, CHIP_SIZE, 1]])
    reached = corners @ np.asarray(cv2.invertAffineTransform(transform)).T
    margin = int(3 * shrink) + 2
    height, width = pixels.shape[:2]
    left, top = (np.maximum(np.floor(reached.min(axis=0)).astype(int) - margin, 0)).tolist()
    right, bottom = (reached.max(axis=0).astype(int) + margin).tolist()
    region = pixels[top : min(bottom, height), left : min(right, width)]
    if region.size == 0:
        return np.zeros((CHIP_SIZE, CHIP_SIZE, 3), np.uint8)
    smooth = cv2.GaussianBlur(region, (0, 0), shrink * 0.35)
    moved = transform.copy()
    moved[:, 2] += transform[:, :2] @ np.array([left, top])
    return cv2.warpAffine(smooth, moved, (CHIP_SIZE, CHIP_SIZE), flags=cv2.INTER_LINEAR)


class FaceEmbedder:
    """Runs the recognition network on an aligned chip."""

    def __init__(self, pack_dir: Path, model: EmbeddingModel) -> None:
        self._model = model
        self._network = OnnxModel(pack_dir / model.file)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._model.dimension

    def embed(self, chip: CvArray) -> "Embedding":
        """Turn an RGB chip (112, 112, 3) into a vector."""
        model = self._model
        blob = cv2.dnn.blobFromImage(
            chip, 1 / model.scale, mean=(model.mean,) * 3, swapRB=model.channels == "BGR"
        )
        vector = self._network.run(blob.astype(np.float32, copy=False))[0][0]
        norm = float(np.linalg.norm(vector))
        return Embedding(vector / np.float32(norm), norm / model.good_norm)


@dataclass(frozen=True, slots=True)
class Embedding:
    """What the recognition network made of a face.

    Attributes
    ----------
    vector : ndarray, shape (dimension,), dtype float32
        Of length 1.
    worth : float
        How much of a face the network saw: about 1 for a good photo, less for a poor one.
    """

    vector: Floats
    worth: float
