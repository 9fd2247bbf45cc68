"""Several gateway processes and several workers on one stack, some of them killed."""

import signal
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import cycle, islice
from threading import Event, Thread
from uuid import uuid4

import psutil
import pytest
import requests

from bench.kiosks.frames import visitors
from services.aws.pulses import PulseStore
from services.contracts.operations import Service
from services.operations.processes import living
from tests.conftest import has_ended, running_facegate, until

KIOSKS, FRAMES, WAIT_SECONDS = 20, 100, 4
#: Longer than a frame's deadline, as the template's; shorter than that, for the sake of the test.
VISIBILITY_SECONDS = 10
SETTINGS = {
    "FACEGATE_GATEWAY_WORKERS": "2",
    "FACEGATE_REPLY_QUEUE_ABANDONED_AFTER": "5",
    "FACEGATE_RECOGNIZE_WORKERS": "2",
    "FACEGATE_PULSE_SECONDS": "1",
}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """Two gateway processes and two recognize workers."""
    home = tmp_path_factory.mktemp("several")
    with running_facegate(home, "busy-kiosk", "logs-several", **SETTINGS) as running:
        running.aws.sqs.set_queue_attributes(
            QueueUrl=running.aws.outputs.recognize_queue_url,
            Attributes={"VisibilityTimeout": str(VISIBILITY_SECONDS)},
        )
        yield running


def recognise(house, frame):
    """Do as a kiosk does: try again, with the same key, until there is a decision; return that."""
    url = f"{house.gateway_url}/v1/recognitions"
    headers = {"Authorization": f"Bearer {house.token}"}
    once = {"Content-Type": "image/jpeg", "Prefer": f"wait={WAIT_SECONDS}", "Idempotency-Key": f'"{uuid4()}"'}

    def posted():
        try:
            answer = requests.post(url, data=frame, headers=headers | once, timeout=20)
        except requests.ConnectionError:
            return None
        assert answer.status_code in (200, 202, 503), answer.text
        return answer if answer.status_code != 503 else None

    def decided():
        try:
            answer = requests.get(f"{url}/{recognition_id}", headers=headers, timeout=20)
        except requests.ConnectionError:
            return None
        assert answer.status_code in (200, 202), answer.text
        return answer.json() if answer.status_code == 200 else None

    answer = until(posted)
    recognition_id = answer.json()["recognition_id"]
    return answer.json() if answer.status_code == 200 else until(decided)


def gateway_processes(house):
    return psutil.Process(house.machine.supervisor.pids()["gateway"]).children()


def reply_queues(house):
    listed = house.aws.sqs.list_queues(QueueNamePrefix=house.aws.outputs.reply_queue_prefix)
    return set(listed.get("QueueUrls", []))


def decisions(house):
    """All that is in the table, as often as it is there."""
    pages = house.aws.dynamodb.get_paginator("scan").paginate(
        TableName=house.aws.outputs.decisions_table_name
    )
    return [item["recognition_id"]["S"] for page in pages for item in page["Items"]]


def queued(house, url):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = house.aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(map(int, attributes.values()))


@contextmanager
def everything_delivered_twice(house):
    """Have SQS deliver many of the jobs twice, as it may: receive them and send each two times."""
    sqs, url, enough = house.aws.sqs, house.aws.outputs.recognize_queue_url, Event()

    def deliver_twice():
        while not enough.is_set():
            received = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1, MaxNumberOfMessages=2)
            for message in received.get("Messages", []):
                for _ in range(2):
                    sqs.send_message(QueueUrl=url, MessageBody=message["Body"])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    thread = Thread(target=deliver_twice)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()


def test_nothing_is_lost_and_nothing_decided_twice_whoever_is_killed(house):
    worker = psutil.Process(house.machine.supervisor.pids()["recognize-2"])
    frames = islice(cycle(frame.jpeg for frame in visitors().frames), FRAMES)
    disturbances = {
        # what it receives from now on comes back when it has been invisible for long enough
        20: worker.suspend,
        30: lambda: house.aws.sqs.delete_queue(QueueUrl=min(reply_queues(house))),
        40: worker.kill,
        50: gateway_processes(house)[0].kill,
    }
    told = []
    with everything_delivered_twice(house), ThreadPoolExecutor(KIOSKS) as kiosks:
        answers = [kiosks.submit(recognise, house, frame) for frame in frames]
        for answer in as_completed(answers):
            told.append(answer.result())
            disturbances.pop(len(told), lambda: None)()
    until(lambda: queued(house, house.aws.outputs.recognize_queue_url) == 0)

    taken, decided = [decision["recognition_id"] for decision in told], decisions(house)
    lost, duplicates = set(taken) - set(decided), len(decided) - len(set(taken))
    assert (len(set(taken)), len(lost), duplicates) == (FRAMES, 0, 0)
    assert queued(house, house.aws.outputs.recognize_dead_letter_queue_url) == 0
    for decision in told:
        url = f"{house.gateway_url}/v1/recognitions/{decision['recognition_id']}"
        answer = requests.get(url, headers={"Authorization": f"Bearer {house.token}"}, timeout=20)
        assert answer.json() == decision
    # all of it did happen: jobs delivered twice, jobs that the killed worker held, a lost reply queue
    assert "decided_before" in house.log("recognize")
    assert '"delivery": 2' in house.log("recognize")
    assert "replies_unheard" in house.log("gateway")


def test_the_reply_queue_of_a_killed_gateway_is_removed_by_the_others(house):
    before = reply_queues(house)
    killed = gateway_processes(house)[0]
    killed.send_signal(signal.SIGKILL)
    until(lambda: has_ended(killed))
    # gunicorn starts another in its place
    until(lambda: len(reply_queues(house) - before) == 1)
    until(lambda: len(reply_queues(house) & before) == len(before) - 1)
    [gone] = before - reply_queues(house)
    assert f'"queue": "{gone}"' in house.log("gateway")
    decision = recognise(house, visitors().frames[0].jpeg)
    assert decision["status"] == "decided"


def test_a_killed_process_lives_no_more_and_the_others_do(house):
    def alive():
        pulses = living(PulseStore(house.aws).pulses(), datetime.now(UTC))
        return {pulse.pid for pulse in pulses if pulse.service is Service.GATEWAY}

    killed = gateway_processes(house)[0]
    until(lambda: killed.pid in alive())
    killed.kill()
    until(lambda: killed.pid not in alive() and alive())
