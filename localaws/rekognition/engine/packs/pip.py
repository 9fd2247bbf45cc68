"""Installing locked Python packages into a directory of their own."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from localaws.rekognition.engine.errors import PackError

#: 100 MB over a slow line; longer means a line that is cut.
_TIMEOUT_SECONDS = 600


def install_locked(lock: Path, directory: Path) -> None:
    """Install what `lock` names into `directory`, hashes checked, nothing beside.

    Raises
    ------
    PackError
        pip or setuptools is missing, pip failed or took longer than ten minutes.
    """
    if not (find_spec("pip") and find_spec("setuptools")):
        raise PackError(
            "pip and setuptools are needed to fetch this model pack: install them into this environment."
        )
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # Its source is unpacked with the setuptools at hand: an isolated build would fetch one unlocked.
    command += ["--no-deps", "--no-build-isolation", "--no-compile", "--require-hashes"]
    command += ["--target", str(directory), "--requirement", str(lock)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise PackError(f"pip did not finish within {_TIMEOUT_SECONDS} s.") from error
    if done.returncode != 0:
        raise PackError(f"pip failed with status {done.returncode}: {done.stderr.strip()[-1000:]}")
