from datetime import UTC, datetime

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from services.aws.connection import Aws, AwsSettings
from services.aws.decisions import DecisionStore
from services.aws.directory import Directory
from services.aws.enrollments import EnrollmentStore
from services.aws.errors import AwsError, AwsUnavailable, StackNotReady, translated
from services.aws.frames import FrameStore
from services.aws.kiosks import KioskStore
from services.contracts.domain import (
    Decision,
    Enrollment,
    EnrollmentStatus,
    Face,
    FaceMatch,
    Person,
)
from services.contracts.kiosks import Kiosk
from services.contracts.reasons import DecisionReason, Outcome

NOW = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)


def decision(recognition_id="r-1", **changes):
    fields = {
        "recognition_id": recognition_id,
        "reason": DecisionReason.MATCH,
        "kiosk_id": "kiosk-1",
        "door_id": "front-door",
        "person_id": "ada",
        "full_name": "Ada Lovelace",
        "face_id": "face-1",
        "similarity": 99.98765,
        "threshold": 99.0,
        "frames": 3,
        "agreed": 2,
        "received_at": NOW,
        "decided_at": NOW,
        "timings_ms": {"search_ms": 7.1},
    }
    return Decision(**(fields | changes))


def test_a_decision_is_read_back_as_it_was_written(aws):
    store = DecisionStore(aws)
    assert store.record(decision())
    assert store.get("r-1") == decision()


def test_a_decision_written_before_frames_were_counted_is_read_as_one_on_one_frame(aws):
    DecisionStore(aws).record(decision())
    key = {"recognition_id": {"S": "r-1"}}
    aws.dynamodb.update_item(TableName="decisions", Key=key, UpdateExpression="REMOVE frames, agreed")
    old = DecisionStore(aws).get("r-1")
    assert (old.outcome, old.frames, old.agreed) == (Outcome.GRANTED, 1, None)


def test_a_recognition_is_decided_once(aws):
    store = DecisionStore(aws)
    store.record(decision())
    assert not store.record(decision(reason=DecisionReason.NO_MATCH))
    assert store.get("r-1").reason is DecisionReason.MATCH


def test_a_decision_leaves_by_itself_after_its_retention(aws):
    DecisionStore(aws).record(decision())
    item = aws.dynamodb.get_item(TableName="decisions", Key={"recognition_id": {"S": "r-1"}})["Item"]
    assert int(item["expires_at"]["N"]) == int(NOW.timestamp()) + 90 * 24 * 3600


def test_what_was_not_decided_is_not_there(aws):
    assert DecisionStore(aws).get("r-2") is None


def test_a_kiosk_is_read_back_and_its_new_token_replaces_the_old(aws):
    store = KioskStore(aws)
    for digit in "01":
        kiosk = Kiosk(kiosk_id="k", door_id="d", token_sha256=digit * 64, created_at=NOW)
        store.put(kiosk)
        assert store.get("k") == kiosk
    assert store.get("stranger") is None


def enrolled(number=1, name="Ada Lovelace", person_id="ada", status=EnrollmentStatus.INDEXED):
    enrollment = Enrollment(
        enrollment_id=f"e-{number}",
        status=status,
        bucket="photos",
        key="index/ada.jpg",
        received_at=NOW,
        full_name=name,
        person_id=person_id,
        face_id=f"face-{number}",
    )
    face = Face(
        face_id=f"face-{number}",
        person_id=person_id,
        full_name=name,
        enrollment_id=f"e-{number}",
        indexed_at=NOW,
    )
    return enrollment, face, Person(person_id=person_id, full_name=name, photos=1, created_at=NOW)


def matched(*face_ids, external_id=None):
    return [FaceMatch(face_id=face_id, external_id=external_id, similarity=99.9) for face_id in face_ids]


def test_ninety_nine_faces_are_looked_up_at_once(aws):
    store = EnrollmentStore(aws)
    for number in range(99):
        store.finish_indexed(*enrolled(number, f"Person {number}", f"p-{number}"))
    people = Directory(aws).people_by_face(matched(*(f"face-{number}" for number in range(99)))).people
    assert {face: person.full_name for face, person in people.items()} == {
        f"face-{number}": f"Person {number}" for number in range(99)
    }


def test_people_are_looked_up_by_their_ids_and_whom_nobody_knows_is_missing(aws):
    enrollment, face, person = enrolled()
    EnrollmentStore(aws).finish_indexed(enrollment, face, person)
    assert Directory(aws).people({"ada", "orphan"}).people == {"ada": person}


