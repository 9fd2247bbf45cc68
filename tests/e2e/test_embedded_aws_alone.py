"""``python -m localaws``: the embedded AWS for services that run elsewhere, as in containers."""

import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY, environment_of, machine_settings, until


@pytest.fixture
def environment(tmp_path):
    return environment_of(machine_settings(tmp_path / "home"))


def start(environment, *arguments):
    return subprocess.Popen([sys.executable, "-m", *arguments], cwd=REPOSITORY, env=environment)


def is_ready(environment):
    check = [sys.executable, "-m", "localaws", "--check"]
    return subprocess.run(check, cwd=REPOSITORY, env=environment, check=False).returncode == 0


def test_it_says_when_it_is_ready_serves_a_worker_and_ends_cleanly(environment, tmp_path):
    assert not is_ready(environment)
    aws = start(environment, "localaws", "--name", "localhost")
    heartbeat = tmp_path / "heartbeat"
    port, rekognition = environment["FACEGATE_AWS_PORT"], environment["FACEGATE_REKOGNITION_PORT"]
    try:
        until(lambda: is_ready(environment), 60)
        worker = start(
            environment
            | {
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
                "AWS_ENDPOINT_URL_REKOGNITION": f"http://127.0.0.1:{rekognition}",
                "AWS_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
                "FACEGATE_HEARTBEAT_FILE": str(heartbeat),
            },
            "services.recognize",
        )
        try:
            until(heartbeat.exists)
        finally:
            worker.terminate()
            assert worker.wait(30) == 0
    finally:
        aws.terminate()
        assert aws.wait(30) == 0
    assert not is_ready(environment)
