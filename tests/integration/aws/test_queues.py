import json
from base64 import b64encode

import pytest

from services.aws.dead_letters import REASON
from services.aws.jobs import JobQueue, celery_body
from services.aws.replies import ReplyQueue, ReplySender
from services.contracts.domain import Decision
from services.contracts.messages import RECOGNIZE_TASK, DecisionReply, DeletePersonJob, RecognizeJob
from services.contracts.reasons import DecisionReason
from tests.conftest import until
from tests.integration.aws.serving import DELIVERIES, NOW, job, messages, receive, worker


def decided(recognition_id="r-1"):
    return Decision(
        recognition_id=recognition_id,
        reason=DecisionReason.NO_MATCH,
        kiosk_id="kiosk-1",
        threshold=99,
        received_at=NOW,
        decided_at=NOW,
    )


def test_a_reply_reaches_the_process_that_waits(aws):
    replies = ReplyQueue.open(aws)
    ReplySender(aws).send(replies.url, DecisionReply(decision=decided()))
    assert [reply.decision for reply in replies.receive(0)] == [decided()]
    assert replies.receive(0) == []


def test_each_process_has_a_reply_queue_of_its_own(aws):
    assert ReplyQueue.open(aws).url != ReplyQueue.open(aws).url


def test_a_reply_to_a_gateway_that_is_gone_is_no_error(aws):
    replies = ReplyQueue.open(aws)
    replies.close()
    ReplySender(aws).send(replies.url, DecisionReply(decision=decided()))


def test_a_reply_that_cannot_be_read_does_not_stop_the_others(aws):
    replies = ReplyQueue.open(aws)
    aws.sqs.send_message(QueueUrl=replies.url, MessageBody="nonsense")
    ReplySender(aws).send(replies.url, DecisionReply(decision=decided()))
    assert [reply.decision for reply in replies.receive(0)] == [decided()]


def test_the_queue_s_depth_is_known(aws):
    queue = JobQueue(aws, aws.outputs.recognize_queue_url)
    assert queue.depth() == 0
    queue.send(job())
    assert queue.depth() == 1


def deletion(person_id):
    return DeletePersonJob(deletion_id="d-1", person_id=person_id, requested_at=NOW)


def test_a_job_may_be_sent_for_later(aws):
    queue = JobQueue(aws, aws.outputs.enroll_queue_url)
    queue.send(deletion("ada"), delay_seconds=900)
    asked = aws.sqs.get_queue_attributes(QueueUrl=aws.outputs.enroll_queue_url, AttributeNames=["All"])
    assert asked["Attributes"]["ApproximateNumberOfMessagesDelayed"] == "1"
    assert receive(aws, aws.outputs.enroll_queue_url, patience=0.1) == []


@pytest.fixture(scope="module")
def served(served_aws, tmp_path_factory):
    """A stack over HTTP with a worker on its recognize queue."""
    served_aws.log = tmp_path_factory.mktemp("worker") / "log"
    with worker(served_aws, served_aws.log):
        yield served_aws


def altered(**changes):
    """A job's message with something wrong in its envelope."""
    text = job().model_dump_json()
    return json.dumps(json.loads(celery_body(RECOGNIZE_TASK, "x", text, "recognize")) | changes)


def test_a_job_sent_without_celery_is_done_by_a_celery_worker(served):
    JobQueue(served, served.outputs.recognize_queue_url).send(job(data=bytes(range(256)) * 800))
    [done] = receive(served, served.outputs.enroll_queue_url)
    assert RecognizeJob.model_validate_json(done["Body"]) == job(data=bytes(range(256)) * 800)


def test_a_worker_does_several_kinds_of_job_from_one_queue(served):
    JobQueue(served, served.outputs.recognize_queue_url).send(deletion("ada"))
    [done] = receive(served, served.outputs.enroll_queue_url)
    assert DeletePersonJob.model_validate_json(done["Body"]) == deletion("ada")


def test_whoever_sent_a_job_is_told_that_it_is_given_up(served):
    JobQueue(served, served.outputs.recognize_queue_url).send(deletion("broken"))
    [told] = receive(served, served.outputs.enroll_queue_url)
    assert told["Body"] == "given up d-1: ValueError: a bug"
    assert len(receive(served, served.outputs.recognize_dead_letter_queue_url)) == 1


