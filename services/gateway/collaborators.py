"""What the gateway needs of the world outside, as seen from here."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from services.aws.idempotency import KeyedRequest
from services.contracts.domain import Decision, Kiosk
from services.contracts.messages import DecisionReply, RecognizeJob, StoredObject


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


class Kiosks(Protocol):
    """The kiosks registered."""

    def get(self, kiosk_id: str) -> Kiosk | None:
        """Look the kiosk up; None if it is not registered or was revoked."""
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
