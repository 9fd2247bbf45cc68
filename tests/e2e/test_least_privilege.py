"""Every service with its own identity: what it has to do it may do, and nothing that another one does.

The embedded AWS and the embedded Rekognition check each call by the policies as they were deployed. Whether
they may use the key of what they read and write is asked of the policies in tests/infra.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

from cli.demo import as_frame
from cli.kiosk import recognize
from cli.portraits import eileen_collins, grace_hopper
from services.aws.tokens import TokenStore
from services.contracts.domain import IssuedToken, Scope
from services.contracts.tokens import ApiToken
from tests.conftest import enrolled, running_facegate, until

#: The Lambda's key is none that the embedded Rekognition knows.
REFUSALS = {"AccessDenied", "AccessDeniedException", "UnrecognizedClientException"}
GATEWAY, RECOGNIZE, ENROLL, INGEST = "gateway", "recognize", "enroll", "ingest"


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A Facegate whose services may do what their policies allow and nothing else."""
    home = tmp_path_factory.mktemp("least-privilege")
    with running_facegate(home, "lobby", "logs-least-privilege", FACEGATE_AUTH="true") as running:
        yield running


@pytest.fixture(scope="module")
def program(house):
    token = ApiToken.issue()
    TokenStore(house.aws).add(
        IssuedToken(
            token_id=token.token_id,
            name="test",
            scopes=tuple(Scope),
            token_sha256=token.sha256,
            created_at=datetime.now(UTC),
        )
    )

    def call(method, path, **arguments):
        headers = {"Authorization": f"Bearer {token}", **arguments.pop("headers", {})}
        return requests.request(method, house.gateway_url + path, headers=headers, timeout=20, **arguments)

    return call


def decide(house, portrait):
    return recognize(house.gateway_url, house.token, as_frame(portrait), "image/jpeg", 8)


def test_a_person_from_s3_is_let_in_somebody_else_is_not_and_both_are_on_record(house, program):
    assert enrolled(house, grace_hopper().read_bytes(), "grace.jpg", "Grace Hopper").face_id
    granted, denied = decide(house, grace_hopper()), decide(house, eileen_collins())
    assert (granted["outcome"], granted["person"]["full_name"]) == ("granted", "Grace Hopper")
    assert (denied["outcome"], denied["reason"]) == ("denied", "no_match")
    today = datetime.now(UTC)
    period = f"from={(today - timedelta(days=1)).date()}&to={(today + timedelta(days=1)).date()}"
    listed = program("GET", f"/v1/decisions?{period}").json()["decisions"]
    assert {granted["recognition_id"], denied["recognition_id"]} <= {
        decision["recognition_id"] for decision in listed
    }


def test_a_person_enrolled_by_the_api_is_let_in_until_they_are_deleted(house, program):
    person = program("POST", "/v1/people", json={"full_name": "Eileen Collins"}).headers["Location"]
    photo = {"data": as_frame(eileen_collins()), "headers": {"Content-Type": "image/jpeg"}}
    enrollment = program("POST", f"{person}/photos", **photo).headers["Location"]
    done = until(lambda: (found := program("GET", enrollment).json()).get("finished_at") and found)
    assert done["status"] == "indexed", done
    assert decide(house, eileen_collins())["outcome"] == "granted"
    receipt = program("DELETE", person).headers["Location"]
    until(lambda: program("GET", receipt).json().get("finished_at"))
    assert decide(house, eileen_collins())["reason"] == "no_match"


@dataclass(frozen=True)
class Call:
    """A call to AWS, and who may make it; an allowed one may fail for other reasons than permissions."""

    may: set[str]
    service: str
    operation: str
    parameters: dict[str, object]

    def __str__(self):
        named = ", ".join(str(value) for value in self.parameters.values() if isinstance(value, str))
        return f"{self.service} {self.operation} {named}"

    def is_refused(self, session, outputs):
        client = session.client(self.service, config=Config(retries={"total_max_attempts": 1}))
        try:
            getattr(client, self.operation)(**filled_in(self.parameters, outputs))
        except ClientError as error:
            return error.response["Error"]["Code"] in REFUSALS
        return False


