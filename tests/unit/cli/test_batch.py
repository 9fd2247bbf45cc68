"""A batch's run against tables and buckets in memory: every file is told of once."""

import csv
from collections import deque
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console
from rich.progress import Progress

from cli import batch as batches
from cli.batch import BatchRun, is_batch
from cli.batch_report import Report, ReportUnwritable, opened_report
from services.aws.uploads import Sent
from services.batches.items import Refusal
from services.batches.report import Line
from services.contracts.domain import Enrollment, EnrollmentStatus
from services.contracts.reasons import RejectionReason

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def enrollment(number, status=EnrollmentStatus.INDEXED, **fields):
    finished = NOW if status is not EnrollmentStatus.RECEIVED else None
    described = {"file": f"{number}.jpg", "finished_at": finished} | fields
    return Enrollment(
        enrollment_id=f"e{number}", status=status, bucket="b", key="k", received_at=NOW, **described
    )


class Worker:
    """Finishes a few of those that are asked for, each time."""

    def __init__(self, pace, never=frozenset()):
        self.pace = pace
        self.never = never
        self.done = {}
        self.asked = []

    def of(self, enrollment_ids):
        asked = list(enrollment_ids)
        self.asked.append(asked)
        assert len(set(asked)) == len(asked) <= 100
        open_ones = deque(name for name in asked if name not in self.done and name not in self.never)
        for _ in range(min(self.pace, len(open_ones))):
            name = open_ones.popleft()
            self.done[name] = enrollment(name[1:])
        return {name: self.done[name] for name in asked if name in self.done}


