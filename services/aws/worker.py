"""Celery on SQS: one queue, a few kinds of job, nothing thrown away.

Celery acknowledges (deletes) what it cannot decode and tasks it does not know, and SQS's own redrive says
nothing of why. Here every message that ends without being done goes to the dead-letter queue with the
reason first, and only then leaves its queue.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar
from urllib.parse import urlsplit

import structlog
from celery import Celery, Task
from celery.signals import worker_ready
from pydantic import BaseModel, ValidationError

from services.aws.connection import LONGEST_POLL_SECONDS
from services.aws.consumer import JobConsumer
from services.aws.dead_letters import DeadLetterQueue
from services.aws.errors import AwsUnavailable, translated
from services.aws.jobs import queue_name
from services.aws.transport import guarded_transport
from services.garbage import settle
from services.heartbeat import HeartbeatSettings, beat
from services.operations.measures import JobEnd, QueueMeasures

if TYPE_CHECKING:
    from services.aws.connection import Aws

    _Task = Task[Any, None]
else:
    # Celery's own Task takes no type arguments; only its stubs' does.
    _Task = Task

log = structlog.stdlib.get_logger(__name__)
Job = TypeVar("Job", bound=BaseModel)
#: SQS's names of what it tells of a message.
_DELIVERIES, _SENT = "ApproximateReceiveCount", "SentTimestamp"


@dataclass(frozen=True)
class WorkerQueue:
    """The queue that a worker serves.

    Attributes
    ----------
    url, dead_letter_url : str
        SQS's URLs.
    visibility_timeout : int
        Seconds until SQS gives an unfinished message to another worker. Nothing extends it, so the stack
        sets it longer than the longest task.
    deliveries : int
        After so many SQS moves the message to the dead-letter queue itself (its maxReceiveCount).
    """

    url: str
    dead_letter_url: str
    visibility_timeout: int
    deliveries: int

    @classmethod
    def read(cls, aws: "Aws", url: str, dead_letter_url: str) -> Self:
        """Ask SQS how the stack set the queue up.

        Raises
        ------
        AwsError
            If the queue cannot be asked.
        """
        with translated("reading the queue's attributes"):
            attributes = aws.sqs.get_queue_attributes(
                QueueUrl=url, AttributeNames=["VisibilityTimeout", "RedrivePolicy"]
            )["Attributes"]
        redrive = json.loads(attributes["RedrivePolicy"])
        return cls(
            url, dead_letter_url, int(attributes["VisibilityTimeout"]), int(redrive["maxReceiveCount"])
        )


@dataclass(frozen=True)
class JobKind(Generic[Job]):
    """One kind of job on a queue, and who does it.

    Attributes
    ----------
    task_name : str
        What the sender calls it.
    job_type : type
        What its argument is read as.
    handle : callable
        Does one job. `AwsUnavailable` leaves the job on its queue for another try; whatever else it raises
        is put aside with the reason.
    given_up : callable, optional
        Told a job that is not tried again, and the reason, before the message is put aside.
    """

    task_name: str
    job_type: type[Job]
    handle: Callable[[Job], object]
    given_up: Callable[[Job, str], object] | None = None


def run_worker(
    aws: "Aws",
    queue: WorkerQueue,
    kinds: Sequence[JobKind[Any]],
    *,
    measures: QueueMeasures,
    concurrency: int,
) -> None:
    """Serve a queue until the process is told to stop; then finish what has begun.

    Parameters
    ----------
    kinds : sequence of JobKind
        What the queue carries; a job of another kind is put aside.
    measures : QueueMeasures
        Counts the jobs.
    concurrency : int
        How many jobs at once, each in a thread: a job waits for AWS most of the time.
    """
    dead_letters = DeadLetterQueue(aws, queue.dead_letter_url)
    app = make_celery(aws, queue, dead_letters)
    heartbeat = HeartbeatSettings()
    for kind in kinds:
        app.register_task(JobTask(kind, dead_letters, queue.deliveries, measures))
    worker: Any = app.Worker(
        pool="threads",
        concurrency=concurrency,
        queues=[queue_name(queue.url)],
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        loglevel="WARNING",
        quiet=True,
    )
    worker_ready.connect(_say_ready, weak=False)
    worker_ready.connect(partial(_beat, heartbeat), weak=False)
    worker.start()
    raise SystemExit(worker.exitcode)


def _beat(heartbeat: HeartbeatSettings, sender: Any, **_: Any) -> None:
    beat(sender.timer, heartbeat)


def _say_ready(sender: Any, **_: Any) -> None:  # noqa: ARG001  # a signal's signature
    settle()
    log.info("worker_ready")


def make_celery(aws: "Aws", queue: WorkerQueue, dead_letters: DeadLetterQueue) -> Celery:
    """Build the Celery app of one queue; nothing of it is global."""
    name = queue_name(queue.url)
    endpoint = urlsplit(aws.sqs.meta.endpoint_url)
    # On AWS kombu finds the regional endpoint and the role's credentials by itself.
    elsewhere = not (endpoint.hostname or "").endswith((".amazonaws.com", ".amazonaws.com.cn"))
    app = Celery(set_as_current=False)
    app.conf.update(
        broker_url=f"sqs://{endpoint.hostname}:{endpoint.port}" if elsewhere else "sqs://",
        broker_transport_options={
            "region": aws.sqs.meta.region_name,
            "is_secure": endpoint.scheme == "https",
            "visibility_timeout": queue.visibility_timeout,
            "wait_time_seconds": LONGEST_POLL_SECONDS,
            "predefined_queues": {name: {"url": queue.url}},
            "fetch_message_attributes": {"MessageSystemAttributeNames": [_DELIVERIES, _SENT]},
        },
        broker_connection_retry_on_startup=True,
        task_default_queue=name,
        task_create_missing_queues=True,
        task_ignore_result=True,
        task_acks_late=True,
        task_acks_on_failure_or_timeout=False,
        task_reject_on_worker_lost=True,
        # As many again wait for a thread, so that messages can be fetched several at a time.
        worker_prefetch_multiplier=2,
        worker_disable_rate_limits=True,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        broker_transport=guarded_transport(dead_letters),
        worker_consumer=JobConsumer,
    )
    return app


class JobTask(_Task, Generic[Job]):
    """The task of one kind of job: reads the job, times it, and puts aside what cannot be done."""

    def __init__(
        self, kind: JobKind[Job], dead_letters: DeadLetterQueue, deliveries: int, measures: QueueMeasures
    ) -> None:
        self.name = kind.task_name
        self._kind = kind
        self._dead_letters = dead_letters
        self._deliveries = deliveries
        self._measures = measures

    def run(self, *args: Any, **kwargs: Any) -> None:
        """Do the job that is the task's only argument, as JSON text."""
        began = time.perf_counter()
        properties: Any = self.request.properties
        received: dict[str, Any] = properties["delivery_info"]["sqs_message"]
        delivery = int(received["Attributes"][_DELIVERIES])
        self._measures.job_taken(time.time() - int(received["Attributes"][_SENT]) / 1000)
        with structlog.contextvars.bound_contextvars(job_id=self.request.id, delivery=delivery):
            try:
                job = self._kind.job_type.model_validate_json(_only_argument(args, kwargs))
            except (ValidationError, _WrongArguments) as error:
                kind = self._kind.job_type.__name__
                self._put_aside(received["Body"], f"not a {kind}: {_problems(error)}")
                return
            try:
                self._kind.handle(job)
            except AwsUnavailable as error:
                if delivery < self._deliveries:
                    log.warning("job_left_for_another_try", error=str(error))
                    self._measures.job_ended(JobEnd.LEFT)
                    raise
                self._give_up(job, received["Body"], f"gave up after {delivery} deliveries: {error}")
            except Exception as error:  # noqa: BLE001  # whatever it is, the message must not be lost
                reason = f"{type(error).__name__}: {_problems(error)}"
                self._give_up(job, received["Body"], reason, trace=True)
            else:
                self._measures.job_ended(JobEnd.DONE)
                log.debug("job_done", ms=round((time.perf_counter() - began) * 1000, 1))

    def _give_up(self, job: Job, body: str, reason: str, *, trace: bool = False) -> None:
        if self._kind.given_up is not None:
            try:
                self._kind.given_up(job, reason)
            except Exception:  # the message itself is what must not be lost
                log.exception("giving_up_was_not_noted")
        self._put_aside(body, reason, trace=trace)

    def _put_aside(self, body: str, reason: str, *, trace: bool = False) -> None:
        log.error("job_put_aside", reason=reason, exc_info=trace)
        self._measures.job_ended(JobEnd.PUT_ASIDE)
        self._dead_letters.send(body, reason)


class _WrongArguments(Exception):
    """The task did not come with one text argument."""


def _only_argument(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    if kwargs or len(args) != 1 or not isinstance(args[0], str):
        raise _WrongArguments("the task takes one argument, the job as JSON text")
    return args[0]


def _problems(error: Exception) -> str:
    """Say what was wrong, without the input itself: it may hold a picture, or tell of a person."""
    if isinstance(error, ValidationError):
        return "; ".join(
            f"{'.'.join(map(str, problem['loc'])) or 'job'}: {problem['msg']}"
            for problem in error.errors(include_input=False, include_url=False)
        )
    return str(error)