def filled_in(value, outputs):
    """Put the stack's outputs where a parameter names them."""
    if isinstance(value, str):
        return value.format_map(outputs)
    if isinstance(value, dict):
        return {filled_in(key, outputs): filled_in(inner, outputs) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled_in(inner, outputs) for inner in value]
    return value


NOBODY: set[str] = set()
WORKERS = {RECOGNIZE, ENROLL}
SERVICES = {GATEWAY, *WORKERS}
FACES = {"CollectionId": "{CollectionId}"}


def key(name, value="nobody"):
    return {name: {"S": value}}


def queue(output, **more):
    return {"QueueUrl": f"{{{output}}}"} | more


def table(output, **more):
    return {"TableName": f"{{{output}}}"} | more


def item_of(kind):
    return key("kind", kind) | key("id", "of-a-test")


def record_without(attribute):
    record = key("chain", "of-a-test") | key("place", "0")
    return table("AuditTableName", Key=record, UpdateExpression=f"REMOVE {attribute}")


def photo(name, **more):
    return {"Bucket": "{PhotoBucketName}", "Key": name} | more


def picture(**more):
    return FACES | {"Image": {"Bytes": b"no picture"}} | more


CALLS = [
    Call(SERVICES, "cloudformation", "describe_stacks", {"StackName": "facegate"}),
    Call(NOBODY, "cloudformation", "delete_stack", {"StackName": "facegate"}),
    Call({GATEWAY, INGEST}, "sqs", "send_message", queue("RecognizeQueueUrl", MessageBody="{{}}")),
    Call({GATEWAY, ENROLL, INGEST}, "sqs", "send_message", queue("EnrollQueueUrl", MessageBody="{{}}")),
    Call({RECOGNIZE}, "sqs", "receive_message", queue("RecognizeQueueUrl")),
    Call({ENROLL}, "sqs", "receive_message", queue("EnrollQueueUrl")),
    Call({RECOGNIZE}, "sqs", "delete_message", queue("RecognizeQueueUrl", ReceiptHandle="none")),
    Call({ENROLL}, "sqs", "delete_message", queue("EnrollQueueUrl", ReceiptHandle="none")),
    Call({GATEWAY}, "sqs", "create_queue", {"QueueName": "{ReplyQueuePrefix}of-a-test"}),
    Call({RECOGNIZE}, "sqs", "send_message", queue("ReplyQueueUrl", MessageBody="{{}}")),
    Call({GATEWAY}, "sqs", "receive_message", queue("ReplyQueueUrl")),
    Call({GATEWAY}, "sqs", "delete_queue", queue("ReplyQueueUrl")),
    Call(NOBODY, "sqs", "create_queue", {"QueueName": "facegate-other"}),
    Call(NOBODY, "sqs", "delete_queue", queue("RecognizeQueueUrl")),
    Call(NOBODY, "sqs", "purge_queue", queue("EnrollQueueUrl")),
    Call(NOBODY, "sqs", "set_queue_attributes", queue("EnrollQueueUrl", Attributes={"DelaySeconds": "900"})),
    Call({GATEWAY}, "s3", "put_object", photo("posted-frames/test")),
    Call({GATEWAY}, "s3", "put_object", photo("batches/uploads/test")),
    Call({GATEWAY, ENROLL}, "s3", "put_object", photo("index/uploads/test")),
    Call({RECOGNIZE}, "s3", "put_object", photo("denied-frames/test")),
    Call({ENROLL}, "s3", "put_object", photo("photos/test")),
    Call(NOBODY, "s3", "put_object", photo("frames/test")),
    Call({GATEWAY, ENROLL}, "s3", "get_object", photo("photos/test")),
    Call({ENROLL}, "s3", "get_object", photo("index/uploads/test")),
    Call({RECOGNIZE}, "s3", "get_object", photo("posted-frames/test")),
    Call({ENROLL}, "s3", "delete_object", photo("photos/test")),
    Call({ENROLL}, "s3", "list_object_versions", {"Bucket": "{PhotoBucketName}"}),
    Call(
        {GATEWAY, ENROLL}, "s3", "list_object_versions", {"Bucket": "{PhotoBucketName}", "Prefix": "index/"}
    ),
    Call(NOBODY, "s3", "delete_object", photo("denied-frames/test")),
    Call(NOBODY, "s3", "put_bucket_policy", {"Bucket": "{PhotoBucketName}", "Policy": "{{}}"}),
    Call(NOBODY, "s3", "delete_bucket", {"Bucket": "{PhotoBucketName}"}),
    Call({GATEWAY, ENROLL}, "dynamodb", "get_item", table("PeopleTableName", Key=key("person_id"))),
    Call({ENROLL}, "dynamodb", "get_item", table("FacesTableName", Key=key("RekognitionId"))),
    Call({ENROLL}, "dynamodb", "put_item", table("FacesTableName", Item=key("RekognitionId"))),
    Call({ENROLL}, "dynamodb", "delete_item", table("FacesTableName", Key=key("RekognitionId"))),
    Call(NOBODY, "dynamodb", "delete_item", table("PeopleTableName", Key=key("person_id"))),
    Call({RECOGNIZE}, "dynamodb", "put_item", table("DecisionsTableName", Item=key("recognition_id"))),
    Call({ENROLL}, "dynamodb", "update_item", table("DecisionsTableName", Key=key("recognition_id"))),
    Call(NOBODY, "dynamodb", "delete_item", table("DecisionsTableName", Key=key("recognition_id"))),
    Call(
        NOBODY,
        "dynamodb",
        "delete_item",
        table("AuditTableName", Key=key("chain", "of-a-test") | key("place", "0")),
    ),
    Call(
        {GATEWAY}, "dynamodb", "put_item", table("AccessTableName", Item=key("kind", "test") | key("id", "0"))
    ),
    # orders to doors, and no rule
    Call({GATEWAY, RECOGNIZE}, "dynamodb", "update_item", table("AccessTableName", Key=item_of("action"))),
    Call({GATEWAY}, "dynamodb", "update_item", table("AccessTableName", Key=item_of("rule"))),
    # the parts of a record that name a person, and not what it says
    Call({ENROLL}, "dynamodb", "update_item", record_without("personal")),
    Call(NOBODY, "dynamodb", "update_item", record_without("text")),
    Call({GATEWAY}, "dynamodb", "get_item", table("TokensTableName", Key=key("token_id"))),
    Call({GATEWAY}, "dynamodb", "get_item", table("OperatorsTableName", Key=key("operator_id"))),
    Call({GATEWAY, RECOGNIZE}, "dynamodb", "get_item", table("KiosksTableName", Key=key("kiosk_id"))),
    Call({GATEWAY}, "dynamodb", "delete_item", table("KiosksTableName", Key=key("kiosk_id"))),
    Call(NOBODY, "dynamodb", "delete_table", table("PeopleTableName")),
    Call({RECOGNIZE}, "rekognition", "search_faces_by_image", picture()),
    Call({RECOGNIZE}, "rekognition", "search_users_by_image", picture()),
    Call({ENROLL}, "rekognition", "index_faces", picture()),
    Call({ENROLL}, "rekognition", "delete_user", FACES | {"UserId": "nobody"}),
    Call(
        {ENROLL}, "rekognition", "delete_faces", FACES | {"FaceIds": ["0" * 8 + "-0000" * 3 + "-" + "0" * 12]}
    ),
    Call(NOBODY, "rekognition", "index_faces", picture() | {"CollectionId": "another"}),
    Call(NOBODY, "rekognition", "create_collection", {"CollectionId": "another"}),
    Call(NOBODY, "rekognition", "delete_collection", FACES),
    Call(SERVICES, "kms", "generate_data_key", {"KeyId": "{DataKeyArn}", "KeySpec": "AES_256"}),
    Call(NOBODY, "kms", "schedule_key_deletion", {"KeyId": "{DataKeyArn}"}),
    Call(NOBODY, "iam", "create_access_key", {"UserName": "facegate-gateway"}),
    Call(NOBODY, "lambda", "invoke", {"FunctionName": "facegate-ingest"}),
    Call(NOBODY, "sts", "assume_role", {"RoleArn": "{IngestRoleArn}", "RoleSessionName": "test"}),
]


