import os
import signal
import sys

import psutil
import pytest

from localaws.supervisor import ProcessFailed, Program, Supervisor
from tests.conftest import all_gone

LISTENS = "import signal, time; print('ready', flush=True); signal.sigwait([signal.SIGTERM])"
DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(60)
"""
PARENT_OF_DEAF = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {DEAF!r}])"
NOTES_ITS_END = """
import pathlib, signal, sys, time
def end(*_):
    with pathlib.Path(sys.argv[1]).open("a") as notes:
        notes.write(sys.argv[2])
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
time.sleep(60)
"""


def program(name, code, *arguments, stage=0, patience=10):
    return Program(
        name=name,
        argv=[sys.executable, "-c", code, *arguments],
        stage=stage,
        ready=lambda log: "ready" in log.read_text(),
        patience=patience,
    )


@pytest.fixture
def supervisor(tmp_path):
    supervisor = Supervisor(tmp_path / "logs", os.environ)
    yield supervisor
    supervisor.stop()


def test_a_program_is_ready_when_start_returns(supervisor, tmp_path):
    supervisor.start(program("one", LISTENS))
    assert (tmp_path / "logs" / "one.log").read_text() == "ready\n"


def test_a_program_that_ends_before_it_is_ready_is_named_with_its_last_words(supervisor):
    with pytest.raises(ProcessFailed, match=r"one ended with exit code 3(.|\n)*out of cheese"):
        supervisor.start(program("one", "import sys; print('out of cheese'); sys.exit(3)"))


def test_a_program_that_never_becomes_ready_is_given_up(supervisor):
    with pytest.raises(ProcessFailed, match="one was not ready after 0 s"):
        supervisor.start(program("one", "import time; time.sleep(60)", patience=0.2))


def test_a_program_that_is_killed_later_is_noticed(supervisor):
    running = supervisor.launch(program("one", LISTENS))
    supervisor.wait_until_ready(running)
    supervisor.raise_if_any_ended()
    running.process.kill()
    running.process.wait()
    with pytest.raises(ProcessFailed, match="one was ended by SIGKILL"):
        supervisor.raise_if_any_ended()


def test_the_last_stage_ends_before_the_first_is_told_to(supervisor, tmp_path):
    notes = tmp_path / "notes"
    supervisor.start(program("backend", NOTES_ITS_END, str(notes), "b", stage=0))
    supervisor.start(program("service", NOTES_ITS_END, str(notes), "s", stage=1))
    supervisor.stop()
    assert notes.read_text() == "sb"


def test_a_program_that_does_not_listen_is_killed(supervisor):
    running = supervisor.launch(program("one", DEAF))
    supervisor.wait_until_ready(running)
    supervisor.stop(patience=0.3)
    assert running.process.returncode == -signal.SIGKILL


def test_a_child_that_outlives_its_program_is_killed(supervisor):
    running = supervisor.launch(program("one", PARENT_OF_DEAF))
    supervisor.wait_until_ready(running)
    family = [psutil.Process(running.process.pid)]
    family += family[0].children(recursive=True)
    assert len(family) == 2
    supervisor.stop(patience=0.3)
    assert all_gone(family)


def test_stopping_twice_changes_nothing(supervisor):
    supervisor.start(program("one", LISTENS))
    supervisor.stop()
    supervisor.stop()


def test_the_log_of_the_time_before_is_kept_beside_the_new_one(supervisor, tmp_path):
    for _ in range(2):
        supervisor.start(program("one", LISTENS))
        supervisor.stop()
    assert sorted(path.name for path in (tmp_path / "logs").iterdir()) == ["one.log", "one.log.1"]


def test_a_child_knows_nothing_but_the_environment_it_was_given(tmp_path):
    supervisor = Supervisor(tmp_path, {"FACEGATE_STACK": "mine"})
    supervisor.start(
        program(
            "one",
            "import os; print(sorted(os.environ)); print('ready', flush=True); import time; time.sleep(60)",
        )
    )
    assert "['FACEGATE_STACK'" in (tmp_path / "one.log").read_text()
    assert "HOME" not in (tmp_path / "one.log").read_text()
    supervisor.stop()
