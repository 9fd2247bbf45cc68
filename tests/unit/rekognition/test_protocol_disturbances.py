"""Quotas, faults and repeated requests, with a clock of their own."""

import threading
from collections import Counter

import pytest

from localaws.rekognition.protocol.disturbances import Disturbances, Quotas, TokenBucket
from localaws.rekognition.protocol.errors import ServiceError
from localaws.rekognition.protocol.idempotency import IdempotentAnswers
from localaws.rekognition.settings import ServerSettings


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def meets(disturbances, operation):
    """The code and status that an operation fails with, or None."""
    try:
        disturbances.meet(operation)
    except ServiceError as error:
        return error.code, error.status
    return None


def test_a_bucket_lets_a_second_of_calls_pass_at_once_and_then_their_rate(clock):
    bucket = TokenBucket(10, clock)

    assert sum(bucket.take() for _ in range(20)) == 10
    clock.now += 0.35
    assert sum(bucket.take() for _ in range(20)) == 3
    clock.now += 60
    assert sum(bucket.take() for _ in range(20)) == 10


def test_less_than_one_call_a_second_is_one_call_in_several(clock):
    bucket = TokenBucket(0.25, clock)

    assert [bucket.take(), bucket.take()] == [True, False]
    clock.now += 3.9
    assert not bucket.take()
    clock.now += 0.2
    assert bucket.take()


def test_operations_do_not_use_up_each_others_quota(clock):
    disturbances = Disturbances(quotas=Quotas(1, {"IndexFaces": 2}), clock=clock)

    outcomes = Counter(
        (operation, meets(disturbances, operation)) for operation in ["IndexFaces", "SearchFaces"] * 5
    )
    throttled = ("ProvisionedThroughputExceededException", 400)
    assert outcomes == {
        ("IndexFaces", None): 2,
        ("IndexFaces", throttled): 3,
        ("SearchFaces", None): 1,
        ("SearchFaces", throttled): 4,
    }


def failures(seed, count=3000):
    disturbances = Disturbances(fault_rate=0.2, seed=seed)
    met = (meets(disturbances, "ListFaces") for _ in range(count))
    return [fault for fault in met if fault is not None]


def test_faults_come_at_their_rate_in_three_kinds_and_again_for_the_same_seed():
    codes = failures(1)

    assert 0.15 < len(codes) / 3000 < 0.25
    assert {*codes} == {
        ("ProvisionedThroughputExceededException", 400),
        ("ThrottlingException", 500),
        ("InternalServerError", 500),
    }
    assert codes == failures(1) != failures(2)


def test_every_request_waits_for_its_latency_also_one_that_fails():
    waited = []
    disturbances = Disturbances(0.25, Quotas(1), sleep=waited.append)

    assert meets(disturbances, "ListFaces") is None
    assert meets(disturbances, "ListFaces") is not None
    assert waited == [0.25, 0.25]


def settings(tmp_path, **more):
    return ServerSettings("127.0.0.1", 1, tmp_path, tmp_path, "0", **more)


def test_latency_brings_the_threads_that_it_holds(tmp_path):
    assert settings(tmp_path).worker_threads == 4
    assert settings(tmp_path, latency=0.25, default_tps=40.0).worker_threads == 14
    assert settings(tmp_path, latency=0.25, operation_tps={"IndexFaces": 100.0}).worker_threads == 29
    assert settings(tmp_path, latency=0.25, threads=3).worker_threads == 3


def test_an_answer_is_given_again_for_the_same_token_and_parameters():
    answers, calls = IdempotentAnswers(), []

    def carry_out():
        calls.append(1)
        return {"count": len(calls)}

    for _ in range(3):
        assert answers.answer("CreateUser", {"UserId": "a", "ClientRequestToken": "t"}, carry_out) == {
            "count": 1
        }
    assert answers.answer("DeleteUser", {"UserId": "a", "ClientRequestToken": "t"}, carry_out) == {"count": 2}
    with pytest.raises(ServiceError) as caught:
        answers.answer("CreateUser", {"UserId": "b", "ClientRequestToken": "t"}, carry_out)
    assert caught.value.code == "IdempotentParameterMismatchException"


def test_a_twin_that_comes_meanwhile_waits_for_the_answer():
    answers, begun, go_on, calls = IdempotentAnswers(), threading.Event(), threading.Event(), []

    def carry_out():
        calls.append(1)
        begun.set()
        assert go_on.wait(10)
        return {"done": True}

    parameters, found = {"ClientRequestToken": "t"}, []
    twins = [
        threading.Thread(target=lambda: found.append(answers.answer("CreateUser", parameters, carry_out)))
        for _ in range(2)
    ]
    twins[0].start()
    assert begun.wait(10)
    twins[1].start()
    go_on.set()
    for twin in twins:
        twin.join(10)
    assert found == [{"done": True}] * 2
    assert len(calls) == 1


def test_only_so_many_answers_are_remembered():
    answers, calls = IdempotentAnswers(capacity=2), []

    def carry_out():
        calls.append(1)
        return {}

    for token in ("a", "b", "c", "b", "a"):
        answers.answer("CreateUser", {"ClientRequestToken": token}, carry_out)
    assert len(calls) == 4
