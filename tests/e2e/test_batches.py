"""Batches as operators enrol them: the command line beside all real processes, on a machine of their own."""

import csv
import io
import os
import signal
import subprocess
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from PIL import Image, ImageEnhance, ImageOps

from cli.kiosk import register_kiosk
from cli.opening import open_to_everyone
from cli.portraits import cat, eileen_collins, grace_hopper
from localaws.machine import MachineSettings
from services.aws.batches import BatchStore
from services.aws.connection import Aws, AwsSettings
from services.aws.outcomes import Outcomes
from services.aws.people import PeopleStore
from services.aws.uploads import Uploads
from services.batches.source import open_source
from services.contracts.domain import EnrollmentStatus
from services.contracts.ids import person_id_of
from services.contracts.reasons import RejectionReason
from services.contracts.tokens import KioskToken
from tests.conftest import FACEGATE, environment_of, machine_settings, until
from tests.e2e.traces import where

#: Grace Hopper's and Eileen Collins's names everywhere here: under another name their faces would be held.
PORTRAITS = {"Grace_Hopper": grace_hopper, "Eileen_Collins": eileen_collins}


#: A batch takes its time where others compute.
pytestmark = pytest.mark.timeout(600)


@dataclass(frozen=True)
class OwnMachine:
    settings: MachineSettings
    aws: Aws
    folder: Path

    @property
    def environment(self):
        return environment_of(self.settings)

    def enroll(self, place):
        """Run the command; its result, and the lines of its report by file."""
        report = self.folder / "report.csv"
        result = self.command("enroll", str(place), "--report", str(report))
        assert result.returncode in {0, 2}, result.stderr
        lines = csv.DictReader(report.read_text(encoding="utf-8").splitlines())
        return result, {line["file"]: line for line in lines}

    def state(self):
        """Everything that enrolling changes, in collection, tables and bucket."""
        outputs = self.aws.outputs
        faces = self._pages(self.aws.rekognition, "list_faces", "Faces", CollectionId=outputs.collection_id)
        versions = self._pages(
            self.aws.s3, "list_object_versions", "Versions", Bucket=outputs.photo_bucket_name
        )
        tables = (outputs.people_table_name, outputs.faces_table_name, outputs.enrollments_table_name)
        return (
            {face["FaceId"] for face in faces},
            {(version["Key"], version["VersionId"]) for version in versions},
            *[
                sorted(map(repr, self._pages(self.aws.dynamodb, "scan", "Items", TableName=t)))
                for t in tables
            ],
        )

    def people(self):
        items = self._pages(self.aws.dynamodb, "scan", "Items", TableName=self.aws.outputs.people_table_name)
        return {item["full_name"]["S"] for item in items if "full_name" in item}

    def command(self, *arguments):
        return subprocess.run(
            [FACEGATE, *arguments],
            check=False, env=self.environment, capture_output=True, text=True, timeout=240,
        )  # fmt: skip

    @staticmethod
    def _pages(client, operation, field, **parameters):
        pages = client.get_paginator(operation).paginate(**parameters)
        return [item for page in pages for item in page.get(field, [])]


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    folder = tmp_path_factory.mktemp("batches")
    settings = machine_settings(folder / "home")
    own = OwnMachine(settings, None, folder)
    with (folder / "said.txt").open("wb") as said:
        up = subprocess.Popen([FACEGATE, "up"], env=own.environment, stdout=said, stderr=subprocess.STDOUT)
    try:
        until(lambda: "Facegate runs" in (folder / "said.txt").read_text() or up.poll() is not None, 90)
        assert up.poll() is None, (folder / "said.txt").read_text()
        with pytest.MonkeyPatch.context() as environment:
            for name, value in settings.environment().items():
                environment.setenv(name, value)
            aws = Aws.connect(AwsSettings())
            # clients are made when first used, and led by the environment of then
            assert aws.s3
            assert aws.dynamodb
            assert aws.rekognition
        yield OwnMachine(settings, aws, folder)
    finally:
        up.send_signal(signal.SIGINT)
        up.wait(30)


