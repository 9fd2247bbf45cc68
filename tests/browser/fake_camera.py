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
    scene = _fill_view(cv2.imread(str(portrait)))
    black = np.zeros_like(scene)
    with target.open("wb") as file:
        file.write(f"YUV4MPEG2 W{_WIDTH} H{_HEIGHT} F{FRAMES_PER_SECOND}:1 Ip A1:1 C420jpeg\n".encode())
        for picture in (black, *[scene] * (FILM_FRAMES - 1)):
            file.write(b"FRAME\n")
            file.write(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420).tobytes())
    return target


def _fill_view(picture: np.ndarray) -> np.ndarray:
    """Show the whole picture on grey, as large as it fits."""
    scale = min(_WIDTH / picture.shape[1], _HEIGHT / picture.shape[0])
    size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    view = np.full((_HEIGHT, _WIDTH, 3), 127, np.uint8)
    top, left = (_HEIGHT - size[1]) // 2, (_WIDTH - size[0]) // 2
    view[top : top + size[1], left : left + size[0]] = small
    return view
