import json
import os
import subprocess
import sys

import pytest

QUIET = {
    "PATH": os.environ["PATH"],
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
}
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
NOBODY = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}


@pytest.mark.parametrize("worker", ["recognize", "enroll"])
@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({}, "no region is set"),
        ({"AWS_REGION": "us-east-1"}, "credentials"),
        ({"AWS_REGION": "us-east-1", **CREDENTIALS, **NOBODY}, "127.0.0.1:9"),
        (
            {"FACEGATE_RECOGNIZE_CONCURRENCY": "0", "FACEGATE_ENROLL_CONCURRENCY": "0"},
            "_CONCURRENCY: Input should be greater than or equal to 1",
        ),
    ],
    ids=["no region", "no credentials", "nobody there", "wrong setting"],
)
def test_a_worker_that_cannot_start_says_why_in_one_line(worker, environment, reason):
    ended = subprocess.run(
        [sys.executable, "-m", f"services.{worker}"],
        env=QUIET | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    [line] = ended.stderr.splitlines()
    said = json.loads(line)
    assert said["event"] == "cannot_start"
    assert reason in said["reason"]


@pytest.mark.parametrize(
    "variable", ["FACEGATE_GATEWAY_THREADS", "FACEGATE_MAX_WAIT", "FACEGATE_MAX_ATTEMPTS"]
)
def test_a_gateway_with_a_wrong_setting_names_its_variable_and_does_not_start(variable):
    ended = subprocess.run(
        [sys.executable, "-m", "gunicorn", "-c", "services/gateway/gunicorn.conf.py"],
        env=QUIET | {variable: "many"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    [line] = ended.stderr.splitlines()
    reason = f"wrong environment: {variable}: Input should be a valid integer"
    assert json.loads(line)["reason"].startswith(reason)


def test_a_variable_that_looks_like_one_of_ours_and_is_not_is_warned_about():
    ended = subprocess.run(
        [sys.executable, "-m", "services.enroll"],
        env=QUIET | {"FACEGATE_ENROL_CONCURRENCY": "2", "FACEGATE_COLOUR": "blue"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    warned, _cannot_start = map(json.loads, ended.stderr.splitlines())
    assert warned["event"] == "unknown_variable"
    assert (warned["variable"], warned["meant"]) == (
        "FACEGATE_ENROL_CONCURRENCY",
        "FACEGATE_ENROLL_CONCURRENCY",
    )