def variation(portrait, number):
    """Another picture of the same person."""
    with Image.open(portrait) as opened:
        picture = ImageEnhance.Brightness(opened.convert("RGB")).enhance(0.9 + 0.1 * number)
    encoded = io.BytesIO()
    picture.save(encoded, "JPEG", quality=88 + number)
    return encoded.getvalue()


def test_a_folder_enrols_its_people_and_a_second_run_changes_nothing(machine, tmp_path):
    for name, portrait in PORTRAITS.items():
        (tmp_path / name).mkdir()
        for number in range(2):
            (tmp_path / name / f"{number}.jpg").write_bytes(variation(portrait(), number))
    (tmp_path / "Chelsea").mkdir()
    (tmp_path / "Chelsea/1.png").write_bytes(cat().read_bytes())
    (tmp_path / "Grace_Hopper/diary.jpg").write_text("dear diary")
    (tmp_path / "IMG_2041.jpg").write_bytes(variation(grace_hopper(), 2))

    result, lines = machine.enroll(tmp_path)
    assert result.returncode == 2
    assert Counter(line["status"] for line in lines.values()) == {"indexed": 4, "rejected": 1, "refused": 2}
    assert lines["Chelsea/1.png"]["reason"] == "no_face"
    assert "not the picture that its name says" in lines["Grace_Hopper/diary.jpg"]["detail"]
    assert "a camera's name" in lines["IMG_2041.jpg"]["detail"]
    for file in ("Chelsea/1.png", "Grace_Hopper/diary.jpg", "IMG_2041.jpg"):
        assert file in result.stdout
    assert "4 indexed, 2 refused, 1 rejected (7 in all)" in result.stdout
    assert {"Grace Hopper", "Eileen Collins"} <= machine.people()

    before = machine.state()
    again, lines_again = machine.enroll(tmp_path)
    assert again.returncode == 2
    assert lines_again == lines
    assert machine.state() == before


def test_an_archive_of_photos_with_a_manifest_carries_names_of_any_script(machine, tmp_path):
    path = tmp_path / "people.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.jpg", variation(cat(), 1))
        archive.writestr("manifest.csv", "file;full name;groups\na.jpg;夏目 漱石;staff\nb.jpg;Eve\n")
        archive.writestr("../escaped.jpg", b"x")
    _, lines = machine.enroll(path)
    assert (lines["a.jpg"]["reason"], lines["a.jpg"]["full name"]) == ("no_face", "夏目 漱石")
    assert "no such file" in lines["manifest.csv, line 3"]["detail"]
    items = machine.aws.dynamodb.scan(TableName=machine.aws.outputs.batches_table_name)["Items"]
    [batch_id] = [item["batch_id"]["S"] for item in items if item["name"]["S"] == str(path)]
    batch = BatchStore(machine.aws).get(batch_id)
    assert batch.photos == 2
    enrollment = machine.aws.dynamodb.get_item(
        TableName=machine.aws.outputs.enrollments_table_name,
        Key={"enrollment_id": {"S": lines["a.jpg"]["enrollment id"]}},
    )["Item"]
    assert (enrollment["batch_id"]["S"], enrollment["file"]["S"]) == (batch_id, "a.jpg")


def test_a_prefix_that_somebody_else_filled_is_enrolled_once(machine):
    bucket = machine.aws.outputs.photo_bucket_name
    for key, data, metadata in (
        ("drop/1.jpg", variation(grace_hopper(), 3), {"FullName": "Grace Hopper"}),
        ("drop/2.jpg", variation(eileen_collins(), 3), {}),
    ):
        machine.aws.s3.put_object(Bucket=bucket, Key=key, Body=data, Metadata=metadata)
    _, lines = machine.enroll(f"s3://{bucket}/drop")
    assert (lines["1.jpg"]["status"], lines["1.jpg"]["full name"]) == ("indexed", "Grace Hopper")
    assert "no FullName metadata" in lines["2.jpg"]["detail"]
    before = machine.state()
    assert machine.enroll(f"s3://{bucket}/drop")[1] == lines
    assert machine.state() == before


