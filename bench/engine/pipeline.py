"""Frames a second of one core, from JPEG to identity, beside the ``face_recognition`` library's pipeline.

Both sides get the same 640 x 480 frames, one after the other on one core and one thread each, and look
the face up among 10,000: the people enrolled with one photo each, and synthetic vectors. The sides take
turns of some frames, ours before and after the library's, so that a machine that slows down slows both;
each turn gives a ratio of processor time, and the median of the turns counts.
"""

import io
import os
import sys
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import numpy as np
from PIL import Image

from bench.engine.photos import DEFAULT_PACK, Photo, camera_frame, load_photos, split_photos
from localaws.rekognition.collections import FaceCollections, NewFace, RelativeBox
from localaws.rekognition.engine import DetectedFace, FaceEngine, decode_image

GALLERY_SIZE = 10_000

_TURNS = 10

#: Times that our side passes over a turn's frames, before the library's pass and again after it: ours
#: takes a twentieth of the time, which is little to measure.
_PASSES = 3

#: Rekognition's FaceMatchThreshold where a request names none, percent.
_THRESHOLD = 80.0

#: The library's own tolerance, Euclidean.
_TOLERANCE = 0.6

_COLLECTION = "bench"


class _Pipeline(Protocol):
    def enroll(self, photos: Sequence[Photo]) -> None:
        """Fill the gallery with these people, one photo each, and synthetic vectors."""

    def largest(self, jpeg: bytes) -> str | None:
        """Name the person that the frame is about."""

    def everybody(self, jpeg: bytes) -> list[str | None]:
        """Describe and name everybody in the frame."""


class EnginePipeline:
    """The embedded Rekognition's engine and collections, as its operations use them."""

    def __init__(self, pack_dir: Path, data_dir: Path) -> None:
        self._engine = FaceEngine.load(pack_dir)
        self._collections = FaceCollections(data_dir, self._engine.face_model_version, self._engine.dimension)
        self._collections.create(_COLLECTION, {})

    def enroll(self, photos: Sequence[Photo]) -> None:
        """Fill the gallery."""
        for photo in photos:
            face = self._engine.analyze(decode_image(photo.data))[0]
            new = NewFace(RelativeBox(0, 0, 1, 1), face.confidence, face.embedding.vector)
            self._collections.add_faces(_COLLECTION, photo.data, photo.person, [new])
        strangers = [
            NewFace(RelativeBox(index / GALLERY_SIZE, 0, 1, 1), 99.0, vector)
            for index, vector in enumerate(
                _synthetic_vectors(GALLERY_SIZE - len(photos), self._engine.dimension)
            )
        ]
        self._collections.add_faces(_COLLECTION, b"synthetic", "synthetic", strangers)

    def largest(self, jpeg: bytes) -> str | None:
        """Do what SearchFacesByImage does."""
        face = next(self._engine.prominent_faces(decode_image(jpeg)), None)
        return self._name(face) if face else None

    def everybody(self, jpeg: bytes) -> list[str | None]:
        """Do what DetectFaces does, and look every face up."""
        faces = self._engine.analyze(decode_image(jpeg))
        described = [(face.box, face.confidence, face.landmarks, face.pose, face.quality) for face in faces]
        assert len(described) == len(faces)  # noqa: S101 - the description is made, not used
        return [self._name(face) for face in faces]

    def close(self) -> None:
        """Let go of the gallery."""
        self._collections.close()

    def _name(self, face: DetectedFace) -> str | None:
        found = self._collections.search(
            _COLLECTION, face.embedding.vector, 1, self._engine.cosine(_THRESHOLD)
        )
        return found[0].face.external_image_id if found else None


class LibraryPipeline:
    """What ``face_recognition`` 1.3 does: HOG upsampled once, 5 points, dlib's ResNet, L2 distances."""

    def __init__(self) -> None:
        # dlib-bin and the weights belong to this benchmark alone.
        import dlib  # noqa: PLC0415  # pyright: ignore[reportMissingImports]

        models = _models_directory()
        self._detector: Any = dlib.get_frontal_face_detector()
        self._points: Any = dlib.shape_predictor(str(models / "shape_predictor_5_face_landmarks.dat"))
        self._network: Any = dlib.face_recognition_model_v1(
            str(models / "dlib_face_recognition_resnet_model_v1.dat")
        )
        self._people: list[str] = []
        self._gallery = np.empty((0, 128))

    def enroll(self, photos: Sequence[Photo]) -> None:
        """Fill the gallery."""
        vectors = [self._vector(*self._largest_face(photo.data)) for photo in photos]
        self._people = [photo.person for photo in photos]
        length = float(np.linalg.norm(vectors, axis=1).mean())
        strangers = _synthetic_vectors(GALLERY_SIZE - len(photos), 128) * length
        self._gallery = np.vstack([vectors, strangers])

    def largest(self, jpeg: bytes) -> str | None:
        """Name the person with the largest face."""
        pixels, box = self._largest_face(jpeg)
        return None if box is None else self._name(self._vector(pixels, box))

    def everybody(self, jpeg: bytes) -> list[str | None]:
        """Name everybody."""
        pixels = _load_image(jpeg)
        return [self._name(self._vector(pixels, box)) for box in self._detector(pixels, 1)]

    def _largest_face(self, jpeg: bytes) -> tuple[Any, Any]:
        pixels = _load_image(jpeg)
        return pixels, max(self._detector(pixels, 1), key=lambda box: box.area(), default=None)

    def _vector(self, pixels: Any, box: Any) -> Any:
        return np.array(self._network.compute_face_descriptor(pixels, self._points(pixels, box), 1))

    def _name(self, vector: Any) -> str | None:
        distances = np.linalg.norm(self._gallery - vector, axis=1)
        nearest = int(distances.argmin())
        if distances[nearest] > _TOLERANCE or nearest >= len(self._people):
            return None
        return self._people[nearest]


