"""A person's end: drift is found and mended, and deleting leaves nothing in collection, tables or bucket."""

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from uuid import uuid4

import pytest
import requests
from PIL import Image
from typer.testing import CliRunner

from cli import check, people
from cli.demo import as_frame
from cli.main import app
from cli.portraits import eileen_collins, grace_hopper
from services.aws.connection import Aws
from services.aws.decisions import DecisionStore
from services.aws.deletions import DeletionStore
from services.aws.enrollments import EnrollmentStore
from services.aws.people import PeopleStore
from services.contracts.domain import EnrollmentStatus
from services.contracts.ids import person_id_of
from services.contracts.reasons import Outcome
from services.drift.finding import DriftKind
from tests.conftest import enrolled, until
from tests.e2e.traces import where

NAME = "Eileen Soon-Gone"
LOST = "No worker finished it, however often it was tried. Send the photo again."


@pytest.fixture
def command(facegate, monkeypatch):
    """The command line, against the running Facegate."""
    for module in (check, people):
        monkeypatch.setattr(module, "connect", lambda on_aws: facegate.aws)

    def run(*arguments):
        return CliRunner().invoke(app, arguments, env={"COLUMNS": "300"})

    return run


def portraits():
    """Two pictures of one person; a picture that was indexed already makes no second face."""
    with Image.open(eileen_collins()) as opened:
        upright = opened.convert("RGB")
    for picture in (upright, upright.transpose(Image.Transpose.FLIP_LEFT_RIGHT)):
        file = BytesIO()
        picture.save(file, "JPEG", quality=92)
        yield file.getvalue()


def decide(facegate):
    answer = requests.post(
        f"{facegate.gateway_url}/v1/recognitions",
        data=as_frame(eileen_collins()),
        headers={
            "Authorization": f"Bearer {facegate.token}",
            "Content-Type": "image/jpeg",
            "Prefer": "wait=8",
        },
        timeout=30,
    )
    return answer.json()


def disturb(aws, person_id, first, second):
    """What killed workers, lost jobs and other programs could leave behind."""
    collection = {"CollectionId": aws.outputs.collection_id}
    aws.rekognition.index_faces(
        **collection, Image={"Bytes": as_frame(eileen_collins())}, ExternalImageId="ghost", MaxFaces=1
    )
    aws.rekognition.create_user(**collection, UserId="ghost")
    aws.rekognition.disassociate_faces(
        **collection, UserId=person_id, FaceIds=[first.face_id, second.face_id]
    )
    aws.rekognition.delete_faces(**collection, FaceIds=[second.face_id])
    aws.dynamodb.update_item(
        TableName=aws.outputs.people_table_name,
        Key={"person_id": {"S": person_id}},
        UpdateExpression="SET photos = :seven",
        ExpressionAttributeValues={":seven": {"N": "7"}},
    )
    lost = {"enrollment_id": str(uuid4()), "status": EnrollmentStatus.RECEIVED, "face_id": None}
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    received = first.model_copy(update=lost | {"attempts": 5, "begun_at": long_ago, "finished_at": None})
    EnrollmentStore(aws).save(received)
    return received


@contextmanager
def lost_jobs(aws):
    """What is queued is queued where nobody looks."""
    url = aws.sqs.create_queue(QueueName=f"lost-{uuid4().hex}")["QueueUrl"]
    yield Aws(aws.session, aws.settings, aws.outputs.model_copy(update={"enroll_queue_url": url}))
    aws.sqs.delete_queue(QueueUrl=url)


