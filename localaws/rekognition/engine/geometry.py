"""Boxes, crops and the similarity transform."""

from dataclasses import dataclass

import cv2
import numpy as np

from localaws.rekognition.engine.types import CvArray, Floats, Pixels

_FILL = 127

#: Turns x and y into a complex number.
_COMPLEX = np.array([1, 1j])


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels; it may reach beyond the picture."""

    left: float
    top: float
    width: float
    height: float

    @property
    def side(self) -> float:
        """The smaller of width and height, pixels."""
        return min(self.width, self.height)

    @property
    def center(self) -> tuple[float, float]:
        """The middle, (x, y) in pixels."""
        return self.left + self.width / 2, self.top + self.height / 2


@dataclass(frozen=True, slots=True)
class Square:
    """A square in pixels."""

    left: float
    top: float
    side: float


@dataclass(frozen=True, slots=True)
class Letterboxed:
    """A picture fitted top-left into a fixed size.

    Attributes
    ----------
    pixels : ndarray, shape (height, width, 3), dtype uint8
    scale_x, scale_y : float
        Pixels of the original for one pixel here.
    """

    pixels: Pixels
    scale_x: float
    scale_y: float


def letterbox(pixels: Pixels, width: int, height: int) -> Letterboxed:
    """Fit a picture top-left into `width` x `height`, keeping its proportions, the rest filled grey."""
    source_height, source_width = pixels.shape[:2]
    scale = min(width / source_width, height / source_height)
    fitted_width, fitted_height = max(1, round(source_width * scale)), max(1, round(source_height * scale))
    # Bilinear reads two neighbours, which is an exact average down to one half and aliases below.
    interpolation = cv2.INTER_LINEAR if scale >= 0.499 else cv2.INTER_AREA
    fitted: CvArray = cv2.resize(pixels, (fitted_width, fitted_height), interpolation=interpolation)
    if fitted.shape[:2] != (height, width):
        canvas = np.full((height, width, 3), _FILL, np.uint8)
        canvas[:fitted_height, :fitted_width] = fitted
        fitted = canvas
    return Letterboxed(fitted, source_width / fitted_width, source_height / fitted_height)


def non_maximum_suppression(corners: Floats, scores: Floats, overlap: float) -> list[int]:
    """Keep the best of boxes that show the same thing.

    Parameters
    ----------
    corners : ndarray, shape (n, 4)
        Left, top, right, bottom.
    scores : ndarray, shape (n,)
    overlap : float
        Boxes whose intersection over union exceeds it count as the same.

    Returns
    -------
    list of int
        Indices of the boxes kept, best first.
    """
    left, top, right, bottom = corners.T
    areas = (right - left) * (bottom - top)
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while len(order):
        best, rest = int(order[0]), order[1:]
        kept.append(best)
        width = np.minimum(right[best], right[rest]) - np.maximum(left[best], left[rest])
        height = np.minimum(bottom[best], bottom[rest]) - np.maximum(top[best], top[rest])
        intersection = np.clip(width, 0, None) * np.clip(height, 0, None)
        order = rest[intersection / (areas[best] + areas[rest] - intersection) <= overlap]
    return kept


def overlap_of_area(boxes: Floats, others: Floats) -> Floats:
    """Tell how much of each box lies in each other box.

    Parameters
    ----------
    boxes : ndarray, shape (n, 4)
        Left, top, right, bottom.
    others : ndarray, shape (m, 4)

    Returns
    -------
    ndarray, shape (n, m)
        The intersection's part of the box's area, 0 to 1.
    """
    reach = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    start = np.maximum(boxes[:, None, :2], others[None, :, :2])
    intersections = np.clip(reach - start, 0, None).prod(axis=2)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return intersections / np.maximum(areas, np.float32(1e-6))[:, None]


def square_around(box: Box, scale: float, shift_down: float) -> Square:
    """Return the square of side ``scale`` times the box's mean side, moved down by `shift_down` sides."""
    side = scale * (box.width + box.height) / 2
    x, y = box.center
    return Square(x - side / 2, y - side / 2 + shift_down * side, side)


def crop_grey_square(pixels: Pixels, square: Square, size: int) -> CvArray:
    """Cut a square out of an RGB picture, in grey, and scale it to `size` x `size`.

    Returns
    -------
    ndarray, shape (size, size), dtype uint8
        Black where the square reaches beyond the picture.
    """
    scale = size / square.side
    if scale < 0.5:
        return _crop_averaged(pixels, square, size)
    transform = np.array([[scale, 0, -square.left * scale], [0, scale, -square.top * scale]])
    transform[:, 2] += 0.5 * scale - 0.5  # pixel centres stand at halves
    crop = cv2.warpAffine(pixels, transform, (size, size), flags=cv2.INTER_LINEAR)
    return cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)


def _crop_averaged(pixels: Pixels, square: Square, size: int) -> CvArray:
    height, width = pixels.shape[:2]
    left, top = int(np.floor(square.left)), int(np.floor(square.top))
    right, bottom = int(np.ceil(square.left + square.side)), int(np.ceil(square.top + square.side))
    region: CvArray = pixels[
        max(top, 0) : max(min(bottom, height), 0), max(left, 0) : max(min(right, width), 0)
    ]
    if region.size == 0:
        return np.zeros((size, size), np.uint8)
    region = cv2.cvtColor(region, cv2.COLOR_RGB2GRAY)
    margins = max(0, -top), max(0, bottom - height), max(0, -left), max(0, right - width)
    if any(margins):
        region = cv2.copyMakeBorder(region, *margins, cv2.BORDER_CONSTANT)
    return cv2.resize(region, (size, size), interpolation=cv2.INTER_AREA)


def similarity_transform(source: Floats, target: Floats) -> Floats:
    """Return the rotation, uniform scale and shift that bring `source` closest to `target`.

    The least-squares solution in the plane (Umeyama 1991, without reflection).

    Parameters
    ----------
    source, target : ndarray, shape (n, 2)
        Corresponding points, not all the same.

    Returns
    -------
    ndarray, shape (2, 3), dtype float64
        ``[[a, -b, x], [b, a, y]]``.
    """
    # As complex numbers, a similarity is a multiplication and a shift.
    from_points, to_points = source @ _COMPLEX, target @ _COMPLEX
    from_mean, to_mean = from_points.mean(), to_points.mean()
    centred = from_points - from_mean
    turn = complex((centred.conj() * to_points).sum() / (centred.conj() * centred).sum())
    shift = complex(to_mean - turn * from_mean)
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def invert_transform(transform: Floats) -> Floats:
    """Return the similarity (2, 3) that undoes `transform` (2, 3), float64."""
    inverse = np.linalg.inv(transform[:, :2])
    return np.column_stack([inverse, -inverse @ transform[:, 2]])
