"""Fuzz image decoding with atheris: any file is decoded, or refused for a reason.

``python tests/fuzz/decoding.py -max_total_time=60`` (options are libFuzzer's).
"""

import os
import sys
from pathlib import Path

import atheris
import cv2
import numpy as np

with atheris.instrument_imports(include=["localaws"]):
    from localaws.rekognition.engine import ImageDimensionsError, InvalidImageError, decode_image
    from localaws.rekognition.engine.decoding import MAX_PIXELS


def decode(data: bytes) -> None:
    try:
        pixels = decode_image(data)
    except (InvalidImageError, ImageDimensionsError):
        return
    height, width, channels = pixels.shape
    assert channels == 3
    assert 0 < height * width <= MAX_PIXELS


def seed(corpus: Path) -> None:
    corpus.mkdir(parents=True, exist_ok=True)
    pixels = np.arange(16 * 16 * 3, dtype=np.uint8).reshape(16, 16, 3)
    for name in ("seed.jpg", "seed.png"):
        cv2.imwrite(str(corpus / name), pixels)
    jpeg = (corpus / "seed.jpg").read_bytes()
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    segment = b"\xff\xe1" + (len(exif) + 2).to_bytes(2) + exif
    (corpus / "turned.jpg").write_bytes(jpeg[:2] + segment + jpeg[2:])


if __name__ == "__main__":
    seeds = Path(os.environ.get("FACEGATE_HOME", ".facegate")) / "fuzz" / "decoding"
    seed(seeds)
    atheris.Setup([*sys.argv, str(seeds)], decode)
    atheris.Fuzz()
