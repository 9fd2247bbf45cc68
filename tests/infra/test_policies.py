"""What the deployed policies say where the embedded AWS does not ask them: who may use the key.

The rules of evaluation are the embedded AWS's own. What it does ask them, it is asked in tests/e2e.
"""

import pytest
from ministack.core.iam_evaluator import (
    EvalContext,
    combine_resource_policy,
    evaluate,
    parse_policy_document,
    resource_policy_allows,
)

from localaws.identities import POLICIES

ACCOUNT = "000000000000"
REGION = "eu-central-1"
SERVICES = set(POLICIES)


@pytest.fixture(scope="module")
def documents(emulator, outputs, stack_name):
    """What each identity may do, as IAM has it now."""
    iam, functions = emulator.session.client("iam"), emulator.session.client("lambda")

    def statements(arn):
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        return document["Statement"]

    def document(names):
        allowed = [statement for name in names for statement in statements(outputs[name])]
        return {"Version": "2012-10-17", "Statement": allowed}

    role = functions.get_function_configuration(FunctionName=f"{stack_name}-ingest")["Role"].split("/")[-1]
    ingest = iam.get_role_policy(RoleName=role, PolicyName="ingest")["PolicyDocument"]
    return {service: document(names) for service, names in POLICIES.items()} | {"ingest": ingest}


@pytest.fixture(scope="module")
def key_policy(emulator, outputs):
    return emulator.session.client("kms").get_key_policy(KeyId=outputs["DataKeyArn"])["Policy"]


def request(action, resource, account=ACCOUNT, region=REGION, **keys):
    return EvalContext(
        principal_arn=f"arn:aws:sts::{account}:assumed-role/a-service/i-1",
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=resource,
        region=region,
        secure_transport=True,
        service_context={name.replace("_", ":").lower(): value for name, value in keys.items()},
    )


def who_may(documents, *arguments, **keys):
    return {
        name
        for name, document in documents.items()
        if evaluate(request(*arguments, **keys), [parse_policy_document(document)]).decision == "Allow"
    }


PREFIXES = ["index", "photos", "frames", "posted-frames", "denied-frames", "batches/uploads"]


@pytest.mark.parametrize(
    ("of_object", "of_key"), [("s3:GetObject", "kms:Decrypt"), ("s3:PutObject", "kms:GenerateDataKey")]
)
def test_whoever_reads_or_writes_objects_may_use_their_key_and_the_lambda_may_neither(
    documents, outputs, of_object, of_key
):
    objects = [f"arn:aws:s3:::{outputs['PhotoBucketName']}/{prefix}/1.jpg" for prefix in PREFIXES]
    touch = set().union(*(who_may(documents, of_object, name) for name in objects))
    assert touch == SERVICES
    assert who_may(documents, of_key, outputs["DataKeyArn"]) == touch


@pytest.mark.parametrize("action", ["kms:Encrypt", "kms:CreateGrant", "kms:DisableKey", "kms:PutKeyPolicy"])
def test_nobody_does_more_with_the_key(documents, outputs, action):
    assert who_may(documents, action, outputs["DataKeyArn"]) == set()


@pytest.mark.parametrize("key", ["arn:aws:kms:eu-central-1:000000000000:key/another", "*"])
def test_nobody_uses_another_key(documents, key):
    assert who_may(documents, "kms:Decrypt", key) == set()


BY_DYNAMODB = {"kms_ViaService": f"dynamodb.{REGION}.amazonaws.com", "kms_CallerAccount": ACCOUNT}


@pytest.mark.parametrize(
    ("account", "keys", "allowed"),
    [
        (ACCOUNT, BY_DYNAMODB, True),
        (ACCOUNT, {"kms_CallerAccount": ACCOUNT}, False),
        (ACCOUNT, BY_DYNAMODB | {"kms_ViaService": f"s3.{REGION}.amazonaws.com"}, False),
        ("999999999999", BY_DYNAMODB | {"kms_CallerAccount": "999999999999"}, False),
    ],
)
def test_a_table_is_encrypted_for_whoever_may_use_it_and_for_nobody_beyond_the_account(
    key_policy, outputs, account, keys, allowed
):
    """By the key's policy alone: the Lambda's role stands for one that has no permission of KMS."""
    context = request("kms:Decrypt", outputs["DataKeyArn"], account, **keys)
    nothing = evaluate(context, [])
    decided = combine_resource_policy(nothing, context, key_policy, ACCOUNT, required=True)
    assert (decided.decision == "Allow") is allowed


def test_only_names_of_queues_in_this_region_are_told(documents):
    assert who_may(documents, "sqs:ListQueues", "*") == {"gateway"}
    assert who_may(documents, "sqs:ListQueues", "*", region="us-west-2") == set()


@pytest.mark.parametrize("queue", ["Recognize", "RecognizeDeadLetter", "Enroll", "EnrollDeadLetter"])
def test_no_queue_is_reached_without_tls(emulator, outputs, queue):
    asked = {"QueueUrl": outputs[f"{queue}QueueUrl"], "AttributeNames": ["Policy", "QueueArn"]}
    attributes = emulator.session.client("sqs").get_queue_attributes(**asked)["Attributes"]
    context = request("sqs:SendMessage", attributes["QueueArn"])
    assert resource_policy_allows(attributes["Policy"], context, True)
    context.secure_transport = False
    assert not resource_policy_allows(attributes["Policy"], context, True)
