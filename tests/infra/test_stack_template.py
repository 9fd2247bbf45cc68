import json

import pytest
from cfnlint.api import lint_all

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
    "CollectionId",
    "CollectionArn",
}


def test_cfn_lint_has_neither_error_nor_warning_about_the_template():
    found = lint_all(TEMPLATE.read_text())
    assert [str(match) for match in found if not match.rule.id.startswith("I")] == []


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
    assert len(policies) == 8
    assert set(policies.values()) == {"RetainExceptOnCreate"}


def statements(template, policy):
    return template["Resources"][policy]["Properties"]["PolicyDocument"]["Statement"]


@pytest.mark.parametrize("policy", ["GatewayPolicy", "RecognizePolicy", "EnrollPolicy"])
def test_no_service_may_make_every_call_or_touch_every_resource(template, policy):
    for statement in statements(template, policy):
        actions = statement["Action"]
        actions = [actions] if isinstance(actions, str) else actions
        assert not [action for action in actions if "*" in action]
        assert statement["Resource"] != "*"


@pytest.mark.parametrize(
    ("policy", "forbidden"),
    [
        ("GatewayPolicy", ["rekognition:", "dynamodb:PutItem", "s3:GetObject"]),
        ("RecognizePolicy", ["rekognition:IndexFaces", "rekognition:DeleteFaces", "s3:PutObject"]),
        ("EnrollPolicy", ["s3:PutObject", "s3:DeleteObject", "rekognition:DeleteCollection"]),
    ],
)
def test_no_service_may_do_another_ones_work(template, policy, forbidden):
    text = json.dumps(statements(template, policy))
    assert not [action for action in forbidden if action in text]
