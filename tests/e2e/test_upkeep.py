"""The machinery is kept going: what cannot be done is read with its reason and done once that is mended."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
import requests
from PIL import Image, ImageOps

from cli.portraits import grace_hopper
from services.aws.enrollments import EnrollmentStore
from services.aws.tokens import TokenStore
from services.contracts.domain import EnrollmentStatus, IssuedToken, Scope
from services.contracts.ids import upload_key
from services.contracts.tokens import ApiToken
from tests.conftest import until


@pytest.fixture
def ask(facegate):
    """Ask the gateway as a program that may keep the machinery going."""
    token = ApiToken.issue()
    scopes = (Scope.OPERATIONS_READ, Scope.OPERATIONS_WRITE, Scope.PEOPLE_READ)
    TokenStore(facegate.aws).add(
        IssuedToken(
            token_id=token.token_id,
            name="upkeep",
            scopes=scopes,
            token_sha256=token.sha256,
            created_at=datetime.now(UTC),
        )
    )

    def send(method, path):
        answer = requests.request(
            method,
            f"{facegate.gateway_url}{path}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=20,
        )
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    return send


@pytest.fixture
def call(ask):
    return lambda method, path: ask(method, f"/v1/dead-letters{path}")


def mirrored_portrait(path):
    with Image.open(grace_hopper()) as opened:
        ImageOps.mirror(opened.convert("RGB")).save(path, "JPEG", quality=88)
    return path.read_bytes()


def letter_about(call, queue, name, value):
    told = call("GET", f"/{queue}")["dead_letters"]
    return next((letter for letter in told if letter["facts"].get(name) == value), None)


def test_a_photo_that_broke_its_worker_is_enrolled_once_the_cause_is_mended(
    facegate, grace_is_enrolled, call, tmp_path
):
    enrollment_id = str(uuid4())
    table, key = facegate.aws.outputs.enrollments_table_name, {"enrollment_id": {"S": enrollment_id}}
    facegate.aws.dynamodb.put_item(TableName=table, Item=key | {"status": {"S": "of no known status"}})
    photo = upload_key(enrollment_id, "photo.jpg")
    facegate.aws.s3.put_object(
        Bucket=facegate.aws.outputs.photo_bucket_name,
        Key=photo,
        Body=mirrored_portrait(tmp_path / "mirrored.jpg"),
        Metadata={"FullName": grace_is_enrolled},
    )
    letter = until(lambda: letter_about(call, "enroll", "enrollment_id", enrollment_id))
    assert letter["job"] == "facegate.enroll"
    assert letter["reason"].startswith("ValidationError")
    assert [url.endswith(photo) for url in letter["photos"]] == [True]

    facegate.aws.dynamodb.delete_item(TableName=table, Key=key)
    call("POST", f"/enroll/{letter['message_id']}/redrive")
    store = EnrollmentStore(facegate.aws)
    enrolled = until(lambda: (found := store.get(enrollment_id)) and found.finished and found)
    assert enrolled.status is EnrollmentStatus.INDEXED, enrolled
    assert letter_about(call, "enroll", "enrollment_id", enrollment_id) is None


def test_what_nobody_can_read_comes_back_however_often_it_is_sent_again_until_it_is_deleted(facegate, call):
    text = f"who wrote this, {uuid4().hex}?"
    facegate.aws.sqs.send_message(QueueUrl=facegate.aws.outputs.recognize_queue_url, MessageBody=text)

    def lying():
        told = call("GET", "/recognize")["dead_letters"]
        return next((letter for letter in told if (letter["excerpt"] or "") == text), None)

    first = until(lying)
    assert first["reason"] == "not a Celery message"
    call("POST", f"/recognize/{first['message_id']}/redrive")
    second = until(lying)
    assert second["message_id"] != first["message_id"]
    call("DELETE", f"/recognize/{second['message_id']}")
    assert lying() is None


def test_collection_and_tables_are_compared_in_the_background(facegate, grace_is_enrolled, ask):
    began = ask("POST", "/v1/drift-checks")
    done = until(lambda: (told := ask("GET", "/v1/drift-checks/latest"))["status"] != "running" and told)
    assert (done["status"], done["check_id"]) == ("done", began["check_id"])
    assert done["read"] >= 3, "a face, its user and its person"
