"""Collaborators of the gateway that live in memory, for its tests alone."""

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from io import BytesIO
from queue import Empty, SimpleQueue
from threading import Event, Lock

from PIL import Image

from services.aws.errors import AwsError
from services.aws.forms import UploadForm
from services.aws.idempotency import KeyedCreation, KeyedRequest
from services.aws.people import PeoplePage, PersonChanged, PersonUnknown
from services.aws.photo_removal import PhotoOnItsWay, PhotoUnknown
from services.aws.photo_uploads import PhotoUpload
from services.contracts.domain import (
    Decision,
    Deletion,
    Enrollment,
    EnrollmentStatus,
    IssuedToken,
    Person,
    PersonStatus,
    Scope,
)
from services.contracts.ids import batch_id_of
from services.contracts.kiosks import Kiosk
from services.contracts.messages import DecisionReply, RecognizeJob, ResolveHeldJob, StoredObject
from services.contracts.reasons import DecisionReason
from services.contracts.submissions import Submission, SubmittedFile
from services.contracts.tokens import ApiToken, KioskToken

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def kiosk_with(token: KioskToken, door_id: str = "front") -> Kiosk:
    return Kiosk(kiosk_id=token.kiosk_id, door_id=door_id, token_sha256=token.sha256, created_at=NOW)


def picture(file_format: str = "JPEG", size: tuple[int, int] = (160, 120)) -> bytes:
    image = Image.linear_gradient("L").resize(size).convert("RGB")
    file = BytesIO()
    image.save(file, file_format)
    return file.getvalue()


def noise(file_format: str = "PNG", size: tuple[int, int] = (400, 400)) -> bytes:
    file = BytesIO()
    Image.effect_noise(size, 100).convert("RGB").save(file, file_format)
    return file.getvalue()


def decision_on(
    recognition_id: str, kiosk_id: str = "lobby", reason: DecisionReason = DecisionReason.MATCH
) -> Decision:
    return Decision(
        recognition_id=recognition_id,
        reason=reason,
        kiosk_id=kiosk_id,
        door_id="front",
        person_id="p-1",
        full_name="Grace Hopper",
        face_id="f-1",
        similarity=99.7,
        threshold=99.0,
        agreed=1,
        received_at=NOW,
        decided_at=NOW,
        timings_ms={"search": 12.5},
    )


class InMemoryKiosks:
    def __init__(self, *kiosks: Kiosk) -> None:
        self.kiosks = {kiosk.kiosk_id: kiosk for kiosk in kiosks}
        self.look_ups = 0
        self.error: AwsError | None = None

    def get(self, kiosk_id: str) -> Kiosk | None:
        self.look_ups += 1
        if self.error:
            raise self.error
        return self.kiosks.get(kiosk_id)


class InMemoryDecisions:
    def __init__(self) -> None:
        self.decisions: dict[str, Decision] = {}
        self.error: AwsError | None = None

    def get(self, recognition_id: str) -> Decision | None:
        if self.error:
            raise self.error
        return self.decisions.get(recognition_id)


class InMemoryFrames:
    def __init__(self) -> None:
        self.stored: dict[str, bytes] = {}

    def put(
        self, kiosk_id: str, recognition_id: str, number: int, data: bytes, content_type: str
    ) -> StoredObject:
        key = f"posted-frames/{kiosk_id}/{recognition_id}" + (f"-{number}" if number > 1 else "")
        self.stored[key] = data
        assert content_type.startswith("image/")
        return StoredObject(bucket="frames", key=key)


