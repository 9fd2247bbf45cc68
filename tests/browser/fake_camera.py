"""A webcam that plays a portrait: the .y4m file that Chromium's fake camera reads."""

from pathlib import Path

import cv2
import numpy as np

FRAMES_PER_SECOND = 10
_WIDTH, _HEIGHT = 640, 480
FILM_FRAMES = 20


def film(portrait: Path, target: Path) -> Path:
    """Write a film of somebody who stands still.

    Parameters
    ----------
    portrait : Path
        Any picture that OpenCV reads; it is shown whole, on grey.
    target : Path
        Where the .y4m file goes: 640x480, 10 frames a second, 4:2:0. Its first frame is black, as
        a real camera's often is.

    Returns
    -------
    Path
        `target`.
    """
    return film_of(scene((portrait,)), target)


def film_of(picture: np.ndarray, target: Path) -> Path:
    """Write a film of a scene (480, 640, 3) in which nothing moves; its first frame is black."""
    black = np.zeros_like(picture)
    with target.open("wb") as file:
        file.write(f"YUV4MPEG2 W{_WIDTH} H{_HEIGHT} F{FRAMES_PER_SECOND}:1 Ip A1:1 C420jpeg\n".encode())
        for frame in (black, *[picture] * (FILM_FRAMES - 1)):
            file.write(b"FRAME\n")
            file.write(cv2.cvtColor(frame, cv2.COLOR_BGR2YUV_I420).tobytes())
    return target


def scene(portraits: tuple[Path, ...], size: float = 1.0, blur: float = 0.0) -> np.ndarray:
    """Show whole portraits side by side on grey.

    Parameters
    ----------
    portraits : tuple of Path
        None for an empty room.
    size : float
        Part of the largest size that fits.
    blur : float
        Sigma of a Gaussian blur, pixels; 0 for none.
    """
    view = np.full((_HEIGHT, _WIDTH, 3), 127, np.uint8)
    place = _WIDTH // max(len(portraits), 1)
    for number, portrait in enumerate(portraits):
        picture = cv2.imread(str(portrait))
        scale = size * min(place / picture.shape[1], _HEIGHT / picture.shape[0])
        width, height = round(picture.shape[1] * scale), round(picture.shape[0] * scale)
        top, left = (_HEIGHT - height) // 2, number * place + (place - width) // 2
        small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
        view[top : top + height, left : left + width] = small
    return cv2.GaussianBlur(view, (0, 0), blur) if blur else view
