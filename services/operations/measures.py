"""What is counted, under which names; every service counts through this."""

from enum import StrEnum

from services.contracts.domain import Decision, Enrollment
from services.contracts.operations import QueueName
from services.contracts.reasons import DecisionReason
from services.operations.tally import Tally, observed

#: Histograms.
DECIDED_MS, QUEUED_MS, SEARCHED_MS = "decided_ms", "queued_ms", "searched_ms"
ANSWERED_MS = "answered_ms"
#: Counts, and beginnings of counts.
DECIDED, ENROLLED, JOBS, CALLS = "decided:", "enrolled:", "jobs:", "rekognition:"
TURNED_AWAY = "turned_away"
UPLOADED_FRAMES = "uploaded_frames"
_WAITING, _WAITED_MS = "waiting:", "waited_ms:"
_DECIDED = {reason: f"{DECIDED}{reason}" for reason in DecisionReason}


class JobEnd(StrEnum):
    """How a worker's work on a job ended."""

    DONE = "done"
    LEFT = "left"
    PUT_ASIDE = "put-aside"


class CallEnd(StrEnum):
    """How a call of Rekognition ended; what it finds wrong with a picture is a good end."""

    DONE = "done"
    THROTTLED = "throttled"
    FAILED = "failed"


def waiting(queue: QueueName) -> str:
    """Name the histogram of how many jobs wait."""
    return f"{_WAITING}{queue}"


def waited_ms(queue: QueueName) -> str:
    """Name the histogram of how long jobs waited for a worker."""
    return f"{_WAITED_MS}{queue}"


class Measures:
    """Counts what services do."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def decided(self, decision: Decision, *, uploaded: bool) -> None:
        """Count a decision that was just made; `uploaded` if its frame came through S3 and the Lambda."""
        timings = decision.timings_ms
        took = (decision.decided_at - decision.received_at).total_seconds() * 1000
        names = [_DECIDED[decision.reason], observed(DECIDED_MS, took)]
        if (queued := timings.get("queue_ms")) is not None:
            names.append(observed(QUEUED_MS, queued))
        if (searched := timings.get("search_ms")) is not None:
            names.append(observed(SEARCHED_MS, searched))
        if uploaded:
            names.append(UPLOADED_FRAMES)
        self._tally.count_each(names)

    def enrolled(self, enrollment: Enrollment) -> None:
        """Count what became of a photo: indexed, held, or refused with its reason."""
        self._tally.count(f"{ENROLLED}{enrollment.rejection or enrollment.status}")

    def answered(self, seconds: float) -> None:
        """Count a kiosk that was told its decision while it waited."""
        self._tally.observe(ANSWERED_MS, seconds * 1000)

    def turned_away(self, times: int = 1) -> None:
        """Count frames that were refused because they would have been decided too late."""
        self._tally.count(TURNED_AWAY, times)

    def called(self, operation: str, end: CallEnd) -> None:
        """Count one attempt of a call of Rekognition."""
        self._tally.count(f"{CALLS}{operation}:{end}")

    def seen_waiting(self, queue: QueueName, jobs: int) -> None:
        """Count how many jobs wait, at one look."""
        self._tally.observe(waiting(queue), jobs)


class QueueMeasures:
    """Counts the jobs of one queue."""

    def __init__(self, tally: Tally, queue: QueueName) -> None:
        self._tally = tally
        self._waited = waited_ms(queue)
        self._ended = {end: f"{JOBS}{queue}:{end}" for end in JobEnd}

    def job_taken(self, waited_seconds: float) -> None:
        """Count a job that a thread begins with; how long it waited is for clocks to agree on."""
        self._tally.took_job()
        self._tally.observe(self._waited, max(0.0, waited_seconds) * 1000)

    def job_ended(self, end: JobEnd) -> None:
        """Count what became of a job."""
        self._tally.count(self._ended[end])
