import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from infra import TEMPLATE

OUTPUTS = {
    "PhotoBucketName",
    "DataKeyArn",
    "RecognizeQueueUrl",
    "RecognizeDeadLetterQueueUrl",
    "EnrollQueueUrl",
    "EnrollDeadLetterQueueUrl",
    "ReplyQueuePrefix",
    "PeopleTableName",
    "FacesTableName",
    "DecisionsTableName",
    "EnrollmentsTableName",
    "KiosksTableName",
    "RequestsTableName",
    "BatchesTableName",
    "DeletionsTableName",
    "TokensTableName",
    "InvitationsTableName",
    "AccessTableName",
    "OperationsTableName",
    "OperatorsTableName",
    "SessionsTableName",
    "AuditTableName",
    "GatewayPolicyArn",
    "RecognizePolicyArn",
    "EnrollPolicyArn",
    "CollectionId",
    "CollectionArn",
}


def test_cfn_lint_finds_nothing_to_say_about_the_template():
    answer = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), TEMPLATE], capture_output=True, text=True, check=False
    )
    assert (answer.returncode, answer.stdout) == (0, "")


def test_the_template_fits_into_one_call_of_cloudformation():
    assert len(TEMPLATE.read_bytes()) < 51_200


def test_the_outputs_are_those_that_the_services_read(template):
    assert set(template["Outputs"]) == OUTPUTS


def test_everything_that_holds_data_outlives_the_stack(template):
    holders = {"AWS::KMS::Key", "AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::Rekognition::Collection"}
    policies = {
        name: resource.get("DeletionPolicy")
        for name, resource in template["Resources"].items()
        if resource["Type"] in holders
    }
    assert {"DataKey", "PhotoBucket", "PeopleTable", "FaceCollection"} <= set(policies)
    assert set(policies.values()) == {"RetainExceptOnCreate"}


def statements(template, policy):
    return template["Resources"][policy]["Properties"]["PolicyDocument"]["Statement"]


#: Of SQS's actions the only one that cannot be allowed for some queues only.
ONLY_FOR_ALL = ["sqs:ListQueues"]


@pytest.mark.parametrize("policy", ["GatewayPolicy", "RecognizePolicy", "EnrollPolicy"])
def test_no_service_may_make_every_call_or_touch_every_resource(template, policy):
    for statement in statements(template, policy):
        actions = statement["Action"]
        actions = [actions] if isinstance(actions, str) else actions
        assert not [action for action in actions if "*" in action]
        if actions != ONLY_FOR_ALL:
            assert statement["Resource"] != "*"


@pytest.mark.parametrize(
    ("policy", "forbidden"),
    [
        ("GatewayPolicy", ["rekognition:", "s3:GetObjectVersion"]),
        ("RecognizePolicy", ["rekognition:IndexFaces", "rekognition:DeleteFaces", "photos/"]),
        ("EnrollPolicy", ["frames/", "rekognition:DeleteCollection", "rekognition:SearchFacesByImage"]),
    ],
)
def test_no_service_may_do_another_ones_work(template, policy, forbidden):
    text = json.dumps(statements(template, policy))
    assert not [action for action in forbidden if action in text]


def tables_of(template, policy, actions):
    resources = [
        statement["Resource"]
        for statement in statements(template, policy)
        if re.search(f"dynamodb:({actions})", str(statement["Action"]))
    ]
    return set(re.findall(r"(\w+)Table", str(resources)))


def writable_tables(template, policy):
    return tables_of(template, policy, "Put|Update|BatchWrite|Delete")


def test_the_gateway_writes_no_decision_and_no_face(template):
    writable = writable_tables(template, "GatewayPolicy")
    assert {"People", "Operators"} <= writable
    assert not writable & {"Decisions", "Faces"}


def test_the_recognize_worker_puts_frames_of_denied_visitors_into_the_bucket_and_nothing_else(template):
    put = [found for found in statements(template, "RecognizePolicy") if "s3:PutObject" in found["Action"]]
    assert [found["Resource"] for found in put] == [("Sub", "${PhotoBucket.Arn}/denied-frames/*")]


def test_the_gateway_shows_kept_photos_and_reads_no_frame(template):
    read = [found for found in statements(template, "GatewayPolicy") if "s3:GetObject" in found["Action"]]
    assert [found["Resource"] for found in read] == [("Sub", "${PhotoBucket.Arn}/photos/*")]


def test_the_gateway_deletes_nothing_about_people(template):
    deletable = tables_of(template, "GatewayPolicy", "Delete|BatchWrite")
    assert "Sessions" in deletable
    assert not deletable & {"People", "Faces", "Enrollments", "Decisions", "Deletions", "Audit"}


def test_the_gateway_notes_and_marks_enrollments_and_deletes_none(template):
    allowed = [
        statement["Action"]
        for statement in statements(template, "GatewayPolicy")
        if ("GetAtt", "EnrollmentsTable.Arn") in [statement["Resource"], *statement["Resource"]]
    ]
    written = ["dynamodb:PutItem", "dynamodb:UpdateItem"]
    assert allowed == ["dynamodb:GetItem", "dynamodb:BatchGetItem", written]


def test_the_recognize_worker_writes_decisions_their_records_figures_and_what_became_of_doors(template):
    assert writable_tables(template, "RecognizePolicy") == {"Decisions", "Audit", "Access", "Operations"}


def test_the_audit_trail_is_added_to_by_all_and_changed_by_the_erasure_alone(template):
    for policy in ("GatewayPolicy", "RecognizePolicy"):
        assert "Audit" not in tables_of(template, policy, "Update|BatchWrite|Delete")
    assert "Audit" not in tables_of(template, "EnrollPolicy", "Put|BatchWrite|Delete")
    (erasure,) = [
        found for found in statements(template, "EnrollPolicy") if found["Sid"] == "EraseNamesInTheTrail"
    ]
    assert erasure["Condition"]["ForAllValues:StringEquals"] == {
        "dynamodb:Attributes": ["chain", "place", "person_id", "personal", "erased_at"]
    }
