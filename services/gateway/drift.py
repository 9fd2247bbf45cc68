"""Checks for drift in the background: one at a time, its progress and its result kept for everybody."""

import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Thread
from typing import Protocol

import structlog

from services.aws.errors import AwsError
from services.contracts.census import Census
from services.contracts.drift_checks import CheckStatus, Difference, DriftCheck
from services.drift.finding import Drift, standing_drift
from services.gateway.problems import DRIFT_CHECK_RUNNING, NO_DRIFT_CHECK, Problem
from services.gateway.uuid7 import uuid7

_log = structlog.stdlib.get_logger(__name__)

#: A census is held in memory, some 1.3 kB a record: larger sites check from the command line.
MOST_READ = 100_000
MOST_KEPT = 200
_TELL_EVERY_SECONDS = 2.0


class DriftCheckRecords(Protocol):
    """Where the last check is kept."""

    def latest(self) -> DriftCheck | None:
        """Read it."""
        ...

    def replace(self, before: DriftCheck | None, check: DriftCheck) -> bool:
        """Write it unless another one stands there by now."""
        ...


class TakeCensus(Protocol):
    """Reads collection and tables."""

    def __call__(self, progress: Callable[[int], None]) -> Census:
        """Read all, telling how many have been read."""
        ...


class _Stopped(Exception):
    """The check is not to go on; says why, or nothing where another has taken its place."""


class DriftChecks:
    """Starts checks and tells of the last one.

    Parameters
    ----------
    most_read : int
        A census of more than so many faces, people and so on is not taken.
    start : callable
        Has a function done in the background.
    """

    def __init__(
        self,
        records: DriftCheckRecords,
        take_census: TakeCensus,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        most_read: int = MOST_READ,
        start: Callable[[Callable[[], None]], None] = lambda run: Thread(
            target=run, name="drift-check", daemon=True
        ).start(),
    ) -> None:
        self._records = records
        self._take_census = take_census
        self._now = now
        self._most_read = most_read
        self._start = start

    def begin(self, requested_by: str) -> DriftCheck:
        """Start a check.

        Raises
        ------
        Problem
            If one is running.
        AwsError
            If the table cannot be asked or written.
        """
        now = self._now()
        before = self._records.latest()
        check = DriftCheck(check_id=str(uuid7()), requested_by=requested_by, started_at=now, told_at=now)
        runs = before is not None and before.seen_at(now).status is CheckStatus.RUNNING
        if runs or not self._records.replace(before, check):
            raise Problem(DRIFT_CHECK_RUNNING, "A check is running. Ask for its result instead.")
        self._start(lambda: self._run(check))
        return check

    def latest(self) -> DriftCheck:
        """Tell of the last check.

        Raises
        ------
        Problem
            If there was none.
        AwsError
            If the table cannot be asked.
        """
        check = self.known()
        if check is None:
            raise Problem(NO_DRIFT_CHECK, "Nobody has looked yet. Start a check with POST /v1/drift-checks.")
        return check

    def known(self) -> DriftCheck | None:
        """Tell of the last check, if there was one.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        check = self._records.latest()
        return check and check.seen_at(self._now())

    def _run(self, check: DriftCheck) -> None:
        telling = _Telling(self._records, check, self._now, self._most_read)
        try:
            found = standing_drift(lambda: self._take_census(telling.progress))
            telling.end(CheckStatus.DONE, found=found)
        except _Stopped as stopped:
            _log.info("drift_check_stopped", reason=str(stopped))
        except (AwsError, _TooMuch) as error:
            _log.warning("drift_check_failed", error=str(error))
            _tell_end(telling, str(error))
        except Exception:  # noqa: BLE001  # whatever it is, whoever waits for the result is told
            _log.exception("drift_check_failed")
            _tell_end(telling, "Something unexpected went wrong; the gateway's log tells what.")


class _TooMuch(Exception):
    """There is more than a gateway holds in memory."""


class _Telling:
    """Writes down how far a check is."""

    def __init__(
        self, records: DriftCheckRecords, check: DriftCheck, now: Callable[[], datetime], most_read: int
    ) -> None:
        self._records = records
        self._check = check
        self._now = now
        self._most_read = most_read
        self._told = time.monotonic()
        self._read = 0

    def progress(self, read: int) -> None:
        # where anything differs all is read once more
        self._read = max(read, self._read)
        if read > self._most_read:
            raise _TooMuch(
                f"There are more than {self._most_read} faces, people and photos: a gateway does not hold as "
                "many in memory. Check from the command line: facegate check."
            )
        if time.monotonic() - self._told >= _TELL_EVERY_SECONDS:
            self._told = time.monotonic()
            self._write({"read": self._read})

    def end(
        self, status: CheckStatus, *, found: list[Drift] | None = None, problem: str | None = None
    ) -> None:
        drifts = found or []
        self._write(
            {
                "status": status,
                "read": self._read,
                "finished_at": self._now(),
                "counts": dict(Counter(drift.kind.value for drift in drifts)),
                "differences": tuple(map(_difference, drifts[:MOST_KEPT])),
                "problem": problem,
            }
        )

    def _write(self, changes: dict[str, object]) -> None:
        self._check = self._check.model_copy(update=changes | {"told_at": self._now()})
        if not self._records.replace(self._check, self._check):
            raise _Stopped("another check has begun since")


def _tell_end(telling: _Telling, problem: str) -> None:
    try:
        telling.end(CheckStatus.FAILED, problem=problem)
    except (AwsError, _Stopped) as error:
        # it counts as abandoned soon
        _log.warning("drift_check_not_ended", error=str(error))


def _difference(drift: Drift) -> Difference:
    return Difference(
        kind=drift.kind.value, subject=drift.subject, person_id=drift.person_id, sentence=drift.sentence
    )