def run() -> dict[str, float]:
    """Measure both pipelines, ours with the default model pack.

    Returns
    -------
    dict of str to float
        ``ratio_largest`` and ``ratio_all``: our frames a second over the library's, the latter of
        the ``frames_one_face`` frames in which both find one face. ``right_ours``,
        ``right_baseline``, ``wrong_ours``, ``wrong_baseline``: frames, of ``frames``.
        ``fps_*``: frames a second of one core.
    """
    _keep_to_one_core()
    enrolled, others = split_photos(load_photos())
    rng = np.random.default_rng(20)
    frames = [camera_frame(photo, rng) for photo in others]
    with TemporaryDirectory() as data_dir:
        ours, library = EnginePipeline(DEFAULT_PACK, Path(data_dir)), LibraryPipeline()
        for pipeline in (ours, library):
            print(f"pipeline: enrolling for {type(pipeline).__name__}", file=sys.stderr)
            pipeline.enroll(enrolled)
            pipeline.everybody(frames[0].data)
        largest = _measure(ours.largest, library.largest, frames)
        # Somebody in the background whom only one side finds is work that the other is spared.
        alone = [
            frame
            for frame in frames
            if len(ours.everybody(frame.data)) == len(library.everybody(frame.data)) == 1
        ]
        everybody = _measure(ours.everybody, library.everybody, alone)
        figures = {
            "frames": len(frames),
            "frames_one_face": len(alone),
            "gallery": GALLERY_SIZE,
            "ratio_largest": largest["ratio"],
            "ratio_all": everybody["ratio"],
            "fps_largest": largest["ours"],
            "fps_largest_baseline": largest["library"],
            "fps_all": everybody["ours"],
            "fps_all_baseline": everybody["library"],
            **_answers("ours", ours, frames),
            **_answers("baseline", library, frames),
        }
        ours.close()
    return figures


def _measure(
    ours: Callable[[bytes], object],
    library: Callable[[bytes], object],
    frames: Sequence[Photo],
) -> dict[str, float]:
    """Return the median ratio of the turns, and each side's median frames a second."""
    ours_fps: list[float] = []
    library_fps: list[float] = []
    for turn in range(_TURNS):
        jpegs = [frame.data for frame in frames[turn::_TURNS]]
        before = _processor_seconds(ours, jpegs * _PASSES)
        library_seconds = _processor_seconds(library, jpegs)
        after = _processor_seconds(ours, jpegs * _PASSES)
        ours_fps.append(2 * _PASSES * len(jpegs) / (before + after))
        library_fps.append(len(jpegs) / library_seconds)
        rates = f"{ours_fps[-1]:.0f} and {library_fps[-1]:.1f} frames/s"
        print(f"pipeline: turn {turn + 1} of {_TURNS}: {rates}", file=sys.stderr)
    ratios = [one / other for one, other in zip(ours_fps, library_fps, strict=True)]
    return {"ratio": median(ratios), "ours": median(ours_fps), "library": median(library_fps)}


def _processor_seconds(recognize: Callable[[bytes], object], jpegs: Sequence[bytes]) -> float:
    """Processor time of all of the process's threads."""
    recognize(jpegs[0])  # finds the processor's caches full of the other side's data
    begin = time.process_time()
    for jpeg in jpegs:
        recognize(jpeg)
    return time.process_time() - begin


def _answers(side: str, pipeline: _Pipeline, frames: Sequence[Photo]) -> dict[str, float]:
    answers = [(pipeline.largest(frame.data), frame.person) for frame in frames]
    return {
        f"right_{side}": sum(answer == person for answer, person in answers),
        f"wrong_{side}": sum(answer not in {None, person} for answer, person in answers),
    }


def _synthetic_vectors(count: int, dimension: int) -> Any:
    vectors = np.random.default_rng(dimension).normal(size=(count, dimension)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _load_image(jpeg: bytes) -> Any:
    return np.array(Image.open(io.BytesIO(jpeg)).convert("RGB"))


def _models_directory() -> Path:
    # Located without being imported: importing the package needs pkg_resources, which is gone.
    spec = find_spec("face_recognition_models")
    if spec is None or spec.origin is None:
        raise SystemExit("The baseline is not installed: make bench-engine installs requirements/bench.lock.")
    return Path(spec.origin).parent / "models"


def _keep_to_one_core() -> None:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
