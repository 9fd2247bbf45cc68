"""Processes of one machine: started one after the other when ready, stopped in stages, all of them.

honcho and its like start everything at once and stop everything at once; here the services need a deployed
stack before they start, and the embedded AWS must outlive them to save its state.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_POLL_SECONDS = 0.05
_TAIL_LINES = 15
_PR_SET_PDEATHSIG = 1


class ProcessFailed(Exception):
    """A process ended by itself or did not become ready; the message ends with its last log lines."""


@dataclass(frozen=True)
class Program:
    """What to run.

    Attributes
    ----------
    stage : int
        Programs of the highest stage are stopped first.
    ready : callable
        Told the program's log file, says whether it can be used; asked until it says so.
    orphaned : signal.Signals
        What it gets (on Linux) when the supervisor itself is killed: SIGTERM lets it save its state,
        SIGKILL keeps it from trying to reach others that are gone.
    patience : float
        Seconds it may take to become ready.
    environment : mapping of str to str
        What it is told beyond all others' environment.
    """

    name: str
    argv: Sequence[str]
    stage: int
    ready: Callable[[Path], bool]
    orphaned: signal.Signals = signal.SIGTERM
    patience: float = 30
    environment: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Running:
    """A program that was started."""

    program: Program
    process: subprocess.Popen[bytes]
    log: Path


class Supervisor:
    """Starts programs and answers for every one of them.

    Parameters
    ----------
    logs : Path
        Folder for one log file a program; made if missing.
    environment : mapping of str to str
        The children's whole environment.
    """

    def __init__(self, logs: Path, environment: Mapping[str, str]) -> None:
        self._logs = logs
        self._environment = dict(environment)
        self._running: list[Running] = []

    def start(self, program: Program) -> None:
        """Start a program and wait until it is ready.

        Raises
        ------
        ProcessFailed
            If it ends before that, or takes too long.
        """
        running = self.launch(program)
        self.wait_until_ready(running)

    def launch(self, program: Program) -> Running:
        """Start a program without waiting, so that several can become ready at the same time."""
        self._logs.mkdir(parents=True, exist_ok=True)
        log = self._logs / f"{program.name}.log"
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        with log.open("wb") as output:
            process = subprocess.Popen(
                program.argv,
                env=self._environment | dict(program.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # A Ctrl-C in the terminal is for the supervisor, which stops the others in order.
                start_new_session=True,
                preexec_fn=_die_with_parent(program.orphaned) if sys.platform == "linux" else None,  # noqa: PLW1509  # nothing else of ours forks from a thread
            )
        running = Running(program, process, log)
        self._running.append(running)
        return running

    def wait_until_ready(self, running: Running) -> None:
        """Wait for a launched program.

        Raises
        ------
        ProcessFailed
            If it ends before it is ready, or takes too long.
        """
        name, patience = running.program.name, running.program.patience
        deadline = time.monotonic() + patience
        while not running.program.ready(running.log):
            if running.process.poll() is not None:
                raise ProcessFailed(_obituary(running))
            if time.monotonic() > deadline:
                raise ProcessFailed(f"{name} was not ready after {patience:.0f} s{_tail(running.log)}")
            time.sleep(_POLL_SECONDS)

    def raise_if_any_ended(self) -> None:
        """Notice a program that ended by itself.

        Raises
        ------
        ProcessFailed
            Naming the first of them.
        """
        for running in self._running:
            if running.process.poll() is not None:
                raise ProcessFailed(_obituary(running))

    def pids(self) -> dict[str, int]:
        """Name every running program's process id."""
        return {running.program.name: running.process.pid for running in self._running}

    def stop(self, patience: float = 4.5) -> None:
        """Stop every program, the highest stage first; kill what does not listen.

        Parameters
        ----------
        patience : float
            Seconds for all stages together.
        """
        stages = sorted({running.program.stage for running in self._running}, reverse=True)
        for stage in stages:
            self._stop_stage(stage, patience / len(stages))
        self._running.clear()

    def _stop_stage(self, stage: int, patience: float) -> None:
        members = [running for running in self._running if running.program.stage == stage]
        for running in members:
            if running.process.poll() is None:
                running.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + patience
        for running in members:
            try:
                running.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                running.process.kill()
                running.process.wait()
            _kill_children_left(running.process)


def _kill_children_left(process: subprocess.Popen[bytes]) -> None:
    """Kill what outlives the leader of its process group."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        # As it should be: nobody is left.
        return


def _die_with_parent(orphaned: signal.Signals) -> Callable[[], None]:
    """Let Linux signal the child when the supervisor dies, even by SIGKILL."""
    prctl = ctypes.CDLL(None).prctl

    def in_the_child() -> None:
        prctl(_PR_SET_PDEATHSIG, orphaned)

    return in_the_child


def _obituary(running: Running) -> str:
    code = running.process.returncode
    ended = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    return f"{running.program.name} {ended}{_tail(running.log)}"


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-_TAIL_LINES:]
    said = "\n".join(f"    {line[:300]}" for line in lines) or "    (nothing)"
    return f"; its log {log} ends with\n{said}"