def test_a_person_who_is_known_already_is_not_read_again(aws):
    _, face, person = enrolled()
    EnrollmentStore(aws).finish_indexed(*enrolled())
    aws.dynamodb.delete_item(TableName="people", Key={"person_id": {"S": person.person_id}})
    assert Directory(aws).people_by_face(matched(face.face_id), [person]).people == {face.face_id: person}


@pytest.mark.parametrize(
    ("external_id", "reads"), [("ada", 1), ("somebody-else", 2), (None, 2)], ids=["right", "wrong", "none"]
)
def test_the_person_is_whom_the_table_of_faces_names_whatever_the_collection_says(aws, external_id, reads):
    made = []
    _, face, person = enrolled()
    EnrollmentStore(aws).finish_indexed(*enrolled())
    aws.dynamodb.meta.events.register("before-call.dynamodb.BatchGetItem", lambda **_: made.append(1))
    people = Directory(aws).people_by_face(matched(face.face_id, external_id=external_id)).people
    assert people == {face.face_id: person}
    assert len(made) == reads


def test_a_face_that_the_table_does_not_know_is_nobody_s_even_if_the_collection_names_a_person(aws):
    EnrollmentStore(aws).finish_indexed(*enrolled())
    assert Directory(aws).people_by_face(matched("face-9", external_id="ada")).people == {}


def test_ninety_nine_faces_that_the_collection_names_are_looked_up_all_the_same(aws):
    EnrollmentStore(aws).finish_indexed(*enrolled())
    matches = matched(*(f"face-{number}" for number in range(99)), external_id="ada")
    assert set(Directory(aws).people_by_face(matches).people) == {"face-1"}


def test_a_known_person_without_a_face_among_those_asked_for_is_left_out(aws):
    assert Directory(aws).people_by_face(matched("face-1"), [enrolled()[2]]).people == {}


def test_a_face_without_a_person_is_nobody(aws):
    assert Directory(aws).people_by_face(matched("face-1")).people == {}


def test_a_large_frame_is_stored_where_it_starts_no_job_of_its_own(aws):
    stored = FrameStore(aws).put("kiosk-1", "r-1", 1, b"jpeg", "image/jpeg")
    assert stored.key == "posted-frames/kiosk-1/r-1"
    assert aws.s3.get_object(Bucket=stored.bucket, Key=stored.key)["Body"].read() == b"jpeg"


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("ThrottlingException", 400, AwsUnavailable),
        ("ProvisionedThroughputExceededException", 400, AwsUnavailable),
        ("InternalServerError", 500, AwsUnavailable),
        ("TransactionConflictException", 400, AwsUnavailable),
        ("RequestTimeout", 400, AwsUnavailable),
        ("SomethingNew", 429, AwsUnavailable),
        ("AccessDeniedException", 400, AwsError),
    ],
)
def test_what_may_pass_is_told_from_what_will_not(aws, code, status, kind):
    client = aws.session.client("dynamodb")
    with Stubber(client) as stub:
        stub.add_client_error("get_item", code, http_status_code=status)
        with pytest.raises(AwsError) as raised, translated("reading"):
            client.get_item(TableName="people", Key={"person_id": {"S": "x"}})
    assert type(raised.value) is kind


@pytest.mark.parametrize(
    ("reasons", "kind"),
    [
        (["None", "None", "TransactionConflict"], AwsUnavailable),
        (["ThrottlingError", "None", "TransactionConflict"], AwsUnavailable),
        (["None", "None", "ValidationError"], AwsError),
        (["None", "TransactionConflict", "ValidationError"], AwsError),
        ([], AwsError),
    ],
)
def test_two_photos_of_one_person_at_once_are_tried_again(aws, reasons, kind):
    refused = ClientError(
        {
            "Error": {"Code": "TransactionCanceledException", "Message": "cancelled"},
            "CancellationReasons": [{"Code": reason} for reason in reasons],
        },
        "TransactWriteItems",
    )
    with pytest.raises(AwsError) as raised, translated("writing"):
        raise refused
    assert type(raised.value) is kind


def test_a_missing_stack_is_said_with_the_way_out(aws):
    with pytest.raises(StackNotReady, match="no stack 'nowhere'; deploy it first"):
        Aws.connect(AwsSettings(stack="nowhere"))


def test_a_stack_without_the_outputs_is_said_to_lack_them(aws):
    boto3.client("cloudformation").create_stack(
        StackName="other",
        TemplateBody='{"Resources": {"T": {"Type": "AWS::SNS::Topic"}}, "Outputs": {"X": {"Value": "1"}}}',
    )
    with pytest.raises(StackNotReady, match="PhotoBucketName"):
        Aws.connect(AwsSettings(stack="other"))
