"""Looking at photos through Rekognition: who is in them, how good they are, whom they resemble.

A collection of its own is made for it and deleted at the end, whatever happens. Only Rekognition's API is
used, so that AWS's and the embedded one do the same.
"""

import signal
import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from cli.dataset.analysis import Box, FoundFace, LookedAt, Resemblances
from cli.dataset.photos import LabelledFolder
from services.aws.errors import AwsUnavailable, translated
from services.aws.face_index import IndexedPhoto, PhotographedFace, photographed_face
from services.batches.items import BatchItem
from services.batches.photo import UnusablePhoto as UnusableFile
from services.batches.photo import read_photo
from services.contracts.reasons import RejectionReason
from services.enroll.preprocessing import UnusablePhoto, normalize
from services.enroll.quality import QualityLimits, Refusal, judge
from services.enroll.settings import EnrollSettings

if TYPE_CHECKING:
    from mypy_boto3_rekognition.client import RekognitionClient
    from mypy_boto3_rekognition.type_defs import FaceDetailTypeDef, IndexFacesResponseTypeDef

_Argument = TypeVar("_Argument")
_Result = TypeVar("_Result")

COLLECTION_PREFIX = "facegate-dataset-check-"
#: Of one photo; of a person with more photos some remain uncounted.
_MOST_MATCHES = 1000
#: So long a throttled call is tried again.
_PATIENCE_SECONDS = 120


def calls_needed(photos: int) -> int:
    """Return how many calls of Rekognition's API `look` and `compare` make at most, retries apart."""
    return 2 + 2 * photos


class PhotoInspector:
    """Looks at photos, some at a time, with a collection that lasts as long as it is open.

    Parameters
    ----------
    limits : EnrollSettings
        What enrollment takes.
    at_once : int
        How many calls run at the same time.
    """

    def __init__(
        self, rekognition: "RekognitionClient", collection_id: str, limits: EnrollSettings, at_once: int
    ) -> None:
        self._limits = limits
        self._rekognition = rekognition
        self._collection_id = collection_id
        self._at_once = at_once
        self._files: dict[str, str] = {}

    @classmethod
    @contextmanager
    def open(
        cls, rekognition: "RekognitionClient", limits: EnrollSettings, at_once: int = 4
    ) -> Generator["PhotoInspector"]:
        """Make the collection; delete it when done, failed or interrupted.

        Raises
        ------
        AwsError
            If Rekognition refuses.
        """
        collection_id = f"{COLLECTION_PREFIX}{uuid4()}"
        try:
            with translated("creating a collection"):
                rekognition.create_collection(CollectionId=collection_id)
            yield cls(rekognition, collection_id, limits, at_once)
        finally:
            with _undisturbed():
                _delete(rekognition, collection_id)

    def look(self, folder: LabelledFolder, seen: Callable[[], None]) -> list[LookedAt]:
        """Look at each photo by itself.

        Parameters
        ----------
        seen : callable
            Called after each photo.

        Returns
        -------
        list of LookedAt
            In the folder's order.

        Raises
        ------
        AwsError
            If Rekognition refuses.
        """
        numbers = {file: number for number, file in enumerate(folder.photos)}
        looked = self._all(lambda file: self._look_at(folder.photos[file], numbers[file]), numbers, seen)
        return [looked[file] for file in folder.photos]

    def compare(self, looked: Sequence[LookedAt], threshold: float, seen: Callable[[], None]) -> Resemblances:
        """Find which photos resemble each other.

        Parameters
        ----------
        threshold : float
            Least similarity, in percent.
        seen : callable
            Called after each photo that has a face.

        Raises
        ------
        AwsError
            If Rekognition refuses.
        """
        face_ids = {photo.file: photo.face.face_id for photo in looked if photo.face is not None}
        self._files = {face_id: file for file, face_id in face_ids.items()}
        return self._all(lambda file: self._search(face_ids[file], threshold), list(face_ids), seen)

    def _look_at(self, item: BatchItem, number: int) -> LookedAt:
        seen = LookedAt(item.file, item.full_name)
        try:
            data = read_photo(item.photo)
            photo = normalize(data, self._limits.photo)
        except UnusableFile as error:
            return replace(seen, refusal=Refusal(RejectionReason.INVALID_IMAGE, str(error)))
        except UnusablePhoto as error:
            return replace(seen, refusal=Refusal(error.reason, error.detail))
        answer = _again_if_throttled(lambda: self._index(photo.jpeg, number))
        return _looked_at(
            replace(seen, sha256=sha256(data).hexdigest(), size=(photo.width, photo.height)),
            answer,
            self._limits.quality,
        )

    def _index(self, jpeg: bytes, number: int) -> "IndexFacesResponseTypeDef":
        with translated("looking at a photo"):
            return self._rekognition.index_faces(
                CollectionId=self._collection_id,
                Image={"Bytes": jpeg},
                ExternalImageId=f"photo-{number}",
                MaxFaces=1,
                QualityFilter="NONE",
                DetectionAttributes=["DEFAULT"],
            )

    def _search(self, face_id: str, threshold: float) -> dict[str, float]:
        answer = _again_if_throttled(lambda: self._matches(face_id, threshold))
        return {self._files[other]: similarity for other, similarity in answer if other in self._files}

    def _matches(self, face_id: str, threshold: float) -> list[tuple[str, float]]:
        with translated("comparing photos"):
            answer = self._rekognition.search_faces(
                CollectionId=self._collection_id,
                FaceId=face_id,
                FaceMatchThreshold=threshold,
                MaxFaces=_MOST_MATCHES,
            )
        return [
            (match["Face"]["FaceId"], match["Similarity"])
            for match in answer["FaceMatches"]
            if "Face" in match and "FaceId" in match["Face"] and "Similarity" in match
        ]

    def _all(
        self, work: Callable[[_Argument], _Result], arguments: Iterable[_Argument], seen: Callable[[], None]
    ) -> dict[_Argument, _Result]:
        done: dict[_Argument, _Result] = {}
        with ThreadPoolExecutor(self._at_once) as pool:
            waiting: dict[Future[_Result], _Argument] = {}
            try:
                waiting.update((pool.submit(work, argument), argument) for argument in arguments)
                for future in as_completed(waiting):
                    done[waiting[future]] = future.result()
                    seen()
            except BaseException:
                # Leaving the pool waits for all that was submitted; after Ctrl-C nobody wants it.
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        return done


