"""A Facegate that enrols batches, and what is watched of it meanwhile."""

import csv
import os
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.machines import family, running_machine
from localaws.machine import Machine
from services.aws.connection import Aws, AwsSettings
from services.aws.outcomes import MOST_IDS, Outcomes
from services.contracts.domain import Enrollment

#: Longer than any batch of these benchmarks may take, seconds.
_PATIENCE = 900


@dataclass(frozen=True)
class Batch:
    """What became of one run of ``facegate enroll``.

    Attributes
    ----------
    began, ended : float
        Seconds since the epoch: when the command was given, and when the last photo had its outcome.
    cpu_seconds : mapping of str to float
        Spent meanwhile, by kind of process.
    outcomes : sequence of Enrollment
        One a photo, as the table has them.
    lost : int
        Photos without exactly one final outcome: one line in the report, and the same in the table.
    """

    began: float
    ended: float
    cpu_seconds: Mapping[str, float]
    outcomes: Sequence[Enrollment]
    lost: int

    @property
    def seconds(self) -> float:
        """From the command to the last outcome."""
        return self.ended - self.began

    def count(self, status: str) -> int:
        """Count the photos that ended so."""
        return sum(outcome.status.value == status for outcome in self.outcomes)


class EnrollStand:
    """A running Facegate."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.aws = Aws.connect(AwsSettings())

    def enroll(self, folder: Path, photos: int) -> Batch:
        """Enrol a folder with the command line, and see that nothing of it was lost."""
        before = self.cpu_seconds()
        began = time.time()
        command, report = self.start_enrolling(folder)
        _, status, used = os.wait4(command.pid, 0)
        command.returncode = os.waitstatus_to_exitcode(status)
        # 2: not every photo became a face
        if command.returncode not in (0, 2):
            raise ChildProcessError(f"facegate enroll ended with {command.returncode}")
        spent = {name: seconds - before[name] for name, seconds in self.cpu_seconds().items()}
        outcomes, lost = self.audit(report, photos)
        ended = max(outcome.finished_at for outcome in outcomes if outcome.finished_at)
        return Batch(began, ended.timestamp(), spent | {"cli": used.ru_utime + used.ru_stime}, outcomes, lost)

    def start_enrolling(self, folder: Path) -> tuple["subprocess.Popen[bytes]", Path]:
        """Start ``facegate enroll``; return it and the report that it writes."""
        report = folder.with_suffix(".report.csv")
        log = folder.with_suffix(".log")
        with log.open("wb") as said:
            command = subprocess.Popen(
                [
                    *(sys.executable, "-c", "from cli.main import main; main()", "enroll", str(folder)),
                    *("--aws", "--report", str(report), "--timeout", str(_PATIENCE)),
                ],
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        return command, report

    def audit(self, report: Path, photos: int) -> tuple[list[Enrollment], int]:
        """Compare the report of a batch with the table; return the table's outcomes and how many are lost."""
        with report.open(newline="", encoding="utf-8") as lines:
            told = {line["enrollment id"]: line["status"] for line in csv.DictReader(lines)}
        ids = [enrollment_id for enrollment_id in told if enrollment_id]
        found: dict[str, Enrollment] = {}
        for start in range(0, len(ids), MOST_IDS):
            found |= Outcomes(self.aws).of(ids[start : start + MOST_IDS])
        settled = [
            enrollment
            for enrollment in found.values()
            if enrollment.finished and enrollment.status.value == told[enrollment.enrollment_id]
        ]
        return settled, photos - len(settled)

    def process(self, name: str) -> psutil.Process:
        """Find the largest process of a program: of the gateway, its worker."""
        return max(family(self.machine, name), key=lambda member: member.memory_info().rss)

    def cpu_seconds(self) -> dict[str, float]:
        """Sum up the CPU time so far, by kind of process; the Lambda runs in the embedded AWS's children."""
        aws, *lambdas = family(self.machine, "aws")
        gone = aws.cpu_times()
        return {
            "worker": _spent(family(self.machine, "enroll")),
            "rekognition": _spent(family(self.machine, "rekognition")),
            "aws": _spent([aws]),
            "lambda": _spent(lambdas) + gone.children_user + gone.children_system,
        }


@contextmanager
def put_up(environment: Mapping[str, str] | None = None) -> Generator[EnrollStand]:
    """Start a Facegate, and stop it at the end."""
    with running_machine(environment or {}) as machine:
        yield EnrollStand(machine)


def _spent(processes: Sequence[psutil.Process]) -> float:
    times = [process.cpu_times() for process in processes]
    return sum(spent.user + spent.system for spent in times)
