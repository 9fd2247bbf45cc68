"""What the gateway needs of the world outside, as seen from here."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol

from services.aws.forms import UploadForm
from services.aws.idempotency import KeyedCreation, KeyedRequest
from services.aws.people import PeoplePage
from services.aws.photo_uploads import PhotoUpload
from services.contracts.domain import Decision, Deletion, Enrollment, IssuedToken, Person, PersonStatus
from services.contracts.invitations import Invitation
from services.contracts.kiosks import Kiosk
from services.contracts.messages import DecisionReply, RecognizeJob, ResolveHeldJob, StoredObject
from services.contracts.operators import FailedSignIns, Operator
from services.contracts.sessions import Session
from services.contracts.submissions import Submission, SubmittedFile


class Jobs(Protocol):
    """The queue that recognize workers take from."""

    def send(self, job: RecognizeJob) -> None:
        """Queue `job`."""
        ...

    def depth(self) -> int:
        """About how many jobs wait."""
        ...


class Frames(Protocol):
    """Where frames go that are too large for a message."""

    def put(
        self, kiosk_id: str, recognition_id: str, number: int, data: bytes, content_type: str
    ) -> StoredObject:
        """Keep a recognition's first, second, ... frame for its worker."""
        ...


class Decisions(Protocol):
    """The decisions made."""

    def get(self, recognition_id: str) -> Decision | None:
        """Look the decision up; None if there is none yet."""
        ...


class Requests(Protocol):
    """The requests made with an Idempotency-Key."""

    def register(self, request: KeyedRequest) -> KeyedRequest:
        """Write it down unless it was made before, and return the one that stands."""
        ...

    def get(self, request_id: str) -> KeyedRequest | None:
        """Look one up."""
        ...

    def hold(self, request: KeyedRequest, until: datetime) -> KeyedRequest | None:
        """Hold it until then; None if another did or its job is queued."""
        ...

    def mark_queued(self, request: KeyedRequest) -> None:
        """Say that its job is queued."""
        ...


class Creations(Protocol):
    """The people created with an Idempotency-Key."""

    def register(self, creation: KeyedCreation) -> KeyedCreation:
        """Write it down unless it was made before, and return the one that stands."""
        ...

    def mark_created(self, creation: KeyedCreation) -> None:
        """Say that the person is written."""
        ...


class Kiosks(Protocol):
    """The kiosks registered."""

    def get(self, kiosk_id: str) -> Kiosk | None:
        """Look the kiosk up; None if it is not registered or was revoked."""
        ...


class IssuedTokens(Protocol):
    """The API tokens of programs."""

    def get(self, token_id: str) -> IssuedToken | None:
        """Look the token up; None if it was never issued or is revoked."""
        ...


class TokenRecords(Protocol):
    """The API tokens, where they are issued and revoked."""

    def add(self, token: IssuedToken) -> None:
        """Write down a token that was issued."""
        ...

    def get(self, token_id: str) -> IssuedToken | None:
        """Look a token up; None if it was never issued or is revoked."""
        ...

    def list(self) -> list[IssuedToken]:
        """List all, the oldest first."""
        ...

    def revoke(self, token_id: str) -> bool:
        """End a token; False if there is none."""
        ...


class InvitationRecords(Protocol):
    """The invitations by which people send photos of themselves."""

    def add(self, invitation: Invitation) -> None:
        """Write down one that was made."""
        ...

    def get(self, invitation_id: str) -> Invitation | None:
        """Look one up, also if it has ended."""
        ...

    def of_person(
        self, person_id: str, position: str | None, limit: int
    ) -> tuple[list[Invitation], str | None]:
        """List a person's, the newest first, from a position on; with the position of the rest."""
        ...

    def revoke(self, invitation_id: str, now: datetime) -> bool:
        """End one; False if there is none."""
        ...

    def note_photo(self, invitation: Invitation, enrollment_id: str) -> Invitation | None:
        """Note that a photo is sent; None if it was changed meanwhile."""
        ...


class OperatorRecords(Protocol):
    """The operators."""

    def create(self, operator: Operator) -> bool:
        """Write a new operator down; False if the login is taken."""
        ...

    def get(self, operator_id: str) -> Operator | None:
        """Look an operator up."""
        ...

    def list(self) -> list[Operator]:
        """List all by login."""
        ...

    def update(self, operator: Operator, now: datetime, **changes: Any) -> Operator:
        """Change an operator whom nobody changed since they were read, and end their sessions."""
        ...

    def note_failed_sign_ins(self, operator: Operator, failed: FailedSignIns) -> bool:
        """Note a wrong password; False if another was noted meanwhile."""
        ...

    def note_sign_in(self, operator: Operator, now: datetime, new_hash: str | None) -> bool:
        """Forget wrong passwords; False if the operator was changed meanwhile."""
        ...

    def remove(self, operator: Operator) -> None:
        """Remove an operator whom nobody changed since they were read."""
        ...


