from collections.abc import Callable
from dataclasses import dataclass

import boto3
import pytest
from moto import mock_aws

from services.aws.acknowledgements import Acknowledgements


class Clock:
    """An event loop whose time stands still until it is told to go on."""

    def __init__(self):
        self.later = []

    def call_later(self, delay, callback):
        self.later.append(Appointment(callback))
        return self.later[-1]

    def go_on(self):
        due, self.later = self.later, []
        for appointment in due:
            if not appointment.cancelled:
                appointment.callback()


@dataclass
class Appointment:
    """What the event loop is to do later, unless it is cancelled."""

    callback: Callable[[], None]
    cancelled: bool = False

    def cancel(self):
        self.cancelled = True


class Queue:
    """A queue whose messages are received and not deleted yet."""

    def __init__(self, sqs, messages):
        self.sqs = sqs
        self.url = sqs.create_queue(QueueName="jobs")["QueueUrl"]
        for number in range(messages):
            sqs.send_message(QueueUrl=self.url, MessageBody=str(number))
        self.receipts = []
        while len(self.receipts) < messages:
            answer = sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)
            self.receipts += [message["ReceiptHandle"] for message in answer["Messages"]]

    def left(self):
        asked = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=asked)
        return sum(map(int, answer["Attributes"].values()))


@pytest.fixture
def sqs():
    with mock_aws():
        yield boto3.client("sqs", region_name="eu-central-1")


@pytest.fixture
def calls(sqs):
    made = []
    sqs.meta.events.register("before-call.sqs.*", lambda model, **_: made.append(model.name))
    return made


def test_ten_done_jobs_are_deleted_with_one_call(sqs, calls):
    queue, clock = Queue(sqs, 10), Clock()
    done = Acknowledgements(sqs, queue.url, clock)
    for receipt in queue.receipts:
        done.add(receipt)
    assert calls.count("DeleteMessageBatch") == 1
    assert queue.left() == 0


def test_a_few_done_jobs_are_deleted_soon_by_themselves(sqs):
    queue, clock = Queue(sqs, 3), Clock()
    done = Acknowledgements(sqs, queue.url, clock)
    for receipt in queue.receipts:
        done.add(receipt)
    assert queue.left() == 3
    clock.go_on()
    assert queue.left() == 0


def test_the_next_few_are_deleted_as_well(sqs):
    queue, clock = Queue(sqs, 2), Clock()
    done = Acknowledgements(sqs, queue.url, clock)
    done.add(queue.receipts[0])
    clock.go_on()
    done.add(queue.receipts[1])
    clock.go_on()
    assert queue.left() == 0


def test_ten_that_are_deleted_at_once_do_not_hurry_those_that_follow(sqs, calls):
    queue, clock = Queue(sqs, 11), Clock()
    done = Acknowledgements(sqs, queue.url, clock)
    for receipt in queue.receipts[:10]:
        done.add(receipt)
    (hurry,) = clock.later
    done.add(queue.receipts[10])
    assert hurry.cancelled
    assert calls.count("DeleteMessageBatch") == 1
    clock.go_on()
    assert queue.left() == 0


def test_an_sqs_that_refuses_stops_nobody_and_is_named_in_the_log(sqs, capfd):
    queue, clock = Queue(sqs, 1), Clock()
    done = Acknowledgements(sqs, queue.url, clock)
    sqs.delete_queue(QueueUrl=queue.url)
    done.add(queue.receipts[0])
    clock.go_on()
    assert "jobs_not_acknowledged" in "".join(capfd.readouterr())


def test_with_nothing_done_nothing_is_asked(sqs, calls):
    queue, clock = Queue(sqs, 0), Clock()
    Acknowledgements(sqs, queue.url, clock).flush()
    assert "DeleteMessageBatch" not in calls
