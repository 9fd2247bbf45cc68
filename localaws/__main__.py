"""``python -m localaws``: the embedded AWS and Rekognition with the stack deployed, and no services.

For services that run elsewhere, such as in other containers. ``--check`` tells whether it is ready.
"""

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from infra.errors import DeploymentError
from localaws.machine import Machine, MachineError, MachineSettings, answers, only_one
from localaws.supervisor import ProcessFailed

_LOOK_AGAIN_SECONDS = 0.5


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until told to stop; 1 where it cannot start, or is not ready with ``--check``."""
    options = _parse(arguments)
    try:
        settings = MachineSettings.from_environment()
        if options.check:
            return 0 if is_ready(settings) else 1
        with only_one(settings.home):
            _serve(Machine(settings, _tell, options.host, options.name))
    except (DeploymentError, MachineError, ProcessFailed) as error:
        _tell(f"cannot run: {error}")
        return 1
    return 0


def is_ready(settings: MachineSettings) -> bool:
    """Whether both answer and the stack has been deployed since they were started."""
    return (
        _deployed(settings).exists()
        and answers(settings.aws_port, "/_ministack/health")
        and answers(settings.rekognition_port, "/health")
    )


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m localaws", description="Run the embedded AWS, deployed.")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    parser.add_argument(
        "--name", default="127.0.0.1", help="what others call this address (default: %(default)s)"
    )
    parser.add_argument("--check", action="store_true", help="only tell whether it is ready, by the status")
    return parser.parse_args(arguments)


def _serve(machine: Machine) -> None:
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    deployed = _deployed(machine.settings)
    deployed.unlink(missing_ok=True)
    try:
        machine.start_aws()
        deployed.touch()
        _tell("the embedded AWS is ready")
        while not stopping.wait(_LOOK_AGAIN_SECONDS):
            machine.supervisor.raise_if_any_ended()
    finally:
        deployed.unlink(missing_ok=True)
        machine.stop()


def _deployed(settings: MachineSettings) -> Path:
    return settings.home / "deployed"


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
