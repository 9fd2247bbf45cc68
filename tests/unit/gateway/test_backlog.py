"""How much may wait in the queue for frames whose kiosks do not wait."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from services.aws.errors import AwsError, AwsUnavailable
from services.gateway.admission import Overloaded
from services.gateway.backlog import COUNT_SECONDS, Backlog
from tests.unit.gateway.in_memory import picture


class Queue:
    def __init__(self, depth=0):
        self.now = 0.0
        self.waiting, self.times_asked, self.error = depth, 0, None
        self.backlog = Backlog(self.depth, timer=lambda: self.now)

    def depth(self):
        self.times_asked += 1
        if self.error:
            raise self.error
        return self.waiting

    def let_in(self, attempts, limit):
        let_in = 0
        for _ in range(attempts):
            try:
                self.backlog.join(limit)
            except Overloaded:
                continue
            let_in += 1
        return let_in


def test_a_queue_as_deep_as_the_limit_takes_no_more():
    assert Queue(depth=8).let_in(1, limit=8) == 0
    assert Queue(depth=7).let_in(1, limit=8) == 1


def test_between_two_counts_no_more_are_let_in_than_may_wait():
    queue = Queue(depth=3)
    assert queue.let_in(10_000, limit=8) == 5
    assert queue.times_asked == 1


def test_when_the_workers_have_caught_up_more_are_let_in():
    queue = Queue(depth=8)
    queue.let_in(10, limit=8)
    queue.waiting, queue.now = 2, COUNT_SECONDS
    assert queue.let_in(10, limit=8) == 6


def test_many_threads_ask_the_queue_once():
    asking, answer = Event(), Event()
    calls = []

    def depth():
        calls.append(1)
        asking.set()
        assert answer.wait(timeout=20)
        return 0

    backlog = Backlog(depth)
    together = Barrier(17)

    def join():
        together.wait(timeout=20)
        backlog.join(limit=100)

    with ThreadPoolExecutor(max_workers=16) as pool:
        joining = [pool.submit(join) for _ in range(16)]
        together.wait(timeout=20)
        assert asking.wait(timeout=20)
        answer.set()
        for joined in joining:
            joined.result(timeout=20)
    assert len(calls) == 1


@pytest.mark.parametrize("error", [AwsUnavailable("throttled"), AwsError("not allowed")])
def test_a_queue_that_cannot_be_counted_refuses_nobody_and_is_asked_again_later(error):
    queue = Queue(depth=8)
    queue.error = error
    assert queue.let_in(1000, limit=8) == 1000
    assert queue.times_asked == 1
    queue.error, queue.now = None, COUNT_SECONDS
    assert queue.let_in(1, limit=8) == 0


@pytest.mark.parametrize("prefer", [{}, {"Prefer": "wait=0"}])
def test_kiosks_that_do_not_wait_cannot_fill_the_queue(gateway, prefer):
    statuses = [
        gateway.client.post(
            "/v1/recognitions",
            data=picture(),
            headers=gateway.headers(**prefer),
            content_type="image/jpeg",
        ).status_code
        for _ in range(int(gateway.admission.proven) + 3)
    ]
    assert statuses == [202] * int(gateway.admission.proven) + [503] * 3
    assert len(gateway.jobs.sent) == gateway.admission.proven
