"""How the memory of the processes grows while ten thousand jobs go through them."""

import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import psutil
import requests

from bench.enroll.photos import make_thumbnails
from bench.enroll.stand import EnrollStand, put_up
from services.aws.tokens import TokenStore
from services.contracts.domain import IssuedToken, Scope
from services.contracts.tokens import ApiToken

_FOLDERS, _EACH = 100, 100
_JOBS = _FOLDERS * _EACH
#: By then every thread, client and cache there will be is there.
_SETTLED = 1000
_PAUSE_SECONDS, _ASKING_SECONDS = 0.25, 0.2


def memory() -> dict[str, Any]:
    """Enrol 10,000 pictures that the worker refuses at once, while a program asks the gateway about them.

    The growth is what a process had at most later on over what it had when a tenth of the jobs was done.
    """
    with tempfile.TemporaryDirectory(prefix="facegate-photos-") as directory, put_up() as stand:
        folder = Path(directory) / "batch"
        make_thumbnails(folder, _FOLDERS, _EACH)
        began = time.monotonic()
        command, report = stand.start_enrolling(folder)
        watched = {
            "cli": psutil.Process(command.pid),
            "worker": stand.process("enroll"),
            "gateway": stand.process("gateway"),
        }
        samples: dict[str, list[tuple[int, int]]] = defaultdict(list)
        with _asking(stand, report) as asked:
            while command.poll() is None:
                done = _lines(report)
                for name, process in watched.items():
                    samples[name].append((done, _resident(process)))
                time.sleep(_PAUSE_SECONDS)
        took = time.monotonic() - began
        outcomes, lost = stand.audit(report, _JOBS)
        growths = {name: round(growth(seen) / 1e6, 1) for name, seen in samples.items()}
        return {
            "jobs": _JOBS,
            "jobs_per_s": round(_JOBS / took, 1),
            "jobs_rejected": sum(outcome.status.value == "rejected" for outcome in outcomes),
            "gateway_asked": asked(),
            "rss_mb": {name: round(seen[-1][1] / 1e6, 1) for name, seen in samples.items()},
            "rss_growth_mb_by_process": growths,
            "rss_growth_mb": max(growths.values()),
            "lost": lost,
        }


def growth(seen: list[tuple[int, int]]) -> int:
    """Tell how much more memory there was at most after the first thousand jobs than until then.

    Parameters
    ----------
    seen : list of (int, int)
        How many jobs were done, and bytes.
    """
    settled = max(resident for done, resident in seen if done <= _SETTLED)
    return max(resident for done, resident in seen if done > _SETTLED) - settled


def _resident(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.NoSuchProcess:  # it ended since it was asked
        return 0


def _lines(report: Path) -> int:
    """Count the jobs that the command has told of so far."""
    return max(0, report.read_bytes().count(b"\n") - 1) if report.exists() else 0


@contextmanager
def _asking(stand: EnrollStand, report: Path) -> Generator[Any]:
    """Have a program ask the gateway all the time; gives what counts the answers."""
    token = ApiToken.issue()
    TokenStore(stand.aws).add(
        IssuedToken(
            token_id=token.token_id,
            name="bench",
            scopes=tuple(Scope),
            token_sha256=token.sha256,
            created_at=datetime.now(UTC),
        )
    )
    ended, answers = threading.Event(), count()

    def ask() -> None:
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {token}"
            url = stand.machine.settings.gateway_url
            while not ended.wait(_ASKING_SECONDS):
                told = _last_told(report)
                for path in ("people?limit=100", f"enrollments/{told}"):
                    session.get(f"{url}/v1/{path}", timeout=10).json()
                    next(answers)

    program = threading.Thread(target=ask)
    program.start()
    try:
        yield lambda: next(answers)
    finally:
        ended.set()
        program.join()


def _last_told(report: Path) -> str:
    """Tell the enrollment of the last whole line of the report; an id that nobody has at first."""
    if not report.exists():
        return "00000000-0000-5000-8000-000000000000"
    with report.open("rb") as file:
        file.seek(max(0, report.stat().st_size - 2000))
        lines = file.read().decode(errors="replace").splitlines()
    return lines[-2].rpartition(",")[2] if len(lines) > 2 else "00000000-0000-5000-8000-000000000000"