class SessionRecords(Protocol):
    """The sessions of operators."""

    def add(self, session: Session) -> None:
        """Write a session down that has begun."""
        ...

    def get(self, session_sha256: str) -> Session | None:
        """Look a session up."""
        ...

    def note_seen(self, session: Session) -> None:
        """Note when a session was seen last."""
        ...

    def end(self, session_sha256: str) -> None:
        """End a session."""
        ...


class People(Protocol):
    """The people enrolled."""

    def create(self, person: Person) -> bool:
        """Write a new person down; False if the id is taken."""
        ...

    def get(self, person_id: str) -> Person | None:
        """Look a person up."""
        ...

    def update(self, person: Person, now: datetime) -> Person:
        """Change a person whom nobody changed since they were read."""
        ...

    def page(
        self,
        search: str = "",
        cursor: str | None = None,
        limit: int = 50,
        *,
        group: str | None = None,
        status: PersonStatus | None = None,
    ) -> PeoplePage:
        """List people by name."""
        ...


class Enrollments(Protocol):
    """What becomes of photos."""

    def get(self, enrollment_id: str) -> Enrollment | None:
        """Look one up."""
        ...

    def save(self, enrollment: Enrollment) -> bool:
        """Note where it is, unless it is finished already."""
        ...

    def of_person(
        self, person_id: str, position: str | None, limit: int
    ) -> tuple[list[Enrollment], str | None]:
        """List a person's, from a position on; with the position of the rest."""
        ...


class HeldEnrollments(Protocol):
    """The photos that wait for an operator."""

    def get(self, enrollment_id: str) -> Enrollment | None:
        """Look an enrollment up."""
        ...

    def held_page(self, position: str | None, limit: int) -> tuple[list[Enrollment], str | None]:
        """List some that wait, from a position on; with the position of the rest."""
        ...

    def save_held(self, enrollment: Enrollment) -> bool:
        """Note something of one that waits; False if it does not any more."""
        ...


class ResolutionJobs(Protocol):
    """The queue that enroll workers take from."""

    def send(self, job: ResolveHeldJob) -> None:
        """Queue `job`."""
        ...


class Deletions(Protocol):
    """The removals of people, and their receipts."""

    def request(self, person_id: str, requested_by: str, now: datetime) -> Deletion:
        """Have a person deleted."""
        ...

    def get(self, deletion_id: str) -> Deletion | None:
        """Look a receipt up."""
        ...


class PhotoRemovals(Protocol):
    """The removals of single photos; their receipts are deletions."""

    def request(self, person_id: str, enrollment_id: str, requested_by: str, now: datetime) -> Deletion:
        """Have a person's photo removed."""
        ...


class PhotoUploads(Protocol):
    """Where photos go."""

    @property
    def bucket(self) -> str:
        """Its name."""
        ...

    def put(self, upload: PhotoUpload, data: bytes) -> None:
        """Put a photo."""
        ...

    def form(self, upload: PhotoUpload, max_bytes: int, seconds: int) -> UploadForm:
        """Sign a form by which somebody else puts it."""
        ...


class Submissions(Protocol):
    """The batches submitted, and what each file became when it was read."""

    def submit(self, source: str, name: str, submitted_by: str, now: datetime) -> Submission:
        """Have a batch read."""
        ...

    def get(self, batch_id: str) -> Submission | None:
        """Look one up."""
        ...

    def page(self, position: str | None, limit: int) -> tuple[list[Submission], str | None]:
        """List them, the last submitted first, from a position on; with the position of the rest."""
        ...

    def files(self, submission: Submission, first: int) -> list[SubmittedFile]:
        """Tell of up to 100 files."""
        ...


class Archives(Protocol):
    """Where archives go."""

    @property
    def bucket(self) -> str:
        """Its name."""
        ...

    def url_of_upload(self, upload_id: str, name: str) -> str:
        """Tell where an archive goes."""
        ...

    def put(self, url: str, data: bytes) -> None:
        """Put an archive."""
        ...

    def form(self, url: str, max_bytes: int, seconds: int) -> UploadForm:
        """Sign a form by which somebody else puts it."""
        ...


class Outcomes(Protocol):
    """What became of photos, many at a time."""

    def of(self, enrollment_ids: Collection[str]) -> dict[str, Enrollment]:
        """Read up to 100 enrollments."""
        ...


class Replies(Protocol):
    """The queue on which workers answer this process."""

    @property
    def url(self) -> str:
        """What a job names as its ``reply_to``."""
        ...

    def receive(self, wait_seconds: int) -> Sequence[DecisionReply]:
        """Take what has come, or wait for something to come."""
        ...

    def beat(self) -> None:
        """Say that the process that listens lives."""
        ...

    def close(self) -> None:
        """Delete the queue."""
        ...


class ReplyQueues(Protocol):
    """The queues of all gateway processes."""

    def heartbeats(self, most: int) -> Iterable[tuple[str, datetime]]:
        """Tell, of at most so many queues, when their gateways last said that they live."""
        ...

    def remove(self, url: str) -> None:
        """Delete a queue."""
        ...
