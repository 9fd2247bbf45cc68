"""The engine's public face: pictures in, faces with vectors out."""

import math
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Self

import cv2

from localaws.rekognition.engine.detection import Detection, FaceDetector, lift_shadows
from localaws.rekognition.engine.embedding import Embedding, FaceEmbedder
from localaws.rekognition.engine.expression import Observation, observe_mouth
from localaws.rekognition.engine.geometry import Box
from localaws.rekognition.engine.landmarks import LandmarkLocator
from localaws.rekognition.engine.packs.manifest import PackManifest
from localaws.rekognition.engine.packs.preparation import verify_pack
from localaws.rekognition.engine.pose import Pose, estimate_pose
from localaws.rekognition.engine.quality import (
    QUALITY_BARS,
    Quality,
    QualityReason,
    measure_quality,
    quality_reasons,
)
from localaws.rekognition.engine.similarity import cosine_of, similarity_of
from localaws.rekognition.engine.types import Floats, Pixels

#: How fast prominence falls with the distance from the middle: half a diagonal away, a face counts
#: as if its sides were 1 / e^2 as long.
_CENTRE_PULL = 2.0


class FaceEngine:
    """Finds faces and turns them into vectors with the networks of one model pack.

    Threads may share it. It keeps OpenCV to the calling thread, for the whole process: faces are
    too small to gain from OpenCV's own threads.

    Examples
    --------
    >>> engine = FaceEngine.load(Path(".facegate/models/default"))  # doctest: +SKIP
    >>> faces = engine.analyze(decode_image(Path("photo.jpg").read_bytes()))  # doctest: +SKIP
    >>> faces[0].embedding.vector.shape  # doctest: +SKIP
    (512,)
    """

    def __init__(self, pack_dir: Path, manifest: PackManifest) -> None:
        cv2.setNumThreads(1)
        self._manifest = manifest
        self._detector = FaceDetector(pack_dir, manifest.detection)
        self._landmarks = LandmarkLocator(pack_dir, manifest.landmarks)
        self._embedder = FaceEmbedder(pack_dir, manifest.embedding)

    @classmethod
    def load(cls, pack_dir: Path) -> Self:
        """Load a prepared pack, its files verified.

        Raises
        ------
        PackError
            `pack_dir` holds no prepared pack, or a damaged one.
        """
        return cls(pack_dir, verify_pack(pack_dir))

    @property
    def face_model_version(self) -> str:
        """Rekognition's FaceModelVersion; vectors of different versions do not compare."""
        return self._manifest.face_model_version

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._embedder.dimension

    def similarity(self, cosine: float) -> float:
        """Return Rekognition's percentage, 0 to 100, for the cosine of two vectors."""
        return similarity_of(cosine, self._manifest.similarity)

    def cosine(self, similarity: float) -> float:
        """Return the cosine at which a percentage begins; infinite at 0 and 100."""
        return cosine_of(similarity, self._manifest.similarity)

    def analyze(self, pixels: Pixels) -> list["DetectedFace"]:
        """Find the faces of a picture, the most prominent first.

        Only detection runs now, and a check of doubtful boxes. Landmarks, pose, quality and vector
        of a face are computed when asked for, once; who needs one face of many pays for one, and with
        `prominent_faces` for the checks of no more.

        Parameters
        ----------
        pixels : ndarray, shape (height, width, 3), dtype uint8
            RGB picture.

        Returns
        -------
        list of DetectedFace
            At most 100.
        """
        return list(self._faces(pixels, small_faces=True))

    def prominent_faces(self, pixels: Pixels) -> Iterator["DetectedFace"]:
        """Find one face of a picture after the other, the most prominent first.

        Faces smaller than a 27th of the picture's longer side are looked for only where no other is
        found: it takes tens of milliseconds in a picture longer than 640 pixels, and who wants the most
        prominent face needs none.

        Parameters
        ----------
        pixels : ndarray, shape (height, width, 3), dtype uint8
            RGB picture.

        Yields
        ------
        DetectedFace
            Each checked when its turn has come.
        """
        return self._faces(pixels, small_faces=False)

    def _faces(self, pixels: Pixels, *, small_faces: bool) -> Iterator["DetectedFace"]:
        lit = lift_shadows(pixels)
        detections = self._detector.detect(lit, small_faces=small_faces)
        height, width = pixels.shape[:2]
        detections.sort(key=lambda found: prominence(found, width, height), reverse=True)
        for found in detections:
            face = DetectedFace(self, pixels, lit, found)
            if self._is_face(lit, face):
                yield face

    def _is_face(self, lit: Pixels, face: "DetectedFace") -> bool:
        sure = face.confidence >= 100 * self._manifest.landmarks.sure_score
        return sure or self._landmarks.stays(lit, face.box, face.landmarks)

    def locate_landmarks(self, lit: Pixels, box: Box) -> Floats:
        """Return the 68 points (68, 2) of the face in `box`, in pixels."""
        return self._landmarks.locate(lit, box)

    def embed(self, lit: Pixels, points: Floats) -> Embedding:
        """Turn the face with these 68 points, in pixels, into a vector."""
        return self._embedder.embed(self._embedder.align(lit, points))