def test_drift_is_mended_and_a_deleted_person_leaves_no_trace(facegate, command):
    aws, person_id = facegate.aws, person_id_of(NAME)
    first, second = (enrolled(facegate, photo, f"{NAME}/{uuid4().hex}.jpg", NAME) for photo in portraits())
    assert {first.status, second.status} == {EnrollmentStatus.INDEXED}
    decision = decide(facegate)
    assert decision["person"]["full_name"] == NAME

    # whatever other tests have left
    command("check", "--mend")
    assert command("check").exit_code == 0
    stuck = disturb(aws, person_id, first, second)
    found = command("check")
    assert found.exit_code == 1
    kinds = set(DriftKind) - {DriftKind.DELETION_STUCK, DriftKind.UPLOAD_LOST}
    assert [kind for kind in kinds if f"{kind.value} " not in found.stdout] == []
    assert command("check", "--mend").exit_code == 0
    agreed = command("check")
    assert (agreed.exit_code, agreed.stdout.strip()) == (0, "Collection and tables agree.")
    assert PeopleStore(aws).get(person_id).photos == 1
    failed = EnrollmentStore(aws).get(stuck.enrollment_id)
    assert (failed.status, failed.detail) == (EnrollmentStatus.FAILED, LOST)
    assert decide(facegate)["person"]["full_name"] == NAME

    assert {"people", "faces", "enrollments", "decisions", "audit", "bucket", "users"} <= where(
        aws, person_id
    )
    removed = command("people", "delete", NAME, "--yes")
    assert removed.exit_code == 0, removed.output
    assert "1 faces" in removed.stdout
    assert where(aws, NAME, person_id, first.face_id) == set()
    after = decide(facegate)
    assert (after["outcome"], after["reason"]) == ("denied", "no_match")
    standing = DecisionStore(aws).get(decision["recognition_id"])
    assert (standing.outcome, standing.full_name) == (Outcome.GRANTED, None)
    assert command("check").exit_code == 0


def test_a_deletion_whose_job_was_lost_is_found_and_done_when_it_is_mended(facegate, command):
    aws, person_id = facegate.aws, person_id_of(NAME)
    photo = enrolled(facegate, next(portraits()), f"{NAME}/{uuid4().hex}.jpg", NAME)
    with lost_jobs(aws) as losing:
        long_ago = datetime.now(UTC) - timedelta(hours=1)
        lost = DeletionStore(losing).request(person_id, "operator", long_ago)
    found = command("check")
    assert (found.exit_code, lost.deletion_id in found.stdout) == (1, True)
    assert f"deletion stuck Deletion {lost.deletion_id}" in command("check", "--mend").stdout
    until(lambda: where(aws, NAME, person_id, photo.face_id) == set())
    assert command("check").exit_code == 0
    assert DeletionStore(aws).get(lost.deletion_id).faces == 1


def test_a_face_unlike_its_person_is_left_to_the_operator_who_is_told_where_to_look(facegate, command):
    aws, person_id = facegate.aws, person_id_of(NAME)
    enrolled(facegate, next(portraits()), f"{NAME}/{uuid4().hex}.jpg", NAME)
    indexed = aws.rekognition.index_faces(
        CollectionId=aws.outputs.collection_id,
        Image={"Bytes": as_frame(grace_hopper())},
        ExternalImageId=person_id,
        MaxFaces=1,
    )
    face_id = indexed["FaceRecords"][0]["Face"]["FaceId"]
    claim = {
        "RekognitionId": face_id,
        "person_id": person_id,
        "FullName": NAME,
        "enrollment_id": str(uuid4()),
        "indexed_at": datetime.now(UTC).isoformat(),
    }
    aws.dynamodb.put_item(
        TableName=aws.outputs.faces_table_name, Item={name: {"S": text} for name, text in claim.items()}
    )
    mended = command("check", "--mend")
    assert mended.exit_code == 1
    assert f"Face {face_id} is not part of the user of its person {person_id}" in mended.stdout
    assert "Not mended: it does not resemble the person's other photos" in mended.stdout
    assert f"facegate people show {person_id}" in mended.stdout
    assert command("people", "delete", NAME, "--yes").exit_code == 0
    assert command("check").exit_code == 0
    assert where(aws, NAME, person_id, face_id) == set()