class InMemoryRequests:
    def __init__(self) -> None:
        self.requests: dict[str, KeyedRequest] = {}
        self.reads = 0
        self.error: AwsError | None = None
        self._lock = Lock()

    def register(self, request: KeyedRequest) -> KeyedRequest:
        self._fail()
        with self._lock:
            return self.requests.setdefault(request.request_id, request)

    def get(self, request_id: str) -> KeyedRequest | None:
        self._fail()
        self.reads += 1
        return self.requests.get(request_id)

    def hold(self, request: KeyedRequest, until: datetime) -> KeyedRequest | None:
        self._fail()
        with self._lock:
            if self.requests.get(request.request_id) != request or request.queued:
                return None
            held = self.requests[request.request_id] = request.held_on(until)
            return held

    def mark_queued(self, request: KeyedRequest) -> None:
        self._fail()
        with self._lock:
            standing = self.requests[request.request_id]
            self.requests[request.request_id] = standing.model_copy(update={"queued": True})

    def _fail(self) -> None:
        if self.error:
            raise self.error


class InMemoryCreations:
    def __init__(self) -> None:
        self.creations: dict[str, KeyedCreation] = {}
        self.error: AwsError | None = None

    def register(self, creation: KeyedCreation) -> KeyedCreation:
        return self.creations.setdefault(creation.request_id, creation)

    def mark_created(self, creation: KeyedCreation) -> None:
        if self.error:
            raise self.error
        created = creation.model_copy(update={"created": True})
        self.creations[creation.request_id] = created


class InMemoryJobs:
    """A queue whose worker, if there is one, works at once and in the sender's thread."""

    def __init__(self) -> None:
        self.sent: list[RecognizeJob] = []
        self.worker: Callable[[RecognizeJob], None] | None = None
        self.error: AwsError | None = None

    def send(self, job: RecognizeJob) -> None:
        if self.error:
            raise self.error
        self.sent.append(job)
        if self.worker:
            self.worker(job)

    def depth(self) -> int:
        if self.error:
            raise self.error
        return len(self.sent)


class InMemoryReplies:
    def __init__(self, url: str = "memory://replies") -> None:
        self.url = url
        self.arrived: SimpleQueue[DecisionReply | AwsError] = SimpleQueue()
        self.asked = Event()
        self.closed = Event()
        self.times_opened = 0
        self.beats = 0

    def open(self) -> "InMemoryReplies":
        self.closed.clear()
        self.times_opened += 1
        return self

    def answer(self, decision: Decision) -> None:
        self.arrived.put(DecisionReply(decision=decision))

    def receive(self, wait_seconds: int) -> list[DecisionReply]:
        self.asked.set()
        if self.closed.is_set():
            raise AwsError("the queue does not exist")
        try:
            arrived = self.arrived.get(timeout=min(wait_seconds, 0.05) or 0.001)
        except Empty:
            return []
        if isinstance(arrived, AwsError):
            raise arrived
        return [arrived]

    def beat(self) -> None:
        if self.closed.is_set():
            raise AwsError("the queue does not exist")
        self.beats += 1

    def close(self) -> None:
        self.closed.set()


def issued(token: ApiToken, *scopes: Scope) -> IssuedToken:
    return IssuedToken(
        token_id=token.token_id, name="payroll", scopes=scopes, token_sha256=token.sha256, created_at=NOW
    )


def as_key(text: str) -> str:
    """What DynamoDB takes as a key, and nothing else."""
    assert 0 < len(text.encode()) <= 2048
    return text


class InMemoryTokens:
    def __init__(self, *tokens: IssuedToken) -> None:
        self.tokens = {token.token_id: token for token in tokens}
        self.look_ups = 0

    def get(self, token_id: str) -> IssuedToken | None:
        self.look_ups += 1
        return self.tokens.get(token_id)

    def add(self, token: IssuedToken) -> None:
        assert token.token_id not in self.tokens
        self.tokens[token.token_id] = token

    def list(self) -> list[IssuedToken]:
        return sorted(self.tokens.values(), key=lambda token: token.created_at)

    def revoke(self, token_id: str) -> bool:
        return self.tokens.pop(token_id, None) is not None


