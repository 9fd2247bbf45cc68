"""The embedded AWS: ministack in a process of ours, on 127.0.0.1 unless told otherwise; its state is on disk.

``python -m localaws.emulator --port 4566 --state-dir DIR --rekognition-endpoint http://127.0.0.1:4577``
prints its URL, stops on SIGTERM or SIGINT and finds everything again at the next start.
"""

import argparse
import asyncio
import gc
import os
import shutil
import signal
import socket
import sys
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from localaws import emulator_collections, emulator_iam, emulator_lambda, emulator_lifecycle, emulator_state
from localaws.emulator_sqs import LongPolling

HOST = "127.0.0.1"

#: Long enough for a put in flight; long polls and idle connections end at once.
_GRACE_SECONDS = 1.0

#: CPython: 700, 10, 10. Every item and message is a few dictionaries more to look through.
_GARBAGE_THRESHOLDS = (20_000, 20, 20)


def environment(
    port: int, state_dir: Path, host: str = HOST, name: str = HOST, *, checks: bool = False
) -> dict[str, str]:
    """Return the settings of ministack, which it reads while it is imported.

    Parameters
    ----------
    port : int
        Where it listens; also part of the queues' URLs.
    state_dir : pathlib.Path
        Where state and S3 objects are kept.
    host : str
        The address it listens on.
    name : str
        What others call it; the queues' URLs have it.
    checks : bool
        Whether signatures and IAM's policies are checked.
    """
    return {
        "BIND_HOST": host,
        "MINISTACK_HOST": name,
        "GATEWAY_PORT": str(port),
        "PERSIST_STATE": "1",
        "STATE_DIR": str(state_dir / "state"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(state_dir / "objects"),
        "TMPDIR": str(_scratch(state_dir)),
        "LAMBDA_EXECUTOR": "local",
        "LOG_LEVEL": "WARNING",
        "AUTH": str(checks).lower(),
        # these two would listen on every address of the machine
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # where a Docker daemon runs, ministack removes the containers of other ministacks at its start
        "DOCKER_HOST": "unix:///nonexistent/docker.sock",
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the embedded AWS until it is told to stop; 1 where the port is taken."""
    options = _parse(arguments)
    try:
        listener = _bind(options.host, options.port)
    except OSError as error:
        sys.stderr.write(
            f"The embedded AWS cannot listen on port {options.port} of {options.host}: {error.strerror}. "
            "Stop what uses it, or choose another with --port.\n"
        )
        return 1
    state_dir: Path = options.state_dir.resolve()
    # keys and photos are in there in the clear
    state_dir.mkdir(parents=True, exist_ok=True)
    state_dir.chmod(0o700)
    # ministack leaves the unpacked Lambdas of its last run behind
    shutil.rmtree(_scratch(state_dir), ignore_errors=True)
    _scratch(state_dir).mkdir()
    port = listener.getsockname()[1]
    os.environ.update(environment(port, state_dir, options.host, options.name, checks=options.auth))
    asyncio.run(_serve(listener, options.rekognition_endpoint))
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m localaws.emulator", description="Run the embedded AWS.")
    parser.add_argument("--port", type=int, default=4566, help="default: %(default)s; 0: any free one")
    parser.add_argument("--host", default=HOST, help="the address to listen on (default: %(default)s)")
    parser.add_argument(
        "--name", default=HOST, help="what others call it, in the queues' URLs (default: %(default)s)"
    )
    parser.add_argument("--state-dir", type=Path, required=True, help="where everything is kept")
    parser.add_argument(
        "--rekognition-endpoint",
        default="http://127.0.0.1:4577",
        help="where stacks make their face collections (default: %(default)s)",
    )
    parser.add_argument(
        "--auth",
        action="store_true",
        help="check signatures, and by IAM policies what each caller may do; the key test may do everything",
    )
    return parser.parse_args(arguments)


def _scratch(state_dir: Path) -> Path:
    return state_dir / "scratch"


def _bind(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


async def _serve(listener: socket.socket, rekognition_endpoint: str) -> None:
    # imported only now, and untyped: ministack reads the environment while it is imported
    ministack: Any = import_module("ministack.app")
    hypercorn: Any = import_module("hypercorn.asyncio")
    config_of_hypercorn: Any = import_module("hypercorn.config")

    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    polls = LongPolling(stopping)
    polls.install()
    emulator_lambda.install()
    application: Any = ministack.app
    if ministack.AUTH:
        emulator_iam.install()
        application = emulator_iam.as_if_by_tls(application)
    emulator_collections.register(rekognition_endpoint)
    host, port = listener.getsockname()
    # who listens on all addresses is reached from here on its own
    url = f"http://{HOST if host == '0.0.0.0' else host}:{port}"  # noqa: S104  # compared, not bound
    companions = asyncio.gather(emulator_state.keep(stopping), emulator_lifecycle.carry_out(url, stopping))

    config = config_of_hypercorn.Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.loglevel = "WARNING"
    config.keep_alive_timeout = 75
    config.graceful_timeout = _GRACE_SECONDS
    # botocore's models and ministack's own are there to stay, and so is most of what it keeps later on
    gc.freeze()
    gc.set_threshold(*_GARBAGE_THRESHOLDS)
    sys.stdout.write(f"the embedded AWS starts on {url}\n")
    sys.stdout.flush()
    # the server saves its state at its end: only when nobody else is still saving may it begin to stop
    await hypercorn.serve(
        partial(polls.serve, application), config, shutdown_trigger=lambda: companions, mode="asgi"
    )


if __name__ == "__main__":
    sys.exit(main())