def test_removing_a_person_in_the_middle_of_a_running_batch_is_safe(machine, tmp_path):
    aws, name = machine.aws, "Eileen Collins"
    person_id = person_id_of(name)
    (tmp_path / "Eileen_Collins").mkdir()
    for number in range(8):
        with Image.open(eileen_collins()) as opened:
            cut = ImageOps.crop(opened.convert("RGB"), 4 * number)
        cut.save(tmp_path / f"Eileen_Collins/{number}.jpg", quality=90)
    with open_source(tmp_path) as source:
        items = list(source)
    batch = Uploads(aws, "running")

    def outcomes(sent):
        found = Outcomes(aws).of([photo.enrollment_id for photo in sent])
        return [one for photo in sent if (one := found.get(photo.enrollment_id)) and photo.is_outcome(one)]

    sent = list(batch.send(items[:4]))
    until(lambda: outcomes(sent))
    # the other three are on their way, the next four not sent yet
    removed = machine.command("people", "delete", name, "--yes")
    assert removed.returncode == 0, removed.stderr
    late = list(batch.send(items[4:]))
    until(lambda: len(outcomes([*sent, *late])) == len(items))
    assert {one.rejection for one in outcomes(late)} == {RejectionReason.PERSON_DELETED}
    until(lambda: where(aws, name, "Eileen_Collins", person_id) == set())
    assert machine.command("check").returncode == 0

    anew = list(Uploads(aws, "begun afterwards").send(items))
    until(lambda: len(outcomes(anew)) == len(items))
    assert {one.status for one in outcomes(anew)} == {EnrollmentStatus.INDEXED}
    assert PeopleStore(aws).get(person_id).photos == len(items)


needs_faces = pytest.mark.skipif(
    "FACEGATE_FACES" not in os.environ, reason="FACEGATE_FACES names no folder of real photos"
)


@needs_faces
def test_the_folder_of_real_photos_enrols_as_its_people_and_a_second_run_changes_nothing(machine):
    faces = Path(os.environ["FACEGATE_FACES"]).resolve()
    names = {folder.name.replace("_", " ") for folder in faces.iterdir() if folder.is_dir()}
    before = machine.people()
    result, lines = machine.enroll(faces)
    assert len(lines) == len(list(faces.glob("*/*.jpg")))
    assert machine.people() - before == names
    assert not [line for line in lines.values() if line["status"] in {"refused", "failed", "received"}]
    assert all(line["reason"] for line in lines.values() if line["status"] == "rejected"), result.stdout
    state = machine.state()
    assert machine.enroll(faces)[1] == lines
    assert machine.state() == state


@needs_faces
def test_a_person_of_the_folder_who_is_deleted_leaves_no_trace_and_the_others_all_of_theirs(machine):
    faces, aws = Path(os.environ["FACEGATE_FACES"]).resolve(), machine.aws
    machine.enroll(faces)
    folder = min(folder for folder in faces.iterdir() if folder.is_dir())
    name = folder.name.replace("_", " ")
    person_id, others = person_id_of(name), machine.people() - {name}
    token = KioskToken.create("folder-kiosk")
    open_to_everyone(aws, "front-door")
    register_kiosk(aws, token, "front-door")
    decisions = [recognized(machine, token, photo) for photo in sorted(folder.glob("*.jpg"))]
    assert name in {decision["person"]["full_name"] for decision in decisions if decision["person"]}
    own = PeopleStore(aws).get(person_id).photos
    faces_before = len(machine.state()[0])
    everywhere = {"people", "faces", "enrollments", "decisions", "audit", "bucket", "users"}
    everywhere.add("faces of the collection")
    assert where(aws, name, folder.name, person_id) == everywhere

    removed = machine.command("people", "delete", name, "--yes")
    assert (removed.returncode, f"removed {name}: {own} faces" in removed.stdout) == (0, True), removed
    assert where(aws, name, folder.name, person_id) == set()
    assert machine.people() == others
    assert len(machine.state()[0]) == faces_before - own
    assert not [photo for photo in folder.glob("*.jpg") if recognized(machine, token, photo)["person"]]
    assert machine.command("check").returncode == 0


def recognized(machine, token, photo):
    answer = requests.post(
        f"{machine.settings.gateway_url}/v1/recognitions",
        data=photo.read_bytes(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "image/jpeg", "Prefer": "wait=8"},
        timeout=30,
    )
    return answer.json()