class InMemoryPeople:
    def __init__(self) -> None:
        self.people: dict[str, Person] = {}
        self.interfere: Callable[[Person], None] = lambda person: None

    def create(self, person: Person) -> bool:
        return self.people.setdefault(person.person_id, person) is person

    def get(self, person_id: str) -> Person | None:
        return self.people.get(as_key(person_id))

    def update(self, person: Person, now: datetime) -> Person:
        self.interfere(person)
        standing = self.people.get(person.person_id)
        if standing is None:
            raise PersonUnknown(person.person_id)
        if standing.version != person.version:
            raise PersonChanged
        changed = person.model_copy(update={"version": person.version + 1, "updated_at": now})
        self.people[person.person_id] = changed
        return changed

    def page(
        self,
        search: str = "",
        cursor: str | None = None,
        limit: int = 50,
        *,
        group: str | None = None,
        status: PersonStatus | None = None,
    ) -> PeoplePage:
        found = sorted(
            (
                person
                for person in self.people.values()
                if person.full_name.lower().startswith(search.lower())
                and (group is None or group in person.groups)
                and (status is None or status is person.status)
            ),
            key=lambda person: (person.full_name, person.person_id),
        )
        rest = [person for person in found if cursor is None or person.full_name > cursor]
        return PeoplePage(tuple(rest[:limit]), rest[limit - 1].full_name if len(rest) > limit else None)


class InMemoryEnrollments:
    def __init__(self) -> None:
        self.enrollments: dict[str, Enrollment] = {}

    def get(self, enrollment_id: str) -> Enrollment | None:
        return self.enrollments.get(as_key(enrollment_id))

    def save(self, enrollment: Enrollment) -> bool:
        standing = self.enrollments.get(enrollment.enrollment_id)
        stands = standing and standing.finished and standing.person_id is not None
        if standing and stands and standing.status is not EnrollmentStatus.FAILED:
            return False
        self.enrollments[enrollment.enrollment_id] = enrollment
        return True

    def held_page(self, position: str | None, limit: int) -> tuple[list[Enrollment], str | None]:
        waiting = sorted(
            (found for found in self.enrollments.values() if found.status is EnrollmentStatus.HELD),
            key=lambda found: found.enrollment_id,
        )
        rest = [found for found in waiting if position is None or found.enrollment_id > position]
        return rest[:limit], rest[limit - 1].enrollment_id if len(rest) > limit else None

    def save_held(self, enrollment: Enrollment) -> bool:
        if self.enrollments[enrollment.enrollment_id].status is not EnrollmentStatus.HELD:
            return False
        self.enrollments[enrollment.enrollment_id] = enrollment
        return True

    def of_person(
        self, person_id: str, position: str | None, limit: int
    ) -> tuple[list[Enrollment], str | None]:
        rest = sorted(
            (found for found in self.enrollments.values() if found.person_id == person_id),
            key=lambda found: found.enrollment_id,
        )
        rest = [found for found in rest if position is None or found.enrollment_id > position]
        return rest[:limit], rest[limit - 1].enrollment_id if len(rest) > limit else None


class InMemoryResolutionJobs:
    def __init__(self) -> None:
        self.sent: list[ResolveHeldJob] = []

    def send(self, job: ResolveHeldJob) -> None:
        self.sent.append(job)


class InMemoryDeletions:
    def __init__(self, people: InMemoryPeople) -> None:
        self.people = people
        self.deletions: dict[str, Deletion] = {}

    def request(self, person_id: str, requested_by: str, now: datetime) -> Deletion:
        person = self.people.get(person_id)
        if person is None:
            raise PersonUnknown(person_id)
        deletion = Deletion(
            deletion_id=f"d-{person_id}", person_id=person_id, requested_at=now, requested_by=requested_by
        )
        marked = {"status": PersonStatus.DELETING, "deletion_id": deletion.deletion_id}
        self.people.people[person_id] = person.model_copy(update=marked)
        return self.deletions.setdefault(deletion.deletion_id, deletion)

    def get(self, deletion_id: str) -> Deletion | None:
        return self.deletions.get(as_key(deletion_id))


