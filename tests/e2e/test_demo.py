"""What a user does: start the demonstration, stop it, break it."""

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import requests

from tests.conftest import all_gone, machine_settings, until


def environment(settings):
    return os.environ | {
        "FACEGATE_HOME": str(settings.home),
        "FACEGATE_MODELS": str(settings.models),
        "FACEGATE_GATEWAY_PORT": str(settings.gateway_port),
        "FACEGATE_AWS_PORT": str(settings.aws_port),
        "FACEGATE_REKOGNITION_PORT": str(settings.rekognition_port),
    }


@pytest.fixture
def settings(tmp_path):
    return machine_settings(tmp_path / "home")


def facegate(settings, *arguments, **options):
    command = [str(Path(sys.executable).parent / "facegate"), *arguments]
    return subprocess.run(
        command, check=False, env=environment(settings), capture_output=True, text=True, timeout=90, **options
    )


@contextmanager
def running_demo(settings, tmp_path):
    """The demonstration, ready; yields its process, its output and all processes below it."""
    said = tmp_path / "said.txt"
    with said.open("wb") as output:
        demo = subprocess.Popen(
            [str(Path(sys.executable).parent / "facegate"), "demo"],
            env=environment(settings),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        until(lambda: "password " in said.read_text() or demo.poll() is not None, 90)
        assert demo.poll() is None, said.read_text()
        yield demo, said, psutil.Process(demo.pid).children(recursive=True)
    finally:
        demo.kill()
        demo.wait()


def test_the_demonstration_lets_one_in_keeps_one_out_and_does_so_again(settings):
    for _ in range(2):
        shown = facegate(settings, "demo", "--once")
        assert shown.returncode == 0, shown.stdout + shown.stderr
        assert re.search(r"granted\s+Grace Hopper", shown.stdout)
        assert re.search(r"denied\s+no_match", shown.stdout)


def test_the_ways_in_that_are_shown_are_open_and_ctrl_c_stops_every_process_within_five_seconds(
    settings, tmp_path
):
    with running_demo(settings, tmp_path) as (demo, said, children):
        assert len(children) >= 5
        gateway = f"http://127.0.0.1:{settings.gateway_port}"
        assert f"{gateway}/kiosk#token=fgk_" in said.read_text()
        shown = re.search(rf"{gateway}/console\s+login (\S+), password (\S+)", said.read_text())
        assert shown
        credentials = {"login": shown[1], "password": shown[2]}
        assert requests.post(f"{gateway}/v1/session", json=credentials, timeout=10).status_code == 201
        demo.send_signal(signal.SIGINT)
        assert demo.wait(5) == 0
        assert all_gone(children)


def test_a_process_that_dies_is_named_and_takes_the_others_with_it(settings, tmp_path):
    with running_demo(settings, tmp_path) as (demo, said, children):
        [worker] = [child for child in children if child.cmdline()[-1] == "services.recognize"]
        worker.kill()
        assert demo.wait(10) == 1
        assert "recognize was ended by SIGKILL" in said.read_text()
        assert all_gone(children)


def test_killing_the_supervisor_leaves_no_process_behind(settings, tmp_path):
    with running_demo(settings, tmp_path) as (demo, _, children):
        demo.kill()
        demo.wait()
        assert all_gone(children)


def test_a_taken_port_is_named_with_the_way_out(settings, tmp_path):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", settings.aws_port))
        taken.listen()
        refused = facegate(settings, "demo", "--once")
    assert refused.returncode == 1
    assert f"port {settings.aws_port} is taken" in refused.stderr
    assert "FACEGATE_AWS_PORT" in refused.stderr


def test_a_second_start_in_the_same_folder_is_refused(settings, tmp_path):
    with running_demo(settings, tmp_path):
        refused = facegate(settings, "up")
    assert refused.returncode == 1
    assert "runs already" in refused.stderr


def test_enrolling_and_recognising_from_the_command_line(settings, tmp_path):
    from cli.portraits import eileen_collins, grace_hopper

    with running_demo(settings, tmp_path):
        enrolled = facegate(settings, "enroll", str(eileen_collins()), "--name", "Eileen [/] Collins")
        assert enrolled.returncode == 0, enrolled.stderr
        assert "indexed Eileen [/] Collins" in enrolled.stdout
        added = facegate(settings, "doors", "add", "side", "--zone", "building")
        assert added.returncode == 0, added.stderr
        registered = facegate(settings, "kiosks", "register", "side-door", "--door", "side")
        token = registered.stdout.strip()
        recognised = facegate(settings, "recognize", str(eileen_collins()), "--token", token)
        assert recognised.returncode == 0
        assert '"full_name": "Eileen [/] Collins"' in recognised.stdout
        wrong = facegate(settings, "recognize", str(grace_hopper()), "--token", token + "x")
        assert wrong.returncode == 1
        assert "401" in wrong.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["enroll", "nowhere.jpg", "--name", "X"], "does not exist"),
        (["enroll", __file__, "--name", "X"], "no picture by its name"),
        (["frobnicate"], "No such command"),
        (["kiosks", "register", "a/b", "--door", "d"], "letters, digits"),
        (["enroll", __file__], "--name"),
        (["enroll", __file__, "--name", " "], "it is empty"),
        (["enroll", __file__, "--name", "Ada\x07"], "cannot be printed"),
        (["kiosks", "register", "k", "--door", "Main entrance"], "letters, digits"),
        (["recognize", __file__, "--token", "tökén"], "a token has"),
    ],
)
def test_wrong_arguments_get_a_sentence_and_no_traceback(settings, arguments, said):
    refused = facegate(settings, *arguments)
    assert refused.returncode != 0
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr


def test_what_the_environment_prints_leads_any_aws_program_to_this_machine(settings):
    printed = facegate(settings, "env").stdout
    assert f"export AWS_ENDPOINT_URL=http://127.0.0.1:{settings.aws_port}\n" in printed
    assert "export AWS_ACCESS_KEY_ID=test\n" in printed


def test_a_proxy_and_endpoints_of_another_account_do_not_lead_it_astray(settings, monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_SQS"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_PROFILE", "production")
    shown = facegate(settings, "demo", "--once")
    assert shown.returncode == 0, shown.stdout + shown.stderr


def test_a_command_without_a_running_facegate_says_so(settings, tmp_path):
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"x")
    refused = facegate(settings, "enroll", str(photo), "--name", "X")
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    assert "facegate up" in refused.stderr
