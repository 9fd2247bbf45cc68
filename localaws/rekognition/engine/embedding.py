"""From a face in a picture to a vector that tells people apart."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from localaws.rekognition.engine.geometry import invert_transform, similarity_transform
from localaws.rekognition.engine.landmarks import POINTS
from localaws.rekognition.engine.onnx_model import OnnxModel
from localaws.rekognition.engine.packs.manifest import Anchor, EmbeddingModel
from localaws.rekognition.engine.types import CvArray, Floats, Pixels


@dataclass(frozen=True, slots=True)
class Embedding:
    """What the recognition network made of a face.

    Attributes
    ----------
    vector : ndarray, shape (dimension,), dtype float32
        Of length 1.
    worth : float
        How much of a face the network saw: about 1 for a good photo, less for a poor one; 1 where
        the pack does not say how to tell.
    """

    vector: Floats
    worth: float


class FaceEmbedder:
    """Aligns faces and runs the recognition network on them."""

    def __init__(self, pack_dir: Path, model: EmbeddingModel) -> None:
        self._model = model
        self._network = OnnxModel(pack_dir / model.file)
        self._features = _features_of(model.anchors)
        self._template = np.array([[anchor.x, anchor.y] for anchor in model.anchors], np.float32)
        mean = model.mean if isinstance(model.mean, tuple) else (model.mean,) * 3
        self._mean = mean

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._model.dimension

    def alignment(self, points: Floats) -> Floats:
        """Return the transform that brings a face's features where the network learned them.

        Parameters
        ----------
        points : ndarray, shape (68, 2)
            Landmarks, pixels of the picture.

        Returns
        -------
        ndarray, shape (2, 3), dtype float64
            From pixels of the picture to pixels of the chip.
        """
        features = self._features @ points
        if self._model.fit == "picture_to_chip":
            return similarity_transform(features, self._template)
        return invert_transform(similarity_transform(self._template, features))

    def align(self, pixels: Pixels, points: Floats) -> CvArray:
        """Turn, scale and cut a face so that its features stand where the network learned them.

        Parameters
        ----------
        pixels : ndarray, shape (height, width, 3), dtype uint8
            RGB picture.
        points : ndarray, shape (68, 2)
            Landmarks in pixels.

        Returns
        -------
        ndarray, shape (size, size, 3), dtype uint8
            RGB chip, black where the picture ends.
        """
        transform, size = self.alignment(points), self._model.size
        shrink = 1 / float(np.hypot(transform[0, 0], transform[1, 0]))
        if shrink > 2:
            return _warp_smoothed(pixels, transform, shrink, size)
        return cv2.warpAffine(pixels, transform, (size, size), flags=cv2.INTER_LINEAR)

    def embed(self, chip: CvArray) -> Embedding:
        """Turn an RGB chip (size, size, 3), uint8, into a vector."""
        model = self._model
        blob = cv2.dnn.blobFromImage(chip, 1 / model.scale, mean=self._mean, swapRB=model.channels == "BGR")
        vector = self._network.run(blob.astype(np.float32, copy=False))[0][0]
        norm = float(np.linalg.norm(vector))
        return Embedding(vector / np.float32(norm), norm / model.good_norm if model.good_norm else 1.0)


def _features_of(anchors: tuple[Anchor, ...]) -> Floats:
    """Return the matrix (anchors, 68) that makes the anchors' features of the 68 points."""
    features = np.zeros((len(anchors), POINTS), np.float32)
    for row, anchor in zip(features, anchors, strict=True):
        row[list(anchor.points)] = 1 / len(anchor.points)
    return features


def _warp_smoothed(pixels: Pixels, transform: Floats, shrink: float, size: int) -> CvArray:
    """Warp with a blur first, of the region needed, so that shrinking more than 2x does not alias."""
    corners = np.array([[0, 0, 1], [size, 0, 1], [0, size, 1], [size, size, 1]])
    reached = corners @ invert_transform(transform).T
    margin = int(3 * shrink) + 2
    height, width = pixels.shape[:2]
    left, top = (np.maximum(np.floor(reached.min(axis=0)).astype(int) - margin, 0)).tolist()
    right, bottom = (reached.max(axis=0).astype(int) + margin).tolist()
    region = pixels[top : min(bottom, height), left : min(right, width)]
    if region.size == 0:
        return np.zeros((size, size, 3), np.uint8)
    smooth = cv2.GaussianBlur(region, (0, 0), shrink * 0.35)
    moved = transform.copy()
    moved[:, 2] += transform[:, :2] @ np.array([left, top])
    return cv2.warpAffine(smooth, moved, (size, size), flags=cv2.INTER_LINEAR)
