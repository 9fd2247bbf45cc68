"""``facegate deploy``, ``status`` and ``destroy``, as a process."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

FACEGATE = Path(sys.executable).with_name("facegate")
IN_REGION = ("--region", "eu-central-1")


def run(*arguments, typed=None, **environment):
    """Run the command line; with `typed`, at a terminal where that is typed."""
    master, slave = pty.openpty()
    try:
        if typed is not None:
            os.write(master, typed.encode())
        return subprocess.run(
            [FACEGATE, *arguments],
            stdin=slave if typed is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            env={
                "PATH": "",
                "HOME": "/nonexistent",
                "AWS_EC2_METADATA_DISABLED": "true",
                "COLUMNS": "120",
                **environment,
            },
        )
    finally:
        os.close(master)
        os.close(slave)


@pytest.fixture
def on_emulator(emulator):
    """Run the command line against the emulator."""

    def on_emulator(*arguments, typed=None):
        return run(
            *arguments,
            typed=typed,
            AWS_ENDPOINT_URL=emulator.url,
            AWS_ACCESS_KEY_ID="test",
            AWS_SECRET_ACCESS_KEY="test",
        )

    return on_emulator


def test_a_stack_is_shown_asked_about_made_looked_at_and_destroyed(on_emulator, tmp_path):
    small = tmp_path / "small.yaml"
    small.write_text("FrameRetentionDays: 2\nDeletionProtection: false\n")
    where = ("--stack", "facegate-typed", *IN_REGION)
    declined = on_emulator("deploy", *where, typed="n\n")
    assert declined.returncode == 1
    assert "Nothing was changed" in declined.stderr

    made = on_emulator(
        *("deploy", *where, "--parameters", str(small), "--parameter", "FrameRetentionDays=3"),
        typed="y\ny\ny\n",
    )
    assert made.returncode == 0, made.stderr
    assert "PhotoBucket" in made.stdout
    assert "facegate-typed-photos-000000000000-eu-central-1" in made.stdout

    looked_at = on_emulator("status", *where)
    assert "CREATE_COMPLETE" in looked_at.stdout
    values = {line.split()[0]: line.split()[1:] for line in looked_at.stdout.splitlines() if line.strip()}
    assert (values["FrameRetentionDays"], values["DeletionProtection"]) == (["3"], ["false"])

    kept = on_emulator("destroy", *where, typed="facegate\n")
    assert (kept.returncode, "nothing was deleted" in kept.stderr) == (1, True)
    gone = on_emulator("destroy", *where, typed="facegate-typed\n")
    assert gone.returncode == 0, gone.stderr
    assert "facegate-typed-photos-000000000000-eu-central-1" in gone.stdout
    assert "There is no stack facegate-typed" in on_emulator("status", *where).stderr


def test_nothing_is_changed_where_nobody_can_be_asked(on_emulator):
    answer = on_emulator("deploy", "--stack", "facegate-alone", *IN_REGION)
    assert answer.returncode == 1
    assert "say --yes" in answer.stderr
    assert "There is no stack" in on_emulator("status", "--stack", "facegate-alone", *IN_REGION).stderr


def test_missing_credentials_are_told():
    answer = run("deploy", *IN_REGION)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "No complete AWS credentials were found" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_missing_region_is_told():
    answer = run("deploy", AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test")
    assert answer.returncode == 1
    assert "No region is set" in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--parameter", "FrameRetentionDays"], "not of the form NAME=VALUE"),
        (["--parameters", __file__], "is no YAML"),
    ],
)
def test_parameters_that_cannot_be_read_are_refused(arguments, complaint):
    answer = run("deploy", *arguments)
    assert answer.returncode == 2
    assert complaint in " ".join(answer.stderr.replace("│", " ").split())
