"""A kiosk that sends a request again gets the same recognition, not another one."""

import logging
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from werkzeug.test import TestResponse

from services.aws.errors import AwsUnavailable
from services.aws.idempotency import KeyedRequest
from services.contracts.messages import RecognizeJob
from services.gateway.admission import Overloaded
from services.gateway.app import create_app
from services.gateway.authentication import KioskAuthenticator
from services.gateway.exports import PersonalData
from services.gateway.held import HeldPhotos
from services.gateway.kiosk_signatures import FrameSignatures
from services.gateway.kiosks import KioskRegister
from services.gateway.retries import RepeatableRecognitions
from services.gateway.settings import GatewaySettings
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.in_memory import decision_on, picture
from tests.unit.gateway.in_memory_exports import InMemoryPersonExports
from tests.unit.gateway.in_memory_invitations import invitations_in_memory
from tests.unit.gateway.in_memory_kiosks import InMemoryNonces
from tests.unit.gateway.serving import until

KEY = '"visit-1-that-may-be-a-secret"'
SAME, OTHER = picture(), picture(size=(200, 100))


def post(gateway: Gateway, frame: bytes = SAME, *, wait: int = 0, key: str = KEY, token=None) -> TestResponse:
    headers = {"Authorization": f"Bearer {token or gateway.token}", "Idempotency-Key": key}
    if wait:
        headers["Prefer"] = f"wait={wait}"
    # each thread its own client
    client = gateway.client.application.test_client()
    return client.post("/v1/recognitions", data=frame, content_type="image/jpeg", headers=headers)


def recognition_id(answer: TestResponse) -> str:
    return answer.get_json()["recognition_id"]


def decide(gateway: Gateway, job: RecognizeJob) -> None:
    gateway.decisions.decisions[job.recognition_id] = decision_on(job.recognition_id)


def in_a_thread(call: Callable[[], TestResponse]) -> "Future[TestResponse]":
    threads = ThreadPoolExecutor(1)
    try:
        return threads.submit(call)
    finally:
        threads.shutdown(wait=False)


def test_a_request_made_again_is_the_same_recognition_and_no_other_job(gateway: Gateway):
    first, second = post(gateway), post(gateway)

    assert (first.status_code, second.status_code) == (202, 202)
    assert recognition_id(first) == recognition_id(second) == gateway.jobs.sent[0].recognition_id
    assert second.headers["Location"] == first.headers["Location"]
    assert len(gateway.jobs.sent) == 1


def test_a_request_made_again_after_its_decision_is_answered_with_it_at_once(gateway: Gateway):
    gateway.worker_decides()
    first, second, third = post(gateway, wait=5), post(gateway, wait=5), post(gateway)

    assert first.status_code == 200
    assert first.get_json() == second.get_json() == third.get_json()
    assert len(gateway.jobs.sent) == 1


def test_requests_made_at_the_same_time_are_one_recognition_and_each_is_answered(gateway: Gateway):
    asked = [in_a_thread(lambda: post(gateway, wait=10)) for _ in range(4)]
    until(lambda: gateway.jobs.sent and gateway.requests.requests, "nothing was queued")
    (job,) = gateway.jobs.sent
    gateway.replies.answer(decision_on(job.recognition_id))
    decide(gateway, job)

    assert {recognition_id(each.result(timeout=10)) for each in asked} == {job.recognition_id}
    assert len(gateway.jobs.sent) == 1


def test_a_retry_at_another_gateway_finds_the_decision_in_the_table(gateway: Gateway):
    """The reply goes to the first gateway, whose kiosk is gone."""
    post(gateway)
    retried = in_a_thread(lambda: post(gateway, wait=10))
    decide(gateway, gateway.jobs.sent[0])

    answer = retried.result(timeout=10)
    assert (answer.status_code, answer.get_json()["outcome"]) == (200, "granted")
    assert len(gateway.jobs.sent) == 1


def test_a_retry_that_hears_nothing_in_time_may_look_later(gateway: Gateway):
    first = post(gateway)
    retried = post(gateway, wait=1)

    assert retried.status_code == 202
    assert retried.headers["Location"] == first.headers["Location"]


