"""An embedded AWS of its own for these tests: a real process on a free port, stopped at the end.

The face collections' server knows just the three calls that a stack makes, so that no models are needed.
"""

import json
import os
import re
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
import pytest
import yaml
from botocore.exceptions import EndpointConnectionError

from infra.deploy import deploy
from infra.parts import CORE, Part
from localaws.gaps import close_gaps

REPOSITORY = Path(__file__).parents[2]
REGION = "eu-central-1"
STACK = "facegate-test"


class CollectionsServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.collections = set()
        self.calls = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        operation = self.headers["X-Amz-Target"].partition(".")[2]
        collection = request["CollectionId"]
        self.server.calls.append((operation, collection))
        arn = f"aws:rekognition:eu-central-1:000000000000:collection/{collection}"
        known = collection in self.server.collections
        if operation == "CreateCollection":
            if known:
                return self._answer(400, {"__type": "ResourceAlreadyExistsException", "Message": "exists"})
            self.server.collections.add(collection)
            return self._answer(200, {"StatusCode": 200, "CollectionArn": arn, "FaceModelVersion": "7.0"})
        if not known:
            return self._answer(400, {"__type": "ResourceNotFoundException", "Message": "unknown"})
        if operation == "DeleteCollection":
            self.server.collections.discard(collection)
            return self._answer(200, {"StatusCode": 200})
        return self._answer(200, {"CollectionARN": arn, "FaceCount": 0})

    def _answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@contextmanager
def collections_server():
    server = CollectionsServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Emulator:
    """The launcher in a process; `url` once it listens."""

    def __init__(self, state_dir, rekognition_url, port=0):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "localaws.emulator"),
                *("--port", str(port)),
                *("--state-dir", str(state_dir)),
                *("--rekognition-endpoint", rekognition_url),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
            env=environment,
        )
        line = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
        if not found:
            raise AssertionError(f"it did not start: {self.process.communicate()[1]}")
        self.url, self.port = found[0], int(found[1])
        self.session = EmulatorSession(self.url)
        wait_until(self._answers)

    def _answers(self):
        assert self.process.poll() is None, self.process.communicate()[1]
        try:
            return self.session.client("sts").get_caller_identity()
        except EndpointConnectionError:
            return None

    def stop(self, signal_number=15):
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        errors = self.process.communicate(timeout=20)[1]
        return self.process.returncode, errors

    def kill(self):
        self.process.kill()
        self.process.communicate(timeout=20)


class EmulatorSession(boto3.Session):
    """A session whose clients all speak to the emulator, whatever the environment says."""

    def __init__(self, url):
        super().__init__("test", "test", region_name=REGION)
        self._url = url

    def client(self, *arguments, **options):
        return super().client(*arguments, endpoint_url=self._url, **options)


def wait_until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s in vain"
        time.sleep(0.02)
    return result


class _LongForms(yaml.SafeLoader):
    """The short forms of CloudFormation, kept as (tag, value)."""


def _keep(loader, tag, node):
    if isinstance(node, yaml.ScalarNode):
        return (tag, loader.construct_scalar(node))
    if isinstance(node, yaml.SequenceNode):
        return (tag, loader.construct_sequence(node, deep=True))
    return (tag, loader.construct_mapping(node, deep=True))


_LongForms.add_multi_constructor("!", _keep)


@pytest.fixture(scope="session")
def parsed():
    """Parse a template's text."""
    return lambda text: yaml.load(text, _LongForms)  # noqa: S506  # a SafeLoader


@pytest.fixture(scope="session")
def template(parsed):
    """The resources of the templates that every site has, together, and the data's outputs."""
    core = {part: parsed(part.template.read_text()) for part in CORE}
    resources = {name: resource for one in core.values() for name, resource in one["Resources"].items()}
    assert len(resources) == sum(len(one["Resources"]) for one in core.values())
    return {"Resources": resources, "Outputs": core[Part.DATA]["Outputs"]}


@pytest.fixture(scope="session")
def rekognition():
    with collections_server() as server:
        yield server


@pytest.fixture(scope="session")
def emulator(rekognition, tmp_path_factory):
    running = Emulator(tmp_path_factory.mktemp("embedded-aws"), rekognition.url)
    yield running
    running.stop()


@pytest.fixture
def start_emulator(rekognition, tmp_path):
    """Start emulators that all keep their state in one place."""
    started = []

    def start(port=0):
        started.append(Emulator(tmp_path / "state", rekognition.url, port))
        return started[-1]

    yield start
    for running in started:
        running.kill()


@pytest.fixture(scope="session")
def deploy_and_finish():
    """Deploy the stack and set what the embedded CloudFormation leaves out."""

    def deploy_and_finish(session, **options):
        outputs = deploy(session, STACK, timeout=60, **options)
        close_gaps(session, STACK, Part.DATA.template.read_text())
        return outputs

    return deploy_and_finish


@pytest.fixture(scope="session")
def stack_name():
    return STACK


@pytest.fixture(scope="session")
def outputs(emulator, deploy_and_finish):
    """The outputs of a stack that is deployed and finished."""
    return deploy_and_finish(emulator.session)


@pytest.fixture(scope="session")
def receive_one():
    """Receive and delete one message, waiting for it."""

    def receive_one(session, queue_url):
        sqs = session.client("sqs")
        messages = wait_until(
            lambda: sqs.receive_message(QueueUrl=queue_url, WaitTimeSeconds=2).get("Messages")
        )
        sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=messages[0]["ReceiptHandle"])
        return messages[0]["Body"]

    return receive_one
