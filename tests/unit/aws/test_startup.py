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
        ({"FACEGATE_RECOGNIZE_CONCURRENCY": "0", "FACEGATE_ENROLL_CONCURRENCY": "0"}, "concurrency"),
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
