import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


def listening_addresses(pid):
    """Return what a process and its children listen on, from the kernel's own tables."""
    sockets = set()
    for process in {pid, *children(pid)}:
        for descriptor in Path(f"/proc/{process}/fd").iterdir():
            target = os.readlink(descriptor)
            if target.startswith("socket:["):
                sockets.add(target[8:-1])
    found = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        listening = "0A" if table.startswith("tcp") else "07"
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == listening and fields[9] in sockets:
                found.add(fields[1])
    return found


def children(pid):
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def put_photo(running, outputs, key="index/ada.jpg"):
    running.session.client("s3").put_object(
        Bucket=outputs["PhotoBucketName"], Key=key, Body=b"photo", Metadata={"FullName": "Ada"}
    )


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads Linux's tables of sockets")
def test_it_listens_on_the_one_address_it_says_also_while_its_lambda_runs(emulator, outputs, receive_one):
    put_photo(emulator, outputs)
    receive_one(emulator.session, outputs["EnrollQueueUrl"])
    assert listening_addresses(emulator.process.pid) == {f"0100007F:{emulator.port:04X}"}


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="finds the runtimes in Linux's /proc")
def test_a_burst_of_photos_waits_for_a_few_runtimes_and_none_is_given_up(
    start_emulator, deploy_and_finish, receive_one
):
    running = start_emulator()
    outputs = deploy_and_finish(running.session)
    names = {f"index/{number}.jpg" for number in range(30)}
    for name in names:
        put_photo(running, outputs, name)
    jobs = [receive_one(running.session, outputs["EnrollQueueUrl"]) for _ in names]
    assert {name for name in names if any(name in job for job in jobs)} == names
    commands = [Path(f"/proc/{child}/cmdline").read_text() for child in children(running.process.pid)]
    runtimes = [command for command in commands if "ministack-lambda" in command]
    assert 1 <= len(runtimes) <= os.cpu_count()