@pytest.fixture
def quick(monkeypatch):
    """Let no time pass between looks."""
    monkeypatch.setattr(batches, "_SHORTEST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(batches, "_LONGEST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(batches, "_EVERYTHING_SECONDS", 0.0)


class Lines:
    def __init__(self):
        self.rows = []

    def writerow(self, row):
        self.rows.append(row)


def go(worker, sent, patience=30.0):
    lines = Lines()
    report = Report(lines)
    run = BatchRun(worker, report, Progress(disable=True), len(sent), patience)
    run.go(sent)
    return run, report, {row[0]: row[1] for row in lines.rows}, lines.rows


def photos(count):
    return [Sent(f"{number}.jpg", f"e{number}") for number in range(count)]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("pace", [1, 7, 100])
def test_every_photo_is_reported_once_however_fast_the_worker_is(pace):
    run, report, statuses, rows = go(Worker(pace), photos(250))
    assert len(rows) == 250
    assert set(statuses.values()) == {"indexed"}
    assert report.complete
    assert run.done


@pytest.mark.usefixtures("quick")
def test_what_nobody_finishes_in_time_is_reported_as_received():
    run, report, statuses, rows = go(Worker(100, never={"e1"}), photos(3), patience=0.05)
    assert len(rows) == 3
    assert statuses == {"0.jpg": "indexed", "1.jpg": "received", "2.jpg": "indexed"}
    assert not run.done
    assert not report.complete


@pytest.mark.usefixtures("quick")
def test_stuck_photos_do_not_hide_those_behind_them():
    never = {f"e{number}" for number in range(100)}
    _, _, statuses, _ = go(Worker(100, never), photos(150), patience=0.2)
    assert [statuses[f"{number}.jpg"] for number in (0, 99, 100, 149)] == [
        "received", "received", "indexed", "indexed",
    ]  # fmt: skip


def test_what_was_enrolled_before_is_not_asked_for():
    worker = Worker(1)
    known = Sent("0.jpg", "e0", known=enrollment(0, EnrollmentStatus.HELD))
    _, report, statuses, _ = go(worker, [known, Refusal("1.jpg", "it is empty")])
    assert statuses == {"0.jpg": "held", "1.jpg": "refused"}
    assert worker.asked == []
    assert not report.complete


@pytest.mark.usefixtures("quick")
def test_the_outcome_from_before_is_not_the_outcome_of_what_is_sent_anew():
    before = enrollment(0, EnrollmentStatus.FAILED)
    worker = Worker(0)
    worker.done["e0"] = before
    again = Sent("0.jpg", "e0", known=before, anew=True)
    assert go(worker, [again], patience=0.05)[2] == {"0.jpg": "received"}
    worker.done["e0"] = enrollment(0, finished_at=NOW + timedelta(seconds=1))
    assert go(worker, [again])[2] == {"0.jpg": "indexed"}


@pytest.mark.usefixtures("quick")
def test_an_interruption_reports_what_was_sent():
    def interrupted():
        yield from photos(2)
        raise KeyboardInterrupt

    lines = Lines()
    run = BatchRun(Worker(0), Report(lines), Progress(disable=True), 5, 30)
    with pytest.raises(KeyboardInterrupt):
        run.go(interrupted())
    assert [row[1] for row in lines.rows] == ["received", "received"]
    assert not run.done


@pytest.mark.usefixtures("quick")
def test_the_same_picture_twice_is_two_lines_of_one_enrollment():
    _, _, _, rows = go(Worker(1), [Sent("0.jpg", "e0"), Sent("copy.jpg", "e0")])
    assert [(row[0], row[1], row[3]) for row in rows] == [
        ("0.jpg", "indexed", ""),
        ("copy.jpg", "indexed", "It is the same picture as 0.jpg."),
    ]


def test_a_rejected_photo_has_its_reason_and_its_figures():
    rejected = enrollment(
        0,
        EnrollmentStatus.REJECTED,
        rejection=RejectionReason.BLURRED,
        detail="Sharpness 3; 10 is the least.",
    )
    line = Line.of_enrollment("0.jpg", rejected)
    assert line.reason == "blurred"
    assert line.detail == f"{RejectionReason.BLURRED.sentence} Sharpness 3; 10 is the least."


def test_the_table_names_every_file_that_became_no_face(capsys):
    report = Report()
    report.add(Line("a.jpg", "indexed"))
    report.add(Line("b[/].jpg", "refused", detail="it is empty"))
    report.show(Console(soft_wrap=True, width=200))
    said = capsys.readouterr().out
    assert "b[/].jpg" in said
    assert "it is empty" in said
    assert "a.jpg" not in said
    assert "1 indexed, 1 refused (2 in all)" in said


def test_of_very_many_troubles_the_first_are_told_and_the_others_counted(capsys):
    report = Report()
    for number in range(1100):
        report.add(Line(f"{number}.jpg", "refused", detail="it is empty"))
    report.add(Line("late.jpg", "received", detail="Not finished yet."))
    report.show(Console(soft_wrap=True, width=200))
    said = capsys.readouterr().out
    assert "999.jpg" in said
    assert "1000.jpg" not in said
    assert "late.jpg" not in said
    assert "and 100 more" in said
    assert "1 received, 1100 refused (1101 in all)" in said
    assert not report.complete


def test_the_report_file_is_complete_and_no_spreadsheet_takes_a_name_for_a_formula(tmp_path):
    path = tmp_path / "report.csv"
    with opened_report(path) as report:
        report.add(Line("=cmd().jpg", "refused", detail="宮沢, “quoted”"))
    header, row = csv.reader(path.read_text(encoding="utf-8").splitlines())
    assert header[:4] == ["file", "status", "reason", "detail"]
    assert row[:4] == ["'=cmd().jpg", "refused", "", "宮沢, “quoted”"]


def test_a_report_that_cannot_be_written_is_said_before_anything_is_sent(tmp_path):
    with (
        pytest.raises(ReportUnwritable, match="cannot be written"),
        opened_report(tmp_path / "no/report.csv"),
    ):
        pass


@pytest.mark.parametrize(
    ("place", "many"),
    [("s3://b/p", True), ("people.CSV", True), ("x.zip", True), ("photo.jpg", False), (".", True)],
)
def test_what_is_a_batch_and_what_a_photo(place, many):
    assert is_batch(place) is many