def test_done_jobs_leave_the_queue(served):
    for number in range(13):
        JobQueue(served, served.outputs.recognize_queue_url).send(job(f"r-{number}"))
    assert len(receive(served, served.outputs.enroll_queue_url, count=13)) == 13
    until(lambda: messages(served, served.outputs.recognize_queue_url) == 0)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("not even JSON", "not a Celery message"),
        ('{"hello": "world"}', "not a Celery message"),
        (celery_body("facegate.unheard-of", "x", "{}", "recognize"), "unknown task 'facegate.unheard-of'"),
        (celery_body(RECOGNIZE_TASK, "x", '{"version": 9}', "recognize"), "not a RecognizeJob"),
        (celery_body(RECOGNIZE_TASK, "x", "no json", "recognize"), "not a RecognizeJob"),
        (
            celery_body(RECOGNIZE_TASK, "x", job("broken-1").model_dump_json(), "recognize"),
            "ValueError: a bug",
        ),
        (
            celery_body(RECOGNIZE_TASK, "x", job("throttled-1").model_dump_json(), "recognize"),
            f"gave up after {DELIVERIES} deliveries",
        ),
        ('{"properties": 5, "body": "x"}', "malformed"),
        ('{"properties": {"delivery_info": "x"}, "body": "x"}', "malformed"),
        ('{"properties": {"body_encoding": "base64", "delivery_info": {}}, "body": "*"}', ""),
        ("[" * 100_000, "malformed"),
        (altered(headers=[1]), ""),
        (altered(body='{"a": 1}'), ""),
        (altered(headers={"task": RECOGNIZE_TASK}), "malformed"),
        (altered(headers={"task": RECOGNIZE_TASK, "id": "x", "timelimit": "x"}), ""),
        (celery_body("facegate.enroll", "x", "{}", "enroll"), "unknown task 'facegate.enroll'"),
    ],
    ids=[
        "text",
        "json",
        "unknown-task",
        "other-version",
        "no-json",
        "bug",
        "throttled",
        "properties-no-object",
        "delivery-info-no-object",
        "bad-base64",
        "deep",
        "headers-no-object",
        "task-body-no-list",
        "no-id",
        "bad-time-limit",
        "other-queue-s-job",
    ],
)
def test_what_cannot_be_done_is_put_aside_whole_and_with_the_reason(served, body, reason):
    served.sqs.send_message(QueueUrl=served.outputs.recognize_queue_url, MessageBody=body)
    [dead] = receive(served, served.outputs.recognize_dead_letter_queue_url)
    # the worker goes on
    JobQueue(served, served.outputs.recognize_queue_url).send(job())
    assert len(receive(served, served.outputs.enroll_queue_url)) == 1
    said = dead["MessageAttributes"][REASON]["StringValue"]
    assert said
    assert reason in said
    assert dead["Body"] == body


def test_a_reason_repeats_nothing_of_the_picture(served):
    text = json.dumps(
        json.loads(job().model_dump_json()) | {"frames": [{"kind": "inline", "data": "c2VjcmV0!"}]}
    )
    body = celery_body(RECOGNIZE_TASK, "x", text, "recognize")
    served.sqs.send_message(QueueUrl=served.outputs.recognize_queue_url, MessageBody=body)
    [dead] = receive(served, served.outputs.recognize_dead_letter_queue_url)
    assert "c2VjcmV0" not in dead["MessageAttributes"][REASON]["StringValue"]


def test_a_reason_repeats_nothing_of_a_record_that_could_not_be_read(served):
    JobQueue(served, served.outputs.recognize_queue_url).send(deletion("unreadable"))
    [told] = receive(served, served.outputs.enroll_queue_url)
    [dead] = receive(served, served.outputs.recognize_dead_letter_queue_url)
    reason = dead["MessageAttributes"][REASON]["StringValue"]
    assert told["Body"] == f"given up d-1: {reason}"
    assert reason.startswith("ValidationError: job: Input should be a valid integer")
    assert "Ada" not in reason


def test_a_job_that_fails_leaves_nothing_of_its_picture_in_the_log(served):
    picture = b64encode(bytes(range(256)) * 40).decode()
    text = job("throttled-2", data=bytes(range(256)) * 40).model_dump_json()
    assert picture in text
    served.sqs.send_message(
        QueueUrl=served.outputs.recognize_queue_url,
        MessageBody=celery_body(RECOGNIZE_TASK, "x", text, "recognize"),
    )
    [dead] = receive(served, served.outputs.recognize_dead_letter_queue_url)
    assert picture in dead["Body"]
    said = served.log.read_text()
    assert "job_left_for_another_try" in said
    assert picture[500:540] not in said