def _again_if_throttled(call: Callable[[], _Result]) -> _Result:
    retrying = Retrying(
        retry=retry_if_exception_type(AwsUnavailable),
        wait=wait_random_exponential(multiplier=0.5, max=10),
        stop=stop_after_delay(_PATIENCE_SECONDS),
        reraise=True,
    )
    return retrying(call)


def _looked_at(seen: LookedAt, answer: "IndexFacesResponseTypeDef", limits: QualityLimits) -> LookedAt:
    others = [found.get("FaceDetail", {}) for found in answer.get("UnindexedFaces", [])]
    beside = tuple(photographed_face(other) for other in others)
    size = seen.size or (0, 0)
    for record in answer["FaceRecords"]:
        detail = record.get("FaceDetail", {})
        face_id = record.get("Face", {}).get("FaceId", "")
        measured = photographed_face(detail)
        return replace(
            seen,
            face=_found_face(face_id, _box(detail), measured, size),
            others=tuple(_box(other) for other in others),
            refusal=judge(IndexedPhoto(face_id, measured, beside), size, limits),
        )
    return replace(seen, refusal=judge(IndexedPhoto(None, None, beside), size, limits))


def _found_face(face_id: str, box: Box, measured: PhotographedFace, size: tuple[int, int]) -> FoundFace:
    return FoundFace(
        face_id=face_id,
        box=box,
        side=round(min(measured.width * size[0], measured.height * size[1]), 1),
        sharpness=round(measured.sharpness, 1),
        brightness=round(measured.brightness, 1),
        turn=round(max(abs(measured.yaw), abs(measured.pitch)), 1),
    )


def _box(detail: "FaceDetailTypeDef") -> Box:
    box = detail.get("BoundingBox", {})
    return Box(box.get("Left", 0.0), box.get("Top", 0.0), box.get("Width", 0.0), box.get("Height", 0.0))


def _delete(rekognition: "RekognitionClient", collection_id: str) -> None:
    def attempt() -> None:
        not_there = rekognition.exceptions.ResourceNotFoundException
        with translated(f"deleting collection {collection_id}; please do it"), suppress(not_there):
            rekognition.delete_collection(CollectionId=collection_id)

    _again_if_throttled(attempt)


@contextmanager
def _undisturbed() -> Generator[None]:
    """Let no second Ctrl-C leave the collection behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