def test_the_key_with_other_frames_is_refused(gateway: Gateway):
    post(gateway)
    answer = post(gateway, OTHER)

    assert (answer.status_code, answer.get_json()["type"]) == (422, "/problems/idempotency-key-reused")
    assert len(gateway.jobs.sent) == 1


def test_the_same_frames_in_another_order_are_other_frames(gateway: Gateway):
    def post_both(*frames: bytes) -> TestResponse:
        return gateway.client.post(
            "/v1/recognitions",
            data={"image": [(BytesIO(frame), "f.jpg", "image/jpeg") for frame in frames]},
            content_type="multipart/form-data",
            headers=gateway.headers(**{"Idempotency-Key": KEY}),
        )

    assert recognition_id(post_both(SAME, OTHER)) == recognition_id(post_both(SAME, OTHER))
    assert post_both(OTHER, SAME).status_code == 422


def test_another_key_and_another_kiosk_with_the_same_key_are_other_recognitions(gateway: Gateway):
    answers = [post(gateway), post(gateway, key='"visit-2"'), post(gateway, token=gateway.other_token)]

    assert len({recognition_id(answer) for answer in answers}) == 3
    assert [job.kiosk_id for job in gateway.jobs.sent] == ["lobby", "lobby", "garage"]


def test_without_a_key_nothing_is_written_down(gateway: Gateway):
    gateway.requests.error = AwsUnavailable("nobody asks here")
    answers = [
        gateway.client.post(
            "/v1/recognitions", data=SAME, content_type="image/jpeg", headers=gateway.headers()
        )
        for _ in range(2)
    ]

    assert len({recognition_id(answer) for answer in answers}) == 2
    assert gateway.requests.requests == {}


def test_a_malformed_key_is_refused_and_nothing_is_queued(gateway: Gateway):
    answer = post(gateway, key="not-in-quotes")

    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert answer.get_json()["type"] == "/problems/invalid-idempotency-key"
    assert gateway.client.get(answer.get_json()["type"]).status_code == 200
    assert gateway.jobs.sent == []


def test_the_key_is_in_no_log_and_in_no_record(gateway: Gateway, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.DEBUG):
        for frame in (SAME, SAME, OTHER):
            post(gateway, frame)
        gateway.requests.error = AwsUnavailable("reading a request: no connection")
        assert post(gateway).status_code == 503

    assert "asked_again" in caplog.text
    assert KEY.strip('"') not in caplog.text
    assert KEY.strip('"') not in repr(gateway.requests.requests)


def test_a_frame_that_was_refused_leaves_its_key_free(gateway: Gateway):
    assert post(gateway, b"no picture").status_code == 422
    assert gateway.requests.requests == {}
    assert post(gateway).status_code == 202


def overload(gateway: Gateway) -> ExitStack:
    under_way = ExitStack()
    while True:
        try:
            under_way.enter_context(gateway.admission.passage())
        except Overloaded:
            return under_way


@pytest.mark.parametrize("wait", [0, 5])
def test_what_was_refused_for_overload_leaves_its_key_free(gateway: Gateway, wait: int):
    with overload(gateway):
        assert post(gateway, wait=wait).status_code == 503
    assert gateway.requests.requests == {}
    gateway.worker_decides()
    assert post(gateway, wait=5).status_code == 200


@pytest.mark.parametrize("wait", [0, 5])
def test_a_retry_of_what_is_under_way_is_not_refused_for_overload(gateway: Gateway, wait: int):
    first = post(gateway)
    decide(gateway, gateway.jobs.sent[0])
    with overload(gateway):
        again = post(gateway, wait=wait)

    assert (again.status_code, recognition_id(again)) == (200, recognition_id(first))


def test_a_retry_teaches_the_admission_nothing(gateway: Gateway):
    gateway.worker_decides()
    post(gateway, wait=5)
    before = gateway.admission.limit
    for _ in range(5):
        post(gateway, wait=5)
    assert gateway.admission.limit == before


