"""The server starts, stops, is killed, and keeps what it acknowledged."""

import os
import signal
import subprocess
import sys

import pytest


@pytest.fixture
def data_dir(tmp_path):
    return tmp_path / "data"


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
    workers = subprocess.run(
        ["pgrep", "-P", str(running.process.pid)], capture_output=True, text=True, check=True
    )
    for process in (running.process.pid, *map(int, workers.stdout.split())):
        os.kill(process, signal.SIGKILL)
    running.process.wait()

    running = started(data_dir, port)
    client = client_of(running.url)
    listed = client.list_faces(CollectionId="people")["Faces"]
    running.stop()
    assert listed == [face, second["FaceRecords"][0]["Face"]]


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