def test_a_port_that_is_taken_is_named(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        answer = subprocess.run(
            [sys.executable, "-m", "localaws.emulator", "--port", str(port), "--state-dir", str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
            cwd=REPOSITORY,
        )
    assert answer.returncode == 1
    assert f"cannot listen on port {port}" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_restart_finds_everything_again(start_emulator, deploy_and_finish, receive_one, stack_name):
    first = start_emulator()
    outputs = deploy_and_finish(first.session)
    first.session.client("dynamodb").put_item(
        TableName=outputs["PeopleTableName"], Item={"person_id": {"S": "ada"}, "full_name": {"S": "Ada"}}
    )
    sqs = first.session.client("sqs")
    sqs.send_message(QueueUrl=outputs["RecognizeQueueUrl"], MessageBody="waiting")
    sealed = first.session.client("kms").encrypt(KeyId=outputs["DataKeyArn"], Plaintext=b"secret")
    put_photo(first, outputs, "index/before.jpg")
    receive_one(first.session, outputs["EnrollQueueUrl"])
    assert first.stop(signal.SIGTERM) == (0, "")

    second = start_emulator(first.port)
    told = []
    assert deploy_and_finish(second.session, progress=told.append) == outputs
    assert f"the stack {stack_name} is up to date" in told
    clients = second.session.client
    person = clients("dynamodb").get_item(
        TableName=outputs["PeopleTableName"], Key={"person_id": {"S": "ada"}}
    )
    assert person["Item"]["full_name"] == {"S": "Ada"}
    assert receive_one(second.session, outputs["RecognizeQueueUrl"]) == "waiting"
    opened = clients("kms").decrypt(CiphertextBlob=sealed["CiphertextBlob"])
    assert opened["Plaintext"] == b"secret"
    photo = clients("s3").get_object(Bucket=outputs["PhotoBucketName"], Key="index/before.jpg")
    assert (photo["Body"].read(), photo["Metadata"]) == (b"photo", {"fullname": "Ada"})
    expiry = clients("dynamodb").describe_time_to_live(TableName=outputs["DecisionsTableName"])
    assert expiry["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"
    put_photo(second, outputs, "index/after.jpg")
    assert "index/after.jpg" in receive_one(second.session, outputs["EnrollQueueUrl"])


def test_a_stack_survives_a_killed_emulator(start_emulator, deploy_and_finish, tmp_path):
    first = start_emulator()
    outputs = deploy_and_finish(first.session)
    saved = tmp_path / "state" / "state" / "s3.json"
    deadline = time.monotonic() + 20
    while not (saved.exists() and outputs["PhotoBucketName"] in saved.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    # the child that saves ends after its last file
    while children(first.process.pid):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    first.kill()

    second = start_emulator(first.port)
    assert deploy_and_finish(second.session) == outputs


def test_what_is_kept_is_for_its_owner_alone_and_leftovers_are_not_kept(start_emulator, tmp_path):
    leftover = tmp_path / "state" / "scratch" / "unpacked-lambda"
    leftover.mkdir(parents=True)
    start_emulator().stop()
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    assert not leftover.exists()


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_a_long_poll_in_flight_is_answered_when_it_stops(start_emulator, signal_number):
    running = start_emulator()
    sqs = running.session.client("sqs")
    url = sqs.create_queue(QueueName="waited-on")["QueueUrl"]
    answers = []
    entered = threading.Event()
    sqs.meta.events.register("before-send.sqs.ReceiveMessage", lambda **_: entered.set())
    poll = threading.Thread(
        target=lambda: answers.append(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20))
    )
    poll.start()
    assert entered.wait(10)
    # the request is on its way: another one over the same loop is answered after it has arrived
    running.session.client("sqs").get_queue_url(QueueName="waited-on")
    assert running.stop(signal_number) == (0, "")
    poll.join(10)
    assert len(answers) == 1
    assert "Messages" not in answers[0]


def test_a_message_is_not_given_to_a_client_that_has_gone(emulator):
    sqs = emulator.session.client("sqs")
    url = sqs.create_queue(QueueName="abandoned")["QueueUrl"]
    request = (
        f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{emulator.port}\r\n"
        "X-Amz-Target: AmazonSQS.ReceiveMessage\r\nContent-Type: application/x-amz-json-1.0\r\n"
        "Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/eu-central-1/sqs/aws4_request, "
        "SignedHeaders=host, Signature=0\r\n"
    )
    body = f'{{"QueueUrl": "{url}", "WaitTimeSeconds": 20}}'
    with socket.create_connection(("127.0.0.1", emulator.port)) as client:
        client.sendall(f"{request}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        sqs.get_queue_url(QueueName="abandoned")
    sqs.send_message(QueueUrl=url, MessageBody="for whoever is there")
    received = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)
    assert [message["Body"] for message in received.get("Messages", [])] == ["for whoever is there"]


def test_a_waiting_poll_gets_a_message_that_is_sent_meanwhile(emulator):
    sqs = emulator.session.client("sqs")
    url = sqs.create_queue(QueueName="woken")["QueueUrl"]
    answers = []
    poll = threading.Thread(
        target=lambda: answers.append(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20))
    )
    poll.start()
    emulator.session.client("sqs").send_message(QueueUrl=url, MessageBody="here")
    poll.join(15)
    assert answers[0]["Messages"][0]["Body"] == "here"


def test_an_empty_poll_ends_with_nothing(emulator):
    sqs = emulator.session.client("sqs")
    url = sqs.create_queue(QueueName="empty", Attributes={"ReceiveMessageWaitTimeSeconds": "1"})["QueueUrl"]
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    assert "Messages" not in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=0)


COLLECTION_ALONE = """
Parameters: {Id: {Type: String}}
Resources:
  Faces: {Type: AWS::Rekognition::Collection, Properties: {CollectionId: !Ref Id}}
Outputs:
  Arn: {Value: !GetAtt Faces.Arn}
"""


def deploy_collection(running, stack, collection, update=False):
    client = running.session.client("cloudformation")
    (client.update_stack if update else client.create_stack)(
        StackName=stack,
        TemplateBody=COLLECTION_ALONE,
        Parameters=[{"ParameterKey": "Id", "ParameterValue": collection}],
    )
    waiter = "stack_update_complete" if update else "stack_create_complete"
    client.get_waiter(waiter).wait(StackName=stack, WaiterConfig={"Delay": 0.05, "MaxAttempts": 200})


def test_a_stacks_collection_is_made_changed_and_deleted_with_it(emulator, rekognition):
    deploy_collection(emulator, "collection-alone", "first-faces")
    assert "first-faces" in rekognition.collections
    deploy_collection(emulator, "collection-alone", "second-faces", update=True)
    assert "second-faces" in rekognition.collections
    client = emulator.session.client("cloudformation")
    client.delete_stack(StackName="collection-alone")
    client.get_waiter("stack_delete_complete").wait(
        StackName="collection-alone", WaiterConfig={"Delay": 0.05, "MaxAttempts": 200}
    )
    assert not {"first-faces", "second-faces"} & rekognition.collections


def test_a_collection_that_is_there_already_is_taken_over(emulator, rekognition):
    rekognition.collections.add("kept-faces")
    deploy_collection(emulator, "collection-kept", "kept-faces")
    client = emulator.session.client("cloudformation")
    stack = client.describe_stacks(StackName="collection-kept")["Stacks"][0]
    assert stack["Outputs"][0]["OutputValue"].endswith(":collection/kept-faces")