@pytest.fixture(scope="module")
def outputs(house):
    """The stack's outputs, with what else the calls below name."""
    session = boto3.Session()
    stack = session.client("cloudformation").describe_stacks(StackName="facegate")["Stacks"][0]
    found = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    function = session.client("lambda").get_function_configuration(FunctionName="facegate-ingest")
    reply = found["RecognizeQueueUrl"].removesuffix("facegate-recognize") + found["ReplyQueuePrefix"]
    return found | {"IngestRoleArn": function["Role"], "ReplyQueueUrl": f"{reply}of-a-test"}


@pytest.fixture(scope="module")
def sessions(house, outputs):
    """A session of every identity: the services' own, and one of the Lambda's role."""
    session = boto3.Session()
    role = session.client("sts").assume_role(RoleArn=outputs["IngestRoleArn"], RoleSessionName="test")
    temporary = role["Credentials"]
    keys = {INGEST: (temporary["AccessKeyId"], temporary["SecretAccessKey"], temporary["SessionToken"])}
    for name, identity in house.machine.identities.items():
        keys[name] = (identity.access_key_id, identity.secret_access_key, None)
    return {name: boto3.Session(*of_identity) for name, of_identity in keys.items()}


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_a_call_is_refused_to_all_who_need_not_make_it(call, sessions, outputs):
    assert set(sessions) == {GATEWAY, RECOGNIZE, ENROLL, INGEST}
    may = {name for name, session in sessions.items() if not call.is_refused(session, outputs)}
    assert may == call.may


