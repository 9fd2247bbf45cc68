"""What requests hear of the answers that workers send."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from services.gateway.replies import ReplyListener
from tests.unit.gateway.in_memory import InMemoryReplies, decision_on

PATIENCE = 5.0


@pytest.fixture
def replies() -> InMemoryReplies:
    return InMemoryReplies()


@pytest.fixture
def listener(replies: InMemoryReplies) -> Iterator[ReplyListener]:
    listener = ReplyListener(replies.open)
    listener.start()
    yield listener
    listener.close()


def test_every_request_that_waits_for_a_recognition_hears_its_decision(
    listener: ReplyListener, replies: InMemoryReplies
):
    with listener.expect("r-1") as first, listener.expect("r-1") as second, listener.expect("r-2") as other:
        replies.answer(decision_on("r-1"))
        assert first.wait(PATIENCE) == second.wait(PATIENCE) == decision_on("r-1")
        assert other.wait(0) is None


def test_one_request_that_gives_up_does_not_keep_another_from_hearing(
    listener: ReplyListener, replies: InMemoryReplies
):
    with ExitStack() as patient:
        still_there = patient.enter_context(listener.expect("r-1"))
        with listener.expect("r-1") as gives_up:
            assert gives_up.wait(0) is None
        replies.answer(decision_on("r-1"))
        assert still_there.wait(PATIENCE) == decision_on("r-1")


def test_a_stop_lets_every_request_go(listener: ReplyListener):
    with listener.expect("r-1") as first, listener.expect("r-1") as second:
        listener.close()
        assert first.wait(PATIENCE) is None
        assert second.wait(PATIENCE) is None
    with listener.expect("r-1") as late:
        assert late.wait(PATIENCE) is None
