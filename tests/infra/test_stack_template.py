import json
import re

import pytest

from infra.parts import Part
from services.aws.connection import StackOutputs


def test_the_outputs_are_those_that_the_services_read_and_what_policies_name(template):
    read = {field.alias for field in StackOutputs.model_fields.values()}
    assert read <= set(template["Outputs"])
    for beyond in set(template["Outputs"]) - read:
        assert beyond.endswith("Arn")


def test_no_template_is_longer_than_one_call_of_cloudformation():
    assert {part: size for part in Part if (size := len(part.template.read_bytes())) > 51_200} == {}


#: Names as long as they may be, in a region with a long one; CloudFormation's ids have 13 letters.
SITE = "a" * 32
ACCOUNT, REGION = "123456789012", "ap-northeast-1"


def named(name):
    if name.endswith("TableArn"):
        table = name.removesuffix("Arn")
        return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{SITE}-{table}-ABCDEFGHIJKLM"
    if name.endswith("QueueArn"):
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{SITE}-recognize-dead-letters"
    return KNOWN[name]


def resolved(value):
    """A policy as IAM gets it, with every name as long as it may be."""
    match value:
        case ("Ref", name):
            return named(name)
        case ("Sub", text):
            return re.sub(r"\$\{([\w:]+)\}", lambda found: named(found[1]), text)
        case dict():
            return {key: resolved(inner) for key, inner in value.items()}
        case list():
            return [resolved(inner) for inner in value]
        case _:
            return value


KNOWN = {
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "DataStack": SITE,
    "PhotoBucketArn": f"arn:aws:s3:::{'b' * 63}",
    "DataKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{'0' * 36}",
    "CollectionArn": f"arn:aws:rekognition:{REGION}:{ACCOUNT}:collection/{SITE}",
}


def test_every_policy_is_short_enough_for_iam(template):
    sizes = {
        name: len(json.dumps(resolved(resource["Properties"]["PolicyDocument"]), separators=(",", ":")))
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::IAM::ManagedPolicy"
    }
    assert min(sizes.values()) > 1000
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, without white space
    assert {name: size for name, size in sizes.items() if size > 6_144} == {}


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
    """What one service may do: the gateway has two policies."""
    service = policy.removesuffix("Policy")
    return [
        statement
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::IAM::ManagedPolicy" and name.startswith(service)
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]
    ]


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
        (
            "GatewayPolicy",
            ["rekognition:Search", "rekognition:Index", "rekognition:Delete", "s3:GetObjectVersion"],
        ),
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
    assert [found["Resource"] for found in put] == [("Sub", "${PhotoBucketArn}/denied-frames/*")]


def test_the_gateway_shows_kept_photos_and_reads_no_frame(template):
    read = [found for found in statements(template, "GatewayPolicy") if "s3:GetObject" in found["Action"]]
    assert [found["Resource"] for found in read] == [("Sub", "${PhotoBucketArn}/photos/*")]


def test_the_gateway_deletes_nothing_about_people(template):
    deletable = tables_of(template, "GatewayPolicy", "Delete|BatchWrite")
    assert "Sessions" in deletable
    assert not deletable & {"People", "Faces", "Enrollments", "Decisions", "Deletions", "Audit"}


def test_the_gateway_notes_and_marks_enrollments_and_deletes_none(template):
    allowed = [
        statement["Action"]
        for statement in statements(template, "GatewayPolicy")
        if ("Ref", "EnrollmentsTableArn") in [statement["Resource"], *statement["Resource"]]
    ]
    written = ["dynamodb:PutItem", "dynamodb:UpdateItem"]
    assert allowed == ["dynamodb:GetItem", "dynamodb:BatchGetItem", written, "dynamodb:Scan"]


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
