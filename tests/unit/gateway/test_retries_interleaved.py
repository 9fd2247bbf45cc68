"""Whatever happens between a kiosk's retries, it gets one recognition, and none is lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Literal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.aws.errors import AwsUnavailable
from services.contracts.domain import Decision
from services.contracts.messages import RecognizeJob
from services.contracts.tokens import KioskToken
from services.gateway.admission import Admission
from services.gateway.backlog import Backlog
from services.gateway.frames import Frame
from services.gateway.retries import RepeatableRecognitions
from services.gateway.service import Recognitions
from services.operations.measures import Measures
from services.operations.tally import Tally
from tests.unit.gateway.in_memory import (
    InMemoryDecisions,
    InMemoryFrames,
    InMemoryRequests,
    decision_on,
    kiosk_with,
    picture,
)

KIOSK = kiosk_with(KioskToken.create("lobby"))
FRAMES = (Frame(picture(), "image/jpeg", 160, 120),)

#: What goes wrong while a job is queued.
Trouble = Literal["dies before", "dies after", "fails before", "fails after", "is slow", "is not marked"]
#: After these a job may be queued once more: nobody can know that it was.
UNKNOWN = {"dies after", "fails after", "is slow", "is not marked"}
#: What happens elsewhere while a request waits.
Meanwhile = Literal["nothing", "a decision", "another retry"]


class Died(BaseException):
    """The gateway process is gone: nothing of it is done any more."""


class World:
    """What two gateway processes share, and a clock that moves when somebody waits."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)
        self.requests = InMemoryRequests()
        self.decisions = InMemoryDecisions()
        self.queued: list[RecognizeJob] = []
        self.undecided: list[RecognizeJob] = []
        self.answered: set[str] = set()
        self.unknown = 0
        self.coming: list[Trouble] = []
        self.meanwhile: list[Meanwhile] = []
        self.gateways = [Gateway(self), Gateway(self)]

    @property
    def seconds(self) -> float:
        return self.now.timestamp()

    def decide(self) -> None:
        if self.undecided:
            job = self.undecided.pop(0)
            self.decisions.decisions.setdefault(job.recognition_id, decision_on(job.recognition_id))


class Gateway:
    """One process: the real code on the world's queue, table and clock."""

    def __init__(self, world: World) -> None:
        self._world = world
        recognitions = Recognitions(
            self,
            InMemoryFrames(),
            world.decisions,
            self,  # pyright: ignore[reportArgumentType]  # what it needs of a ReplyListener
            Admission(0.8, initial=1000, clock=lambda: world.seconds),
            Backlog(lambda: 0),
            Measures(Tally()),
            inline_frame_bytes=1_000_000,
            deadline=timedelta(seconds=8),
        )
        self._repeatable = RepeatableRecognitions(recognitions, self, now=lambda: world.now)

    def post(self, wait: float) -> None:
        try:
            answer = self._repeatable.request(
                KIOSK, FRAMES, self._world.now, wait, key="k", frames_sha256="f"
            )
        except (Died, AwsUnavailable):
            return
        assert self._world.queued, "a kiosk was answered whose job nobody queued"
        self._world.answered.add(answer.recognition_id)

    # the queue
    def send(self, job: RecognizeJob) -> None:
        trouble = self._world.coming.pop() if self._world.coming else None
        self._world.unknown += trouble in UNKNOWN
        if trouble == "dies before":
            raise Died
        if trouble == "fails before":
            raise AwsUnavailable("sending job: throttled")
        if trouble == "is slow":
            self._another().post(wait=0)
        self._world.queued.append(job)
        self._world.undecided.append(job)
        if trouble == "dies after":
            raise Died
        if trouble == "fails after":
            raise AwsUnavailable("sending job: timed out")
        if trouble == "is not marked":
            self._world.requests.error = AwsUnavailable("updating a request: throttled")

    def depth(self) -> int:
        return 0

    # the requests
    def register(self, request):
        self._something_happens()
        return self._world.requests.register(request)

    def get(self, request_id):
        self._something_happens()
        return self._world.requests.get(request_id)

    def hold(self, request, until):
        self._something_happens()
        taken_over = until > self._world.now
        assert not taken_over or request.held_until <= self._world.now, "somebody holds it still"
        return self._world.requests.hold(request, until)

    def mark_queued(self, request):
        try:
            self._world.requests.mark_queued(request)
        finally:
            self._world.requests.error = None

    # the replies
    reply_to = "memory://replies"

    @contextmanager
    def expect(self, recognition_id: str) -> Iterator["Gateway"]:
        yield self

    def wait(self, seconds: float) -> Decision | None:
        """Nothing is heard: each reply is lost."""
        self._something_happens()
        self._world.now += timedelta(seconds=seconds)

    def wait_closed(self, seconds: float) -> bool:
        return False

    def _something_happens(self) -> None:
        what = self._world.meanwhile.pop() if self._world.meanwhile else "nothing"
        if what == "a decision":
            self._world.decide()
        if what == "another retry":
            self._another().post(wait=0)

    def _another(self) -> "Gateway":
        """The other process, whose request is done before this one's goes on."""
        return self._world.gateways[self is self._world.gateways[0]]


class Retries(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = World()

    @rule(
        gateway=st.integers(0, 1),
        wait=st.sampled_from([0, 1, 4]),
        troubles=st.lists(st.sampled_from(Trouble.__args__), max_size=2),
        meanwhile=st.lists(st.sampled_from(Meanwhile.__args__), max_size=6),
    )
    def a_request(self, gateway: int, wait: int, troubles: list[Trouble], meanwhile: list[Meanwhile]):
        self.world.coming, self.world.meanwhile = troubles, meanwhile
        self.world.gateways[gateway].post(wait)
        self.world.coming, self.world.meanwhile = [], []

    @rule()
    def a_worker_decides(self):
        self.world.decide()

    @rule(seconds=st.floats(0.01, 4))
    def time_passes(self, seconds: float):
        self.world.now += timedelta(seconds=seconds)

    @precondition(lambda self: self.world.requests.requests)
    @rule(gateway=st.integers(0, 1))
    def a_patient_kiosk_gets_the_decision(self, gateway: int):
        self.world.gateways[gateway].post(wait=0)
        while self.world.undecided:
            self.world.decide()
        (request,) = self.world.requests.requests.values()
        assert request.recognition_id in self.world.decisions.decisions

    @invariant()
    def there_is_one_recognition(self):
        ids = self.world.answered | {job.recognition_id for job in self.world.queued}
        assert len(ids) <= 1

    @invariant()
    def every_job_expires_when_the_first_would_have(self):
        assert len({job.deadline for job in self.world.queued}) <= 1

    @invariant()
    def a_job_is_queued_again_only_where_nobody_knows_that_it_was(self):
        assert len(self.world.queued) <= 1 + self.world.unknown


Retries.TestCase.settings = settings(max_examples=150, stateful_step_count=12, deadline=None)
TestRetries = Retries.TestCase