class DetectedFace:
    """A face of a picture; everything beyond its box is computed when first asked for.

    Attributes
    ----------
    box : Box
        In pixels of the picture; may reach beyond it.
    confidence : float
        How sure the detector is, percent.
    """

    def __init__(self, engine: FaceEngine, pixels: Pixels, lit: Pixels, detection: Detection) -> None:
        self._engine = engine
        self._pixels = pixels
        self._lit = lit
        self.box = detection.box
        self.confidence = 100 * detection.score

    @property
    def picture_size(self) -> tuple[int, int]:
        """Width and height of the picture, pixels."""
        return self._pixels.shape[1], self._pixels.shape[0]

    @cached_property
    def landmarks(self) -> Floats:
        """The 68 points, (68, 2), float32, x and y in pixels."""
        return self._engine.locate_landmarks(self._lit, self.box)

    @cached_property
    def pose(self) -> Pose:
        """Where the face looks."""
        return estimate_pose(self.landmarks)

    @cached_property
    def mouth_open(self) -> Observation | None:
        """Whether the mouth is open; None where points and pose do not tell."""
        return observe_mouth(self.landmarks, self.pose)

    @cached_property
    def quality(self) -> Quality:
        """Brightness and sharpness of the picture as it came."""
        return measure_quality(self._pixels, self.box)

    @cached_property
    def embedding(self) -> Embedding:
        """The vector, and how much of a face the network saw."""
        return self._engine.embed(self._lit, self.landmarks)

    def shortcomings(self, quality_filter: str) -> list[QualityReason]:
        """Name what keeps the face below a filter: NONE, LOW, AUTO, MEDIUM or HIGH."""
        if quality_filter == "NONE":
            return []
        return quality_reasons(
            QUALITY_BARS[quality_filter],
            confidence=self.confidence,
            box=self.box,
            picture_side=max(self.picture_size),
            pose=self.pose,
            quality=self.quality,
            worth=self.embedding.worth,
        )


def prominence(detection: Detection, width: int, height: int) -> float:
    """Tell how likely a face is the one the picture is about.

    Size alone picks bystanders and false boxes; so size, score and nearness to the middle multiply.

    Parameters
    ----------
    detection : Detection
    width, height : int
        The picture's, pixels.

    Returns
    -------
    float
        Only the order matters.
    """
    box = detection.box
    x, y = box.center
    offset = math.hypot(x - width / 2, y - height / 2) / math.hypot(width, height)
    size = math.sqrt(max(box.width, 0) * max(box.height, 0))
    return size * detection.score * math.exp(-_CENTRE_PULL * 4 * offset * offset)
