"""What the processes tell of themselves: pulses, figures over time, and what was used a day."""

from datetime import date, datetime
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class Service(StrEnum):
    """The kinds of processes."""

    GATEWAY = "gateway"
    RECOGNIZE = "recognize"
    ENROLL = "enroll"


class QueueName(StrEnum):
    """The queues of jobs."""

    RECOGNIZE = "recognize"
    ENROLL = "enroll"


class QueueSeen(BaseModel):
    """A queue as a gateway saw it.

    Attributes
    ----------
    waiting : int
        How many jobs wait, as far as SQS knows.
    waiting_since : datetime, optional
        Since when, without a break, some did whenever the gateway looked; None if none waits.
    """

    model_config = ConfigDict(frozen=True)

    queue: QueueName
    waiting: int = Field(ge=0)
    waiting_since: AwareDatetime | None = None


class Pulse(BaseModel):
    """What a process did since its last pulse.

    Attributes
    ----------
    process_id : str
        Made anew with each start.
    interval : float
        Seconds from one pulse to the next: of three without one, the process has died.
    at : datetime
        When it was written.
    seconds : float
        What time it tells of.
    counts : mapping of str to int
        By name; `services.operations.measures` has the names.
    queues : tuple of QueueSeen
        What a gateway sees of them.
    last_job_at : datetime, optional
        When a worker last took a job from its queue.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    process_id: str
    service: Service
    host: str
    pid: int
    started_at: AwareDatetime
    interval: float = Field(gt=0)
    at: AwareDatetime
    seconds: float = Field(gt=0)
    counts: dict[str, int]
    queues: tuple[QueueSeen, ...] = ()
    last_job_at: AwareDatetime | None = None


class Resolution(StrEnum):
    """How long the slots are that figures are added up in."""

    MINUTE = "minute"
    TEN_MINUTES = "ten-minutes"

    @property
    def minutes(self) -> int:
        """Of a slot."""
        return 1 if self is Resolution.MINUTE else 10


class Slot(BaseModel):
    """What all processes of all kinds did in a slot of time.

    Attributes
    ----------
    began_at : datetime
        A whole minute, or ten.
    counts : mapping of str to int
        As a pulse has them.
    """

    model_config = ConfigDict(frozen=True)

    began_at: datetime
    counts: dict[str, int]


class DayUsed(BaseModel):
    """What was used on a day of UTC, as far as the processes know.

    Attributes
    ----------
    counts : mapping of str to int
        As a pulse has them, without histograms.
    """

    model_config = ConfigDict(frozen=True)

    day: date
    counts: dict[str, int]


class Stock(BaseModel):
    """What is kept.

    Attributes
    ----------
    day : date
        When it was counted, in UTC.
    photos, photo_bytes : int
        Kept photos of people in the bucket.
    faces, users : int
        In the collection.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    day: date
    photos: int = Field(ge=0)
    photo_bytes: int = Field(ge=0)
    faces: int = Field(ge=0)
    users: int = Field(ge=0)
