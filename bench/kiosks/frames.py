"""Real frames for kiosks to post, and the people who are in them."""

import io
import os
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageEnhance

from cli.portraits import eileen_collins, grace_hopper

_SIZE = (640, 480)


@dataclass(frozen=True)
class Frame:
    """A JPEG of 640x480 pixels, and who is in it; None for somebody who is not enrolled."""

    jpeg: bytes
    full_name: str | None


@dataclass(frozen=True)
class Visitors:
    """Photos to enrol, by name, and frames to post."""

    photos: dict[str, list[bytes]]
    frames: list[Frame]


def visitors() -> Visitors:
    """Take the people of ``FACEGATE_FACES`` where it is set, else the two portraits that packages ship.

    Of each person of the folder the first photos are to be enrolled and the others posted; of the portraits
    one is enrolled, the other is a stranger, and both are posted in many variations.
    """
    folder = os.environ.get("FACEGATE_FACES")
    return _people(Path(folder)) if folder else _portraits()


def _people(folder: Path) -> Visitors:
    photos: dict[str, list[bytes]] = {}
    frames: list[Frame] = []
    for person in sorted(path for path in folder.iterdir() if path.is_dir()):
        name = person.name.replace("_", " ")
        pictures = sorted(person.glob("*.jpg"))
        photos[name] = [path.read_bytes() for path in pictures[:4]]
        frames += [Frame(_jpeg(Image.open(path), 1.0, 1.0), name) for path in pictures[4:]]
    return Visitors(photos, frames)


def _portraits() -> Visitors:
    frames = [
        Frame(_jpeg(Image.open(portrait), scale, light), name)
        for portrait, name in ((grace_hopper(), "Grace Hopper"), (eileen_collins(), None))
        for scale in (1.0, 0.9, 0.8, 0.7)
        for light in (0.7, 0.85, 1.0, 1.15)
    ]
    return Visitors({"Grace Hopper": [grace_hopper().read_bytes()]}, frames)


def _jpeg(picture: Image.Image, scale: float, light: float) -> bytes:
    """Make a picture what a webcam would have seen of the person."""
    person = ImageEnhance.Brightness(picture.convert("RGB")).enhance(light)
    height = int(_SIZE[1] * 0.9 * scale)
    person = person.resize((int(person.width * height / person.height), height))
    frame = Image.new("RGB", _SIZE, (110, 112, 118))
    frame.paste(person, ((_SIZE[0] - person.width) // 2, _SIZE[1] - height))
    encoded = io.BytesIO()
    frame.save(encoded, "JPEG", quality=85)
    return encoded.getvalue()
