"""A whole Facegate to be measured: every process real, on ports and in a folder of its own."""

import os
import socket
import sys
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from localaws.machine import Machine, MachineSettings

HOME = Path(os.environ.get("FACEGATE_HOME", ".facegate")).resolve()


def free_ports(count: int) -> list[int]:
    """Find ports that nobody listens on now; taken together so that they differ."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


@contextmanager
def own_environment(additions: Mapping[str, str]) -> Generator[None]:
    """Put variables into this process's environment, and everything back as it was at the end."""
    before = dict(os.environ)
    os.environ.update(additions)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def started(settings: MachineSettings) -> Generator[Machine]:
    """Start everything, and stop it at the end."""
    machine = Machine(settings, lambda step: print(f"  … {step}", file=sys.stderr))
    try:
        machine.start()
        yield machine
    finally:
        machine.stop()


@contextmanager
def running_machine(environment: Mapping[str, str]) -> Generator[Machine]:
    """Start a whole Facegate as ``facegate up`` would, and take it down with all that it kept.

    Parameters
    ----------
    environment : mapping of str to str
        What the services are to find in theirs.
    """
    gateway, aws, rekognition = free_ports(3)
    with tempfile.TemporaryDirectory(prefix="facegate-bench-") as home, own_environment(environment):
        settings = MachineSettings(
            home=Path(home),
            models=HOME / "models",
            gateway_port=gateway,
            aws_port=aws,
            rekognition_port=rekognition,
        )
        with started(settings) as machine:
            yield machine
            machine.supervisor.raise_if_any_ended()


def family(machine: Machine, name: str) -> Sequence[psutil.Process]:
    """Find the processes of a program, all of its numbered copies included, and their children."""
    return [
        member
        for program, pid in machine.supervisor.pids().items()
        if program.partition("-")[0] == name
        for process in [psutil.Process(pid)]
        for member in [process, *process.children(recursive=True)]
    ]
