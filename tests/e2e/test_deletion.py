"""A person's end: drift is found and mended, and deleting leaves nothing in collection, tables or bucket."""

import json
from io import BytesIO
from uuid import uuid4

import pytest
import requests
from PIL import Image
from typer.testing import CliRunner

from cli import check, people
from cli.demo import as_frame
from cli.main import app
from cli.portraits import eileen_collins
from services.aws.decisions import DecisionStore
from services.aws.people import PeopleStore
from services.contracts.domain import EnrollmentStatus
from services.contracts.ids import person_id_of
from services.contracts.reasons import Outcome
from tests.conftest import enrolled

NAME = "Eileen Soon-Gone"


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


def places(aws):
    """All that is kept, as text; receipts and marks have the id and nothing else."""
    outputs, bucket = aws.outputs, aws.outputs.photo_bucket_name
    tables = {
        name: getattr(outputs, f"{name}_table_name")
        for name in ("people", "faces", "enrollments", "decisions")
    }
    kept = {
        name: [
            item
            for page in aws.dynamodb.get_paginator("scan").paginate(TableName=table)
            for item in page["Items"]
            if "deleted_at" not in item
        ]
        for name, table in tables.items()
    }
    versions = list(aws.s3.get_paginator("list_object_versions").paginate(Bucket=bucket))
    kept["bucket"] = [
        entry["Key"]
        for page in versions
        for kind in ("Versions", "DeleteMarkers")
        for entry in page.get(kind, [])
    ]
    collection = {"CollectionId": outputs.collection_id}
    kept["faces of the collection"] = aws.rekognition.list_faces(**collection)["Faces"]
    kept["users"] = aws.rekognition.list_users(**collection)["Users"]
    return {place: json.dumps(things) for place, things in kept.items()}


def where(aws, *words):
    return {place for place, text in places(aws).items() if any(word in text for word in words)}


def disturb(aws, person_id, face_id):
    """What killed workers and other programs could leave behind."""
    collection = {"CollectionId": aws.outputs.collection_id}
    aws.rekognition.index_faces(
        **collection, Image={"Bytes": as_frame(eileen_collins())}, ExternalImageId="ghost", MaxFaces=1
    )
    aws.rekognition.create_user(**collection, UserId="ghost")
    aws.rekognition.disassociate_faces(**collection, UserId=person_id, FaceIds=[face_id])
    aws.rekognition.delete_faces(**collection, FaceIds=[face_id])


def test_drift_is_mended_and_a_deleted_person_leaves_no_trace(facegate, command):
    aws, person_id = facegate.aws, person_id_of(NAME)
    first, second = (enrolled(facegate, photo, f"{NAME}/{uuid4().hex}.jpg", NAME) for photo in portraits())
    assert {first.status, second.status} == {EnrollmentStatus.INDEXED}
    decision = decide(facegate)
    assert decision["person"]["full_name"] == NAME

    # whatever other tests have left
    command("check", "--mend")
    assert command("check").exit_code == 0
    disturb(aws, person_id, second.face_id)
    found = command("check")
    assert found.exit_code == 1
    for kind in ("face of nobody", "user of nobody", "face gone"):
        assert kind in found.stdout
    assert command("check", "--mend").exit_code == 0
    agreed = command("check")
    assert (agreed.exit_code, agreed.stdout.strip()) == (0, "Collection and tables agree.")
    assert PeopleStore(aws).get(person_id).photos == 1

    assert {"people", "faces", "enrollments", "decisions", "bucket", "users"} <= where(aws, person_id)
    removed = command("people", "delete", NAME, "--yes")
    assert removed.exit_code == 0, removed.output
    assert "1 faces" in removed.stdout
    assert where(aws, NAME, person_id, first.face_id) == set()
    after = decide(facegate)
    assert (after["outcome"], after["reason"]) == ("denied", "no_match")
    standing = DecisionStore(aws).get(decision["recognition_id"])
    assert (standing.outcome, standing.full_name) == (Outcome.GRANTED, None)
    assert command("check").exit_code == 0
