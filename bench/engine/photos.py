"""What is measured on: photos of real people, a kiosk's frames made from them, and the model packs."""

import os
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import simplejpeg

#: Where `make models` prepares packs.
MODELS = Path(os.environ.get("FACEGATE_HOME", Path(__file__).parents[2] / ".facegate")) / "models"
DEFAULT_PACK = MODELS / "default"

_FRAME_WIDTH, _FRAME_HEIGHT = 640, 480

#: How much the photos (250 x 250, faces of about 115 pixels) are scaled: faces of 90 to 220 pixels, as
#: of somebody within an arm's length or two of a kiosk.
_SCALES = (0.8, 1.9)

#: Percent; what the kiosk's page encodes its frames with.
_JPEG_QUALITY = 90


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture file and who is in it."""

    person: str
    data: bytes


def load_photos() -> list[Photo]:
    """Load the folder that FACEGATE_FACES names, one folder of JPEG files for each person.

    Raises
    ------
    SystemExit
        There is no such folder; with what to do.
    """
    folder = os.environ.get("FACEGATE_FACES")
    if not folder:
        raise SystemExit("FACEGATE_FACES names no folder with one folder of photos for each person.")
    photos = [Photo(path.parent.name, path.read_bytes()) for path in sorted(Path(folder).glob("*/*.jpg"))]
    if not photos:
        raise SystemExit(f"{folder} holds no photos: FACEGATE_FACES needs one folder for each person.")
    return photos


def split_photos(photos: list[Photo]) -> tuple[list[Photo], list[Photo]]:
    """Return the first photo of each person, to be enrolled, and the others."""
    first: dict[str, Photo] = {}
    for photo in photos:
        first.setdefault(photo.person, photo)
    return list(first.values()), [photo for photo in photos if first[photo.person] is not photo]


def camera_frame(photo: Photo, rng: np.random.Generator) -> Photo:
    """Paste a photo at a random place and size into a 640 x 480 frame with a noisy backdrop."""
    face = simplejpeg.decode_jpeg(photo.data, "RGB")
    scale = min(rng.uniform(*_SCALES), _FRAME_HEIGHT / face.shape[0], _FRAME_WIDTH / face.shape[1])
    face = cv2.resize(face, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    frame = _backdrop(rng)
    height, width = face.shape[:2]
    top, left = rng.integers(_FRAME_HEIGHT - height + 1), rng.integers(_FRAME_WIDTH - width + 1)
    frame[top : top + height, left : left + width] = face
    noisy = np.clip(frame + rng.normal(0, 3, frame.shape), 0, 255).astype(np.uint8)
    return Photo(photo.person, simplejpeg.encode_jpeg(noisy, _JPEG_QUALITY, "RGB", "420"))


def _backdrop(rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Return a wall with soft lights, (480, 640, 3)."""
    lights = rng.integers(60, 200, (6, 8, 3)).astype(np.float32)
    return cv2.resize(lights, (_FRAME_WIDTH, _FRAME_HEIGHT), interpolation=cv2.INTER_CUBIC)
