"""The server starts, stops, is killed, and keeps what it acknowledged."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from itertools import count

import pytest
from botocore.exceptions import BotoCoreError


@pytest.fixture
def data_dir(tmp_path):
    return tmp_path / "data"


def _kill(running):
    """Kill a server, its worker too."""
    workers = subprocess.run(
        ["pgrep", "-P", str(running.process.pid)], capture_output=True, text=True, check=True
    )
    for process in (running.process.pid, *map(int, workers.stdout.split())):
        os.kill(process, signal.SIGKILL)
    running.process.wait()


def test_faces_survive_a_restart_and_a_kill(started, client_of, data_dir, free_port, grace):
    port = free_port()
    running = started(data_dir, port)
    client = client_of(running.url)
    client.create_collection(CollectionId="people")
    face = client.index_faces(CollectionId="people", Image={"Bytes": grace})["FaceRecords"][0]["Face"]
    assert running.stop() == 0

    running = started(data_dir, port)
    client = client_of(running.url)
    second = client.index_faces(CollectionId="people", Image={"Bytes": grace}, ExternalImageId="again")
    _kill(running)

    running = started(data_dir, port)
    client = client_of(running.url)
    listed = client.list_faces(CollectionId="people")["Faces"]
    running.stop()
    assert listed == [face, second["FaceRecords"][0]["Face"]]


def test_whatever_was_acknowledged_to_several_clients_survives_a_kill(
    started, client_of, data_dir, free_port, grace
):
    port = free_port()
    running = started(data_dir, port)
    client_of(running.url).create_collection(CollectionId="people")
    acknowledged = []

    def index(name):
        client = client_of(running.url)
        with suppress(BotoCoreError):  # the server is killed at last
            for number in count():
                answer = client.index_faces(
                    CollectionId="people", Image={"Bytes": grace}, ExternalImageId=f"{name}-{number}"
                )
                acknowledged.append(answer["FaceRecords"][0]["Face"])

    clients = [threading.Thread(target=index, args=(name,)) for name in "abcd"]
    for thread in clients:
        thread.start()
    deadline = time.monotonic() + 30
    while len(acknowledged) < 60:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    _kill(running)
    for thread in clients:
        thread.join()

    running = started(data_dir, port)
    client = client_of(running.url)
    listed = {face["FaceId"]: face for face in client.list_faces(CollectionId="people")["Faces"]}
    assert all(listed[face["FaceId"]] == face for face in acknowledged)
    found = client.search_faces_by_image(CollectionId="people", Image={"Bytes": grace}, MaxFaces=4096)
    assert {match["Face"]["FaceId"] for match in found["FaceMatches"]} == set(listed)
    assert client.describe_collection(CollectionId="people")["FaceCount"] == len(listed)
    running.stop()


def _serve(*arguments):
    command = [sys.executable, "-m", "localaws.rekognition", "serve", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_a_second_server_on_the_same_data_is_refused(server, pack_dir, free_port):
    data_dir = server.log.with_suffix("")

    second = _serve("--port", free_port(), "--data-dir", data_dir, "--pack-dir", pack_dir)

    assert second.returncode != 0
    assert "in use by another process" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_server_without_a_model_pack_says_how_to_prepare_one(tmp_path, free_port):
    second = _serve("--port", free_port(), "--data-dir", tmp_path / "data", "--pack-dir", tmp_path / "pack")

    assert second.returncode != 0
    assert "prepare --pack-dir" in second.stderr
    assert "Traceback" not in second.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--tps", "DetectFace=5"), "the operations are"),
        (("--require-signatures", "--credentials-file", "nowhere"), "nowhere"),
    ],
)
def test_a_server_told_something_wrong_says_what(pack_dir, tmp_path, free_port, options, said):
    server = _serve("--port", free_port(), "--data-dir", tmp_path / "data", "--pack-dir", pack_dir, *options)

    assert server.returncode != 0
    assert said in server.stderr
    assert "Traceback" not in server.stderr
