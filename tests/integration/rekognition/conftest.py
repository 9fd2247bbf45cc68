"""A running server, and botocore's own client with every raw answer checked against the model."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import boto3
import botocore.session
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from cli.portraits import cat, eileen_collins, grace_hopper
from localaws.rekognition.engine.packs.preparation import prepare_pack

ROOT = Path(__file__).parents[3]
HOME = Path(os.environ.get("FACEGATE_HOME", ROOT / ".facegate"))
MODEL = botocore.session.get_session().get_service_model("rekognition")


@pytest.fixture(scope="session")
def pack_dir() -> Path:
    directory = HOME / "models" / "default"
    prepare_pack(directory, "default", sys.stderr.write)
    return directory


@dataclass
class Server:
    url: str
    process: subprocess.Popen
    log: Path

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(timeout=5)


def start_server(pack_dir: Path, data_dir: Path, port: int, *options: str, **environment: str) -> Server:
    log = data_dir.with_suffix(".log")
    command = [sys.executable, "-m", "localaws.rekognition", "serve", "--port", str(port)]
    with log.open("a") as stderr:
        process = subprocess.Popen(
            [*command, "--data-dir", data_dir, "--pack-dir", pack_dir, *options],
            stderr=stderr,
            cwd=ROOT,
            env=os.environ | environment,
        )
    server = Server(f"http://127.0.0.1:{port}", process, log)
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(f"{server.url}/health", timeout=5):
                return server
        except (urllib.error.URLError, ConnectionError):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)


@pytest.fixture(scope="session")
def free_port():
    import socket

    def find() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    return find


@pytest.fixture(scope="session")
def server(pack_dir, tmp_path_factory, free_port):
    running = start_server(pack_dir, tmp_path_factory.mktemp("rekognition") / "data", free_port())
    yield running
    running.stop()


def make_client(url: str, region: str = "us-east-1", keys: tuple[str, ...] = ("test", "test")):
    client = boto3.client(
        "rekognition",
        endpoint_url=url,
        region_name=region,
        **dict(zip(("aws_access_key_id", "aws_secret_access_key", "aws_session_token"), keys, strict=False)),
        config=Config(retries={"total_max_attempts": 1}, signature_version=None if keys else UNSIGNED),
    )
    client.meta.events.register("before-parse.rekognition", check_answer)
    return client


def check_answer(operation_model, response_dict, **_):
    if response_dict["status_code"] == 200:
        problems = list(mismatches(json.loads(response_dict["body"]), operation_model.output_shape, "answer"))
        assert problems == []
        return
    answer = json.loads(response_dict["body"])
    modelled = {shape.name for shape in operation_model.error_shapes}
    if answer["__type"] in modelled:
        assert answer["Code"] == answer["__type"]
        assert answer["Logref"] == response_dict["headers"]["x-amzn-RequestId"]
        assert set(answer) == {"__type", "Code", "Logref", "Message"}
    else:
        assert answer["__type"] in NOT_MODELLED
        assert set(answer) == {"__type", "message"}


#: What AWS answers before the service is reached.
NOT_MODELLED = {
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "SerializationException",
    "UnknownOperationException",
    "UnrecognizedClientException",
    "ValidationException",
}

TYPES = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "float": (int, float),
    "timestamp": (int, float),
}


def mismatches(value, shape, path):
    """Everything in a raw answer that the service model does not allow."""
    if shape.type_name == "structure":
        for name in shape.required_members:
            if name not in value:
                yield f"{path}.{name} is missing"
        for name, item in value.items():
            if name not in shape.members:
                yield f"{path}.{name} is unknown"
            else:
                yield from mismatches(item, shape.members[name], f"{path}.{name}")
    elif shape.type_name == "list":
        for number, item in enumerate(value):
            yield from mismatches(item, shape.member, f"{path}[{number}]")
    elif shape.type_name == "map":
        for key, item in value.items():
            yield from mismatches(key, shape.key, f"{path} key")
            yield from mismatches(item, shape.value, f"{path}[{key}]")
    elif not isinstance(value, TYPES[shape.type_name]):
        yield f"{path} is {value!r}, not a {shape.type_name}"
    else:
        yield from (f"{path} is {value!r}: {problem}" for problem in broken_limits(value, shape))


def broken_limits(value, shape):
    limits = shape.metadata
    if isinstance(value, str):
        pattern = limits.get("pattern", "")
        if shape.enum and value not in shape.enum:
            yield f"not one of {shape.enum}"
        if not limits.get("min", 0) <= len(value) <= limits.get("max", len(value)):
            yield "too short or too long"
        # Java's names for classes of characters stand in the patterns of tags alone.
        if pattern and r"\p" not in pattern and not re.fullmatch(pattern, value):
            yield f"does not match {pattern}"
    elif not limits.get("min", value) <= value <= limits.get("max", value):
        yield "out of range"


@pytest.fixture(scope="session")
def client_of():
    """Makes clients of other servers or regions."""
    return make_client


@pytest.fixture(scope="session")
def started(pack_dir):
    """Starts servers of one's own."""
    return lambda data_dir, port, *options, **environment: start_server(
        pack_dir, data_dir, port, *options, **environment
    )


@pytest.fixture
def client(server):
    return make_client(server.url)


@pytest.fixture
def collection(client):
    name = f"people-{time.monotonic_ns()}"
    client.create_collection(CollectionId=name)
    yield name
    client.delete_collection(CollectionId=name)


@pytest.fixture(scope="session")
def grace() -> bytes:
    return grace_hopper().read_bytes()


@pytest.fixture(scope="session")
def eileen() -> bytes:
    return eileen_collins().read_bytes()


@pytest.fixture(scope="session")
def chelsea() -> bytes:
    return cat().read_bytes()


@pytest.fixture(scope="session")
def both(grace, eileen) -> bytes:
    """Grace Hopper and Eileen Collins side by side, and Grace once more, tiny, between them."""
    import cv2
    import numpy as np

    from localaws.rekognition.engine import decode_image

    left, right = decode_image(grace), decode_image(eileen)
    canvas = np.full((600, 1240, 3), 127, np.uint8)
    canvas[:, :512] = left
    large = cv2.resize(right, None, fx=1.6, fy=1.6)
    canvas[:, 740:] = large[:600, 120:620]
    canvas = cv2.resize(canvas, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    tiny = cv2.resize(left, None, fx=0.17, fy=0.17, interpolation=cv2.INTER_AREA)
    canvas[150 : 150 + tiny.shape[0], 270 : 270 + tiny.shape[1]] = tiny
    return cv2.imencode(".png", canvas[..., ::-1])[1].tobytes()