def test_a_key_that_nobody_has_is_refused(house, outputs):
    stranger = boto3.Session("AKIAIOSFODNN7EXAMPLE", "of-nobody")
    for call in (CALLS[0], next(call for call in CALLS if call.service == "rekognition")):
        with pytest.raises(ClientError, match=r"UnrecognizedClient|InvalidClientTokenId|InvalidAccessKeyId"):
            getattr(stranger.client(call.service), call.operation)(**filled_in(call.parameters, outputs))


def test_a_picture_that_the_caller_may_not_read_rekognition_does_not_read_for_them(house, sessions, outputs):
    house.aws.s3.put_object(**filled_in(photo("photos/secret", Body=as_frame(grace_hopper())), outputs))
    search = filled_in(
        FACES | {"Image": {"S3Object": {"Bucket": "{PhotoBucketName}", "Name": "photos/secret"}}}, outputs
    )
    with pytest.raises(ClientError, match="InvalidS3ObjectException"):
        sessions[RECOGNIZE].client("rekognition").search_faces_by_image(**search)
    assert boto3.client("rekognition").search_faces_by_image(**search)["SearchedFaceConfidence"] > 90


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("s3", "get_object", photo("photos/test")),
        ("sqs", "receive_message", queue("EnrollQueueUrl")),
    ],
)
def test_what_is_allowed_is_refused_all_the_same_without_tls(
    sessions, outputs, service, operation, parameters
):
    client = sessions[ENROLL].client(service)
    client.meta.events.register(
        "before-sign", lambda request, **_: request.headers.add_header("X-Forwarded-Proto", "http")
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        getattr(client, operation)(**filled_in(parameters, outputs))