def test_a_job_that_could_not_be_queued_is_queued_by_the_next_request_under_the_same_id(gateway: Gateway):
    gateway.jobs.error = AwsUnavailable("sending job: timed out")
    refused = post(gateway, wait=5)
    (written_down,) = gateway.requests.requests.values()
    assert (refused.status_code, gateway.jobs.sent) == (503, [])
    assert written_down.held_until <= datetime.now(UTC)

    gateway.jobs.error = None
    gateway.worker_decides()
    taken = post(gateway, wait=5)
    assert taken.status_code == 200
    assert recognition_id(taken) == written_down.recognition_id == gateway.jobs.sent[0].recognition_id


def left_undone(gateway: Gateway, held_for: timedelta) -> RecognizeJob:
    """Leave a request whose gateway died before its job was in the queue."""
    post(gateway)
    (request,) = gateway.requests.requests.values()
    died = {"queued": False, "held_until": datetime.now(UTC) + held_for}
    gateway.requests.requests[request.request_id] = request.model_copy(update=died)
    return gateway.jobs.sent.pop()


@pytest.mark.parametrize("wait", [0, 5])
def test_the_job_of_a_gateway_that_died_is_queued_again_with_the_deadline_that_it_had(
    gateway: Gateway, wait: int
):
    first = left_undone(gateway, held_for=timedelta(milliseconds=300))
    gateway.worker_decides()
    retried = post(gateway, wait=wait)
    (second,) = gateway.jobs.sent
    assert recognition_id(retried) == first.recognition_id == second.recognition_id
    assert (second.received_at, second.deadline) == (first.received_at, first.deadline)
    assert second.reply_to == (gateway.replies.url if wait else None)
    (request,) = gateway.requests.requests.values()
    assert request.queued


def test_a_retry_that_another_forestalls_queues_nothing(gateway: Gateway, monkeypatch: pytest.MonkeyPatch):
    left_undone(gateway, held_for=timedelta(0))
    hold = gateway.requests.hold

    def another_is_quicker(request: KeyedRequest, until: datetime) -> None:
        other = hold(request, until)
        assert other
        gateway.requests.mark_queued(other)

    monkeypatch.setattr(gateway.requests, "hold", another_is_quicker)
    assert post(gateway).status_code == 202
    assert gateway.jobs.sent == []


def test_when_requests_cannot_be_written_down_nothing_is_queued(gateway: Gateway):
    gateway.requests.error = AwsUnavailable("registering a request: throttled")
    answer = post(gateway, wait=5)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert gateway.jobs.sent == []


def test_a_retry_that_waits_is_let_go_when_the_gateway_stops(gateway: Gateway):
    post(gateway)
    retried = in_a_thread(lambda: post(gateway, wait=10))
    gateway.listener.close()

    assert retried.result(timeout=5).status_code == 202


def test_so_many_retries_may_wait_and_others_are_told_to_look_later(gateway: Gateway):
    repeatable = RepeatableRecognitions(gateway.recognitions, gateway.requests, most_waiting=1)
    app = create_app(
        gateway.recognitions,
        repeatable,
        KioskAuthenticator(gateway.kiosks),
        GatewaySettings(),
        register=gateway.register,
        held=HeldPhotos(gateway.enrollments, gateway.resolutions),
        batches=gateway.batches,
        **gateway.signing_in.parts,
        kiosk_register=KioskRegister(gateway.kiosks),
        signatures=FrameSignatures(InMemoryNonces(), required=False),
        contacts=gateway.contacts,
        access=gateway.control,
        **gateway.doors.parts(gateway.control),
        audit=gateway.audit.desk,
        operations=gateway.pulses.desk,
        personal=PersonalData(gateway.register, gateway.kept_photos, InMemoryPersonExports()),
        invitations=invitations_in_memory(gateway.invitations, gateway.register, gateway.enrollments),
        **gateway.upkeep.parts,
    )
    gateway.client = app.test_client()
    post(gateway)
    retries = [in_a_thread(lambda: post(gateway, wait=10)) for _ in range(2)]
    done, _ = wait_for(retries, timeout=5, return_when=FIRST_COMPLETED)

    assert [each.result().status_code for each in done] == [202]
    decide(gateway, gateway.jobs.sent[0])
    assert sorted(each.result(timeout=10).status_code for each in retries) == [200, 202]
