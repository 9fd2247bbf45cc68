"""Finding faces: a picture in, boxes and scores out."""

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from localaws.rekognition.engine.geometry import Box, letterbox, non_maximum_suppression, overlap_of_area
from localaws.rekognition.engine.onnx_model import OnnxModel
from localaws.rekognition.engine.packs.manifest import DetectionModel
from localaws.rekognition.engine.types import Floats, Pixels

#: Rekognition reports the 100 largest faces of an image.
MAX_FACES = 100

#: Longer side of a picture, pixels, from which faces that count may be too small for the usual input:
#: in a 640 x 480 frame that finds faces of 24 pixels, and smaller ones are not recognised anyway.
_WIDE_FROM = 640

#: A box of the wide input that lies in one of the usual input by this part of its area is a part of
#: that face.
_PART_OF_A_FACE = 0.6

#: Mean brightness (0-255) under which a picture counts as dark, and the mean it is then lifted to.
#: Measured: at 15 % brightness the detector finds 74 % of the faces as they are, all when lifted.
_DARK_MEAN = 60.0
_LIFTED_MEAN = 100.0


@dataclass(frozen=True, slots=True)
class Detection:
    """A face's place and how sure the detector is, 0 to 1."""

    box: Box
    score: float


@dataclass(frozen=True, slots=True)
class _Found:
    """Boxes (n, 4), left, top, right, bottom in pixels of the picture, and scores (n,), best first."""

    corners: Floats
    scores: Floats


class FaceDetector:
    """A single-shot detector: it says of each of many prior boxes whether and where a face is."""

    def __init__(self, pack_dir: Path, model: DetectionModel) -> None:
        self._model = model
        self._network = OnnxModel(pack_dir / model.file)

    def detect(self, pixels: Pixels, *, small_faces: bool = True) -> list[Detection]:
        """Find the faces of a picture.

        Parameters
        ----------
        pixels : ndarray, shape (height, width, 3), dtype uint8
            RGB picture.
        small_faces : bool
            Whether a picture longer than 640 pixels is looked at in the wide input too, which takes
            16 times as long; without, only where nothing was found.

        Returns
        -------
        list of Detection
            At most 100, best score first.
        """
        model = self._model
        found = self._look(pixels, model.width, model.height)
        if max(pixels.shape[:2]) > _WIDE_FROM and (small_faces or not len(found.scores)):
            found = _joined(found, self._look(pixels, model.wide_width, model.wide_height))
        rows = zip(found.corners[:MAX_FACES].tolist(), found.scores[:MAX_FACES].tolist(), strict=True)
        return [
            Detection(Box(left, top, right - left, bottom - top), score)
            for (left, top, right, bottom), score in rows
        ]

    def _look(self, pixels: Pixels, width: int, height: int) -> _Found:
        model = self._model
        fitted = letterbox(pixels, width, height)
        blob = cv2.dnn.blobFromImage(fitted.pixels, 1 / model.scale, mean=(model.mean,) * 3, swapRB=False)
        logits, offsets = self._network.run(blob.astype(np.float32, copy=False))
        margins = logits[0, :, 1] - logits[0, :, 0]
        confident = np.flatnonzero(margins >= math.log(model.min_score / (1 - model.min_score)))
        priors = prior_boxes(width, height, model.strides, model.prior_sides)[confident]
        corners = _decoded(offsets[0, confident], priors, model)
        corners *= np.array([fitted.scale_x, fitted.scale_y] * 2, np.float32)
        scores = (1 / (1 + np.exp(-margins[confident]))).astype(np.float32, copy=False)
        kept = non_maximum_suppression(corners, scores, model.max_overlap)
        return _Found(corners[kept], scores[kept])


@cache
def prior_boxes(
    width: int, height: int, strides: tuple[int, ...], sides: tuple[tuple[float, ...], ...]
) -> Floats:
    """Return the boxes that a detector's outputs refer to.

    Parameters
    ----------
    width, height : int
        Of the detector's input, pixels.
    strides : tuple of int
        Pixels between the places of each prediction layer.
    sides : tuple of tuple of float
        Sides of the boxes at each place of a layer, pixels; cut to the input's.

    Returns
    -------
    ndarray, shape (priors, 4), dtype float32
        Centre x and y, width and height, in pixels of the input; layer by layer, row by row.
    """
    layers: list[Floats] = []
    for stride, layer_sides in zip(strides, sides, strict=True):
        rows, columns, kinds = -(-height // stride), -(-width // stride), len(layer_sides)
        boxes = np.empty((rows, columns, kinds, 4), np.float32)
        boxes[..., 0] = ((np.arange(columns) + 0.5) * width / columns)[None, :, None]
        boxes[..., 1] = ((np.arange(rows) + 0.5) * height / rows)[:, None, None]
        boxes[..., 2] = np.minimum(layer_sides, width)
        boxes[..., 3] = np.minimum(layer_sides, height)
        layers.append(boxes.reshape(-1, 4))
    priors = np.concatenate(layers)
    priors.flags.writeable = False
    return priors


def _decoded(offsets: Floats, priors: Floats, model: DetectionModel) -> Floats:
    """Apply predicted offsets (n, 4) to their priors (n, 4): corners (n, 4), pixels of the input."""
    centres = priors[:, :2] + offsets[:, :2] * np.float32(model.center_variance) * priors[:, 2:]
    halves = np.exp(offsets[:, 2:] * np.float32(model.size_variance)) * priors[:, 2:] / 2
    return np.concatenate([centres - halves, centres + halves], axis=1).astype(np.float32, copy=False)


def _joined(usual: _Found, wide: _Found) -> _Found:
    """Add what only the wide input shows; where both show a face, the usual one places it better."""
    fresh = overlap_of_area(wide.corners, usual.corners).max(axis=1, initial=0) < _PART_OF_A_FACE
    corners = np.concatenate([usual.corners, wide.corners[fresh]])
    scores = np.concatenate([usual.scores, wide.scores[fresh]])
    order = np.argsort(-scores, kind="stable")
    return _Found(corners[order], scores[order])


def lift_shadows(pixels: Pixels) -> Pixels:
    """Brighten a dark picture so that faces are found in it; any other is returned as it is.

    The gain brings the mean to about 100 but never drives more than a hundredth of the pixels into
    white: a lit face before a black wall stays as it is.
    """
    # Every eighth pixel tells the brightness well enough, and its green makes up most of it.
    mean = float(pixels[::8, ::8, 1].mean())
    if mean >= _DARK_MEAN:
        return pixels
    highlights = float(np.percentile(pixels[::8, ::8], 99))
    gain = min(_LIFTED_MEAN / max(mean, 1.0), 255.0 / max(highlights, 1.0))
    if gain <= 1.0:
        return pixels
    return cv2.convertScaleAbs(pixels, alpha=gain).astype(np.uint8, copy=False)