class InMemoryPhotoRemovals:
    def __init__(self, enrollments: InMemoryEnrollments, deletions: InMemoryDeletions) -> None:
        self.enrollments = enrollments
        self.deletions = deletions

    def request(self, person_id: str, enrollment_id: str, requested_by: str, now: datetime) -> Deletion:
        photo = self.enrollments.get(enrollment_id)
        if photo is None or photo.person_id != person_id:
            raise PhotoUnknown
        if not photo.finished:
            raise PhotoOnItsWay
        deletion = Deletion(
            deletion_id=f"d-{enrollment_id}",
            person_id=person_id,
            enrollment_id=enrollment_id,
            requested_at=now,
            requested_by=requested_by,
        )
        return self.deletions.deletions.setdefault(deletion.deletion_id, deletion)


class InMemorySubmissions:
    def __init__(self) -> None:
        self.submissions: dict[str, Submission] = {}
        self.told: dict[str, list[SubmittedFile]] = {}

    def submit(self, source: str, name: str, submitted_by: str, now: datetime) -> Submission:
        batch_id = batch_id_of(source)
        standing = self.submissions.get(batch_id)
        run = standing.run + bool(standing.read_at) if standing else 1
        submission = Submission(
            batch_id=batch_id, name=name, source=source, run=run, submitted_by=submitted_by, submitted_at=now
        )
        self.submissions[batch_id] = submission
        return submission

    def get(self, batch_id: str) -> Submission | None:
        return self.submissions.get(as_key(batch_id))

    def page(self, position: str | None, limit: int) -> tuple[list[Submission], str | None]:
        last_first = sorted(self.submissions.values(), key=lambda one: one.submitted_at, reverse=True)
        first = int(position or 0)
        more = len(last_first) > first + limit
        return last_first[first : first + limit], str(first + limit) if more else None

    def read(
        self, batch_id: str, *files: SubmittedFile, ended: bool = True, problem: str | None = None
    ) -> None:
        """Play the worker."""
        self.told[batch_id] = list(files)
        read = {"files_read": len(files), "read_at": NOW if ended else None, "problem": problem}
        self.submissions[batch_id] = self.submissions[batch_id].model_copy(update=read)

    def files(self, submission: Submission, first: int) -> list[SubmittedFile]:
        return self.told.get(submission.batch_id, [])[first : first + 100]


class InMemoryArchives:
    bucket = "photos"

    def __init__(self) -> None:
        self.stored: dict[str, bytes] = {}

    def url_of_upload(self, upload_id: str, name: str) -> str:
        return f"s3://photos/batches/uploads/{upload_id}/{name}"

    def put(self, url: str, data: bytes) -> None:
        self.stored[url] = data

    def form(self, url: str, max_bytes: int, seconds: int) -> UploadForm:
        return UploadForm("https://photos.test/", {"key": url, "policy": f"{max_bytes} {seconds}"})


class InMemoryOutcomes:
    def __init__(self, enrollments: InMemoryEnrollments) -> None:
        self.enrollments = enrollments

    def of(self, enrollment_ids: Collection[str]) -> dict[str, Enrollment]:
        assert len(enrollment_ids) <= 100
        found = {name: self.enrollments.enrollments.get(name) for name in enrollment_ids}
        return {name: enrollment for name, enrollment in found.items() if enrollment is not None}


class InMemoryUploads:
    bucket = "photos"

    def __init__(self) -> None:
        self.stored: dict[str, bytes] = {}
        self.error: AwsError | None = None

    def put(self, upload: PhotoUpload, data: bytes) -> None:
        if self.error:
            raise self.error
        self.stored[upload.key] = data

    def form(self, upload: PhotoUpload, max_bytes: int, seconds: int) -> UploadForm:
        return UploadForm("https://photos.test/", {"key": upload.key, "policy": f"{max_bytes} {seconds}"})
