"""Photos of a batch on their way into the bucket: many at a time, each once."""

import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from uuid import UUID

from services.aws.outcomes import MOST_IDS, Outcomes
from services.aws.photo_uploads import PhotoUpload, PhotoUploadStore
from services.aws.prefixes import StoredPhoto
from services.batches.items import BatchItem, PhotoFile, Refusal
from services.batches.photo import UnusablePhoto, content_type_of, read_photo, require_acceptable_size
from services.contracts.domain import Enrollment, EnrollmentStatus
from services.contracts.ids import person_id_of, photo_enrollment_id
from services.contracts.reasons import RejectionReason

if TYPE_CHECKING:
    from services.aws.connection import Aws

#: Bytes of photos in memory before they are sent; as much again is on its way meanwhile.
_WINDOW_BYTES = 32_000_000
#: S3's own limits, in bytes.
_LONGEST_KEY, _MOST_METADATA = 1024, 2048
_GIVES_A_FACE = frozenset({EnrollmentStatus.INDEXED, EnrollmentStatus.HELD})


@dataclass(frozen=True)
class Sent:
    """A photo of the batch that is in the bucket, or was enrolled before.

    Attributes
    ----------
    file : str
        Its name in the batch.
    known : Enrollment, optional
        What was known of it before; None if nothing was.
    anew : bool
        Whether it was sent although it was finished: its enrollment had failed, or its person been deleted
        since.
    """

    file: str
    enrollment_id: str
    known: Enrollment | None = None
    anew: bool = False

    def is_outcome(self, enrollment: Enrollment) -> bool:
        """Whether this is what became of it, not what it was before it was sent anew."""
        stale = self.anew and self.known is not None and enrollment.finished_at == self.known.finished_at
        return enrollment.finished and not stale


@dataclass(frozen=True)
class _Prepared:
    """A photo that was read, or lies in S3 already."""

    source: PhotoFile
    upload: PhotoUpload
    data: bytes = field(repr=False)


class Uploads:
    """Puts the photos of one batch under ``index/uploads/``.

    The enrollment's id is made of person and content, so a photo that was enrolled is not sent again, by
    whatever batch it came. A photo that lies in S3 is copied there without passing through here. Who is
    deleted from now on is not brought back by any of the photos, however long sending takes.

    Parameters
    ----------
    threads : int
        How many are sent at the same time.
    """

    def __init__(
        self,
        aws: "Aws",
        batch_id: str,
        threads: int = 8,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._submitted_at = now()
        self._store = PhotoUploadStore(aws)
        self._outcomes = Outcomes(aws)
        self._batch_id = batch_id
        self._threads = threads
        self._seen: set[bytes] = set()

    def send(self, items: Iterable[BatchItem | Refusal]) -> Iterator[Sent | Refusal]:
        """Send what was not enrolled before; memory does not grow with the number of photos.

        Returns
        -------
        iterator of Sent or Refusal
            One for each item, in no particular order.

        Raises
        ------
        AwsError
            If the bucket or the table refuse; what was sent until then need not be sent again.
        """
        with ThreadPoolExecutor(self._threads, "upload") as pool:
            under_way: list[Future[Sent]] = []
            try:
                for window in self._windows(items):
                    photos = [photo for photo in window if isinstance(photo, _Prepared)]
                    yield from (refusal for refusal in window if isinstance(refusal, Refusal))
                    known = self._outcomes.of({photo.upload.enrollment_id for photo in photos})
                    yield from (sending.result() for sending in under_way)
                    under_way.clear()
                    for photo in photos:
                        before = known.get(photo.upload.enrollment_id)
                        if self._needs_sending(photo, before):
                            under_way.append(pool.submit(self._send, photo, before))
                        else:
                            yield Sent(photo.source.path, photo.upload.enrollment_id, before)
                yield from (sending.result() for sending in under_way)
            finally:
                for sending in under_way:
                    sending.cancel()

    def _windows(self, items: Iterable[BatchItem | Refusal]) -> Iterator[list[_Prepared | Refusal]]:
        window: list[_Prepared | Refusal] = []
        held = 0
        for item in items:
            prepared = item if isinstance(item, Refusal) else self._prepared(item)
            window.append(prepared)
            if isinstance(prepared, _Prepared):
                held += len(prepared.data)
            if len(window) == MOST_IDS or held >= _WINDOW_BYTES:
                yield window
                window, held = [], 0
        if window:
            yield window

    def _prepared(self, item: BatchItem) -> _Prepared | Refusal:
        try:
            if isinstance(item.photo, StoredPhoto):
                data, digest = b"", _digest_in_s3(item.photo)
            else:
                data = read_photo(item.photo)
                digest = sha256(data).hexdigest()
            upload = self._upload(item, digest)
        except UnusablePhoto as error:
            return Refusal(item.file, str(error))
        objection = _objection(upload, item.file)
        return _Prepared(item.photo, upload, data) if objection is None else Refusal(item.file, objection)

    def _upload(self, item: BatchItem, digest: str) -> PhotoUpload:
        person_id = person_id_of(item.full_name)
        return PhotoUpload(
            enrollment_id=photo_enrollment_id(person_id, digest),
            person_id=person_id,
            full_name=item.full_name,
            content_type=content_type_of(item.file),
            file=PurePosixPath(item.file).name,
            submitted_at=self._submitted_at,
            batch_id=self._batch_id,
            path=item.file,
            groups=item.groups,
            external_id=item.external_id,
        )

    def _needs_sending(self, photo: _Prepared, known: Enrollment | None) -> bool:
        identity = UUID(photo.upload.enrollment_id).bytes
        if identity in self._seen:
            return False
        self._seen.add(identity)
        if known is None or known.status is EnrollmentStatus.FAILED:
            return True
        # somebody announced it to the gateway and perhaps never sent it
        announced = known.status is EnrollmentStatus.RECEIVED and known.attempts == 0
        # nothing but a deletion forgets whom it enrolled
        erased = known.status in _GIVES_A_FACE and known.person_id is None
        return announced or erased or known.rejection is RejectionReason.PERSON_DELETED

    def _send(self, photo: _Prepared, known: Enrollment | None) -> Sent:
        anew = known is not None and known.finished
        if isinstance(photo.source, StoredPhoto):
            self._store.copy(photo.upload, photo.source)
        elif anew:
            self._store.put(photo.upload, photo.data)
        else:
            self._store.put_new(photo.upload, photo.data)
        return Sent(photo.source.path, photo.upload.enrollment_id, known, anew)


def _digest_in_s3(photo: StoredPhoto) -> str:
    """Tell a photo by where it lies and its ETag: its content stays where it is."""
    require_acceptable_size(photo.size)
    return sha256(json.dumps([photo.bucket, photo.key, photo.etag]).encode()).hexdigest()


def _objection(upload: PhotoUpload, file: str) -> str | None:
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in file):
        return "its name has control characters; rename it"
    if len(upload.key.encode()) > _LONGEST_KEY:
        return "its name is too long for S3; rename it"
    described = sum(len(name) + len(value) for name, value in upload.metadata.items())
    if described > _MOST_METADATA:
        return (
            f"full name, file name and groups take {described} bytes of S3's metadata, and {_MOST_METADATA} "
            "are the most; shorten them"
        )
    return None
