"""A batch whose enroll worker is killed again and again, and whose S3 events all come twice."""

import csv
import os
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path

import psutil
import pytest
from PIL import Image, ImageEnhance, ImageOps

from cli.portraits import cat, eileen_collins, grace_hopper
from services.aws.census import take_census
from services.drift.finding import find_drift
from tests.conftest import FACEGATE, environment_of, has_ended, running_facegate, until

PHOTOS, KILLS = 300, 5
#: Shorter than the template's, for the sake of the test: what a killed worker held comes back after it.
VISIBILITY_SECONDS = 5

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    home = tmp_path_factory.mktemp("nothing-lost")
    with running_facegate(home, "idle-kiosk", "logs-nothing-lost", FACEGATE_RECOGNIZE_WORKERS="0") as running:
        running.aws.sqs.set_queue_attributes(
            QueueUrl=running.aws.outputs.enroll_queue_url,
            Attributes={"VisibilityTimeout": str(VISIBILITY_SECONDS)},
        )
        deliver_every_event_twice(running.aws)
        yield running


def deliver_every_event_twice(aws):
    """Have S3 tell the Lambda of every object twice, as it may."""
    bucket = {"Bucket": aws.outputs.photo_bucket_name}
    told = aws.s3.get_bucket_notification_configuration(**bucket)["LambdaFunctionConfigurations"]
    twice = [
        one | {"Id": f"{number} {time}"} for number, one in enumerate(told) for time in ("once", "again")
    ]
    aws.s3.put_bucket_notification_configuration(
        **bucket, NotificationConfiguration={"LambdaFunctionConfigurations": twice}
    )


@contextmanager
def enroll_workers(house):
    """Have one enroll worker run; what is given kills it and starts another."""
    running = [psutil.Process(house.machine.supervisor.pids()["enroll"])]

    def kill_and_start_another():
        running[-1].kill()
        until(lambda: has_ended(running[-1]))
        with (house.settings.logs / f"enroll-{len(running)}.log").open("wb") as log:
            command = [sys.executable, "-m", "services.enroll"]
            running.append(psutil.Popen(command, stdout=log, stderr=subprocess.STDOUT))

    try:
        yield kill_and_start_another
    finally:
        running[-1].kill()
        running[-1].wait()


def portraits():
    """People's names, pictures of them, and what to cut out of those."""
    if "FACEGATE_FACES" in os.environ:
        files = sorted(Path(os.environ["FACEGATE_FACES"]).glob("*/*.jpg"))
        return [(file.parent.name, file, None) for file in files]
    return [
        ("Grace_Hopper", grace_hopper(), None),
        ("Eileen_Collins", eileen_collins(), (90, 0, 360, 270)),
        ("Chelsea", cat(), None),
    ]


def fill(folder):
    """Make as many pictures, each another one: lighter, cut, mirrored; small, since they are many."""
    for number, (name, file, box) in enumerate(islice(cycle(portraits()), PHOTOS)):
        with Image.open(file) as opened:
            picture = opened.convert("RGB").crop(box or (0, 0, *opened.size))
        picture.thumbnail((250, 250))
        picture = ImageOps.crop(picture, number // 10 % 10)
        picture = ImageEnhance.Brightness(picture).enhance(0.95 + number / PHOTOS / 5)
        if number % 2:
            picture = ImageOps.mirror(picture)
        (folder / name).mkdir(exist_ok=True)
        picture.save(folder / name / f"{number}.jpg", quality=90)


def items(aws, table):
    pages = aws.dynamodb.get_paginator("scan").paginate(TableName=getattr(aws.outputs, f"{table}_table_name"))
    return [item for page in pages for item in page["Items"]]


def said(house):
    """What all enroll workers have logged."""
    return "".join(log.read_text(errors="replace") for log in house.settings.logs.glob("enroll*.log"))


def finished(house):
    log = said(house)
    return sum(log.count(f'"event": "{event}"') for event in ("enrolled", "photo_held", "photo_rejected"))


def waiting(aws, url):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    counted = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(map(int, counted.values()))


def test_every_photo_has_one_outcome_whoever_is_killed_and_whatever_comes_twice(house, tmp_path):
    aws, folder, report = house.aws, tmp_path / "people", tmp_path / "report.csv"
    folder.mkdir()
    fill(folder)
    command = [FACEGATE, "enroll", str(folder), "--report", str(report)]
    with (
        enroll_workers(house) as kill_and_start_another,
        subprocess.Popen(command, env=environment_of(house.settings), stdout=subprocess.DEVNULL) as batch,
    ):
        for number in range(1, KILLS + 1):
            until(lambda so_far=number * PHOTOS // (KILLS + 1): finished(house) >= so_far, 120)
            kill_and_start_another()
        assert batch.wait(240) in {0, 2}
        until(lambda: waiting(aws, aws.outputs.enroll_queue_url) == 0, 60)
    assert waiting(aws, aws.outputs.enroll_dead_letter_queue_url) == 0

    # whatever it finds it mends, so that what is lost is lost to the outcomes below
    checked = house.command("check", "--mend")
    assert checked.returncode == 0, checked.stdout
    enrollments = items(aws, "enrollments")
    with report.open(encoding="utf-8", newline="") as lines:
        reported = {line["enrollment id"]: line["status"] for line in csv.DictReader(lines)}
    assert len(reported) == len(enrollments) == PHOTOS
    assert {item["enrollment_id"]["S"]: item["status"]["S"] for item in enrollments} == reported
    outcomes = Counter(reported.values())
    assert outcomes.keys() <= {"indexed", "rejected", "held"}
    assert outcomes["indexed"] > PHOTOS / 2

    census = take_census(aws)
    assert list(find_drift(census)) == []
    indexed = [item for item in enrollments if item["status"]["S"] == "indexed"]
    assert sorted(item["face_id"]["S"] for item in indexed) == sorted(census.faces)
    assert census.collected.keys() == census.faces.keys() | census.held
    names = [person.full_name for person in census.people.values()]
    assert sorted(names) == sorted({item["full_name"]["S"] for item in indexed})
    assert census.users == census.people.keys()

    # all of it did happen: jobs that a killed worker held, events that came twice
    log = said(house)
    assert '"delivery": 2' in log
    assert "enrolled_before" in log
