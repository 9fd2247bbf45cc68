import json

import pytest
from ministack.core.iam_evaluator import EvalContext, resource_policy_allows

from infra import deploy as deploying
from infra.changes import Change
from infra.errors import DeploymentDeclined, DeploymentError
from infra.parts import CORE, Part
from localaws.gaps import close_gaps
from services.contracts.messages import ENROLL_TASK, RECOGNIZE_TASK, EnrollJob, RecognizeJob

TABLES = {
    "PeopleTable": "person_id",
    "FacesTable": "RekognitionId",
    "DecisionsTable": "recognition_id",
    "EnrollmentsTable": "enrollment_id",
    "KiosksTable": "kiosk_id",
    "RequestsTable": "request_id",
    "BatchesTable": "batch_id",
    "DeletionsTable": "deletion_id",
    "TokensTable": "token_id",
    "InvitationsTable": "invitation_id",
    "OperatorsTable": "operator_id",
    "SessionsTable": "session_sha256",
}


def job_text(body):
    return json.loads(json.loads(body)["body"])[0][0]


def test_a_photo_put_into_the_bucket_becomes_an_enroll_job(emulator, outputs, receive_one):
    key = "index/Zoë + Søn 1.jpg"
    put = emulator.session.client("s3").put_object(
        Bucket=outputs["PhotoBucketName"], Key=key, Body=b"photo", Metadata={"FullName": "Zoe"}
    )
    body = receive_one(emulator.session, outputs["EnrollQueueUrl"])
    job = EnrollJob.model_validate_json(job_text(body))
    assert (job.photo.bucket, job.photo.key) == (outputs["PhotoBucketName"], key)
    assert job.photo.version_id == put["VersionId"]
    assert json.loads(body)["headers"]["task"] == ENROLL_TASK


def test_a_frame_put_into_the_bucket_becomes_a_recognize_job(emulator, outputs, receive_one):
    emulator.session.client("s3").put_object(
        Bucket=outputs["PhotoBucketName"], Key="frames/lobby-1/0001.jpg", Body=b"frame"
    )
    body = receive_one(emulator.session, outputs["RecognizeQueueUrl"])
    job = RecognizeJob.model_validate_json(job_text(body))
    assert (job.kiosk_id, [frame.key for frame in job.frames]) == ("lobby-1", ["frames/lobby-1/0001.jpg"])
    assert (job.deadline - job.received_at).total_seconds() == 10
    assert json.loads(body)["headers"]["task"] == RECOGNIZE_TASK


def test_an_event_that_keeps_failing_is_kept_among_the_dead_letters(
    emulator, outputs, receive_one, stack_name
):
    emulator.session.client("lambda").invoke(
        FunctionName=f"{stack_name}-ingest", InvocationType="Event", Payload=b'{"unknown": "event"}'
    )
    body = receive_one(emulator.session, outputs["EnrollDeadLetterQueueUrl"])
    assert "unknown" in body


def test_a_plain_put_is_encrypted_with_the_stacks_key(emulator, outputs):
    s3 = emulator.session.client("s3")
    s3.put_object(Bucket=outputs["PhotoBucketName"], Key="posted-frames/plain", Body=b"frame")
    head = s3.head_object(Bucket=outputs["PhotoBucketName"], Key="posted-frames/plain")
    assert head["ServerSideEncryption"] == "aws:kms"
    assert head["SSEKMSKeyId"] == outputs["DataKeyArn"]


def test_frames_expire_after_a_day_and_replaced_photos_after_a_month(emulator, outputs, template):
    rules = emulator.session.client("s3").get_bucket_lifecycle_configuration(
        Bucket=outputs["PhotoBucketName"]
    )["Rules"]
    declared = template["Resources"]["PhotoBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert [rule["ID"] for rule in rules] == [rule["Id"] for rule in declared]
    by_prefix = {rule["Filter"]["Prefix"]: rule for rule in rules}
    for prefix in ("frames/", "posted-frames/"):
        assert by_prefix[prefix]["Expiration"] == {"Days": 1}
        assert by_prefix[prefix]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}
    for prefix in ("index/", "photos/"):
        assert "Expiration" not in by_prefix[prefix]
        assert by_prefix[prefix]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    assert by_prefix[""]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert not [rule for rule in rules if "Transitions" in rule]


def test_kept_photos_become_cheaper_where_that_is_asked_for(emulator):
    asked = {"PhotoArchiveDays": "90"}
    outputs = deploying.deploy(emulator.session, "facegate-archive", parameters=asked)
    close_gaps(emulator.session, "facegate-archive", Part.DATA.template.read_text())
    rules = emulator.session.client("s3").get_bucket_lifecycle_configuration(
        Bucket=outputs["PhotoBucketName"]
    )["Rules"]
    moved = {rule["Filter"]["Prefix"]: rule["Transitions"] for rule in rules if "Transitions" in rule}
    assert moved == {"photos/": [{"Days": 90, "StorageClass": "GLACIER_IR"}]}


#: An item that is in the index, and the keys to ask it by.
INDEXED = {
    ("PeopleTable", "by-name"): ({"person_id": "ada", "kind": "person", "name_key": "ada"}, "kind"),
    ("FacesTable", "by-person"): (
        {"RekognitionId": "face", "person_id": "ada", "indexed_at": "2026-01-02"},
        "person_id",
    ),
    ("EnrollmentsTable", "by-person"): ({"enrollment_id": "e", "person_id": "ada"}, "person_id"),
    ("EnrollmentsTable", "by-batch"): (
        {"enrollment_id": "e", "batch_id": "b", "progress": "indexed#e"},
        "batch_id",
    ),
    ("BatchesTable", "by-submission"): (
        {"batch_id": "b", "kind": "batch", "submitted_at": "2026-01-02"},
        "kind",
    ),
    ("InvitationsTable", "by-person"): (
        {"invitation_id": "i", "person_id": "ada", "created_at": "2026-01-02"},
        "person_id",
    ),
    ("EnrollmentsTable", "by-resemblance"): ({"enrollment_id": "e", "resembles": "ada"}, "resembles"),
    ("DecisionsTable", "by-person"): (
        {"recognition_id": "r", "person_id": "ada", "decided_at": "2026-01-02"},
        "person_id",
    ),
}


def as_item(values):
    return {name: {"S": value} for name, value in values.items()}


def found_by(dynamodb, table, index, key, value):
    return dynamodb.query(
        TableName=table,
        IndexName=index,
        KeyConditionExpression="#key = :value",
        ExpressionAttributeNames={"#key": key},
        ExpressionAttributeValues={":value": {"S": value}},
    )["Items"]


@pytest.mark.parametrize(("table", "index"), INDEXED)
def test_every_index_finds_what_has_its_keys_and_nothing_else(emulator, outputs, template, table, index):
    dynamodb = emulator.session.client("dynamodb")
    name = outputs[f"{table}Name"]
    own = TABLES[table]
    item, key = INDEXED[table, index]
    dynamodb.put_item(TableName=name, Item=as_item(item))
    dynamodb.put_item(TableName=name, Item=as_item({own: "bare"}))
    found = found_by(dynamodb, name, index, key, item[key])
    assert [entry[own] for entry in found] == [{"S": item[own]}]
    for value in (item[own], "bare"):
        dynamodb.delete_item(TableName=name, Key=as_item({own: value}))
    declared = {
        entry["IndexName"] for entry in template["Resources"][table]["Properties"]["GlobalSecondaryIndexes"]
    }
    assert {other for of, other in INDEXED if of == table} == declared


@pytest.mark.parametrize(
    ("queue", "expected"), [("Recognize", ("30", "3600", 3)), ("Enroll", ("240", "1209600", 5))]
)
def test_every_queue_is_what_the_design_says(emulator, outputs, queue, expected):
    visibility, retention, receives = expected
    sqs = emulator.session.client("sqs")

    def attributes(output):
        return sqs.get_queue_attributes(QueueUrl=outputs[output], AttributeNames=["All"])["Attributes"]

    jobs, dead_letters = attributes(f"{queue}QueueUrl"), attributes(f"{queue}DeadLetterQueueUrl")
    assert (jobs["VisibilityTimeout"], jobs["MessageRetentionPeriod"]) == (visibility, retention)
    assert dead_letters["MessageRetentionPeriod"] == "1209600"
    redrive = json.loads(jobs["RedrivePolicy"])
    assert redrive == {"deadLetterTargetArn": dead_letters["QueueArn"], "maxReceiveCount": receives}
    for either in (jobs, dead_letters):
        assert either["MaximumMessageSize"] == "1048576"
        assert either["SqsManagedSseEnabled"] == "true"
        assert json.loads(either["Policy"])["Statement"][0]["Sid"] == "DenyInsecureTransport"


def test_the_stack_makes_its_collection(outputs, rekognition, stack_name):
    assert ("CreateCollection", stack_name) in rekognition.calls
    assert outputs["CollectionId"] == stack_name
    assert (
        outputs["CollectionArn"] == f"arn:aws:rekognition:eu-central-1:000000000000:collection/{stack_name}"
    )


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"": "aws:kms", "-aws-kms-key-id": "the stack's"}, True),
        ({"": "AES256"}, False),
        ({"": "aws:kms"}, False),
        ({"": "aws:kms", "-aws-kms-key-id": "arn:aws:kms:eu-central-1:000000000000:key/other"}, False),
    ],
)
def test_a_put_with_another_encryption_is_refused_and_one_without_a_header_is_not(
    emulator, outputs, headers, allowed
):
    policy = emulator.session.client("s3").get_bucket_policy(Bucket=outputs["PhotoBucketName"])["Policy"]
    context = EvalContext(
        principal_arn="arn:aws:iam::000000000000:user/camera",
        principal_type="User",
        principal_account="000000000000",
        action="s3:PutObject",
        resource_arn=f"arn:aws:s3:::{outputs['PhotoBucketName']}/frames/lobby/1.jpg",
        region="eu-central-1",
        secure_transport=True,
        service_context={
            f"s3:x-amz-server-side-encryption{suffix}": value.replace("the stack's", outputs["DataKeyArn"])
            for suffix, value in headers.items()
        },
    )
    assert resource_policy_allows(policy, context, True) is allowed


def test_deploying_again_changes_nothing(emulator, outputs, stack_name):
    told = []
    assert deploying.deploy(emulator.session, stack_name, progress=told.append) == outputs
    assert f"the stack {stack_name} is up to date" in told


def test_a_changed_parameter_is_applied_and_kept_by_the_next_deployment(
    emulator, outputs, stack_name, deploy_and_finish
):
    def deadline():
        configuration = emulator.session.client("lambda").get_function_configuration(
            FunctionName=f"{stack_name}-ingest"
        )
        return configuration["Environment"]["Variables"]["FRAME_DEADLINE_SECONDS"]

    changed = deploying.deploy(emulator.session, stack_name, parameters={"FrameDeadlineSeconds": "20"})
    assert (changed, deadline()) == (outputs, "20")
    deploying.deploy(emulator.session, stack_name)
    assert deadline() == "20"
    deploying.deploy(emulator.session, stack_name, parameters={"FrameDeadlineSeconds": "10"})
    assert deadline() == "10"
    # an update must not undo what was set beside CloudFormation
    deploy_and_finish(emulator.session)
    put = emulator.session.client("s3").put_object(
        Bucket=outputs["PhotoBucketName"], Key="posted-frames/after", Body=b"frame"
    )
    assert put["SSEKMSKeyId"] == outputs["DataKeyArn"]


def test_a_queue_is_added_and_removed_and_the_others_keep_their_messages(emulator, tmp_path, monkeypatch):
    def deployed():
        changes = []
        outputs = deploying.deploy(
            emulator.session,
            "facegate-more",
            parts={Part.QUEUES},
            approve=lambda proposed: changes.extend(proposed) or True,
        )
        return outputs, changes

    sqs = emulator.session.client("sqs")
    outputs, _ = deployed()
    sqs.send_message(QueueUrl=outputs["EnrollQueueUrl"], MessageBody="waits")
    declared = Part.QUEUES.template.read_text()
    longer = tmp_path / "queues.yaml"
    queue = "  Extra:\n    Type: AWS::SQS::Queue\n    Properties: {QueueName: facegate-more-extra}\n"
    longer.write_text(declared.replace("\nOutputs:", f"\n{queue}\nOutputs:"))
    with monkeypatch.context() as patched:
        patched.setattr(Part, "template", longer)
        assert deployed() == (outputs, [Change("Add", "Extra", "AWS::SQS::Queue", replaced=False)])
    assert sqs.get_queue_url(QueueName="facegate-more-extra")
    assert deployed() == (outputs, [Change("Remove", "Extra", "AWS::SQS::Queue", replaced=False)])
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName="facegate-more-extra")
    assert sqs.receive_message(QueueUrl=outputs["EnrollQueueUrl"])["Messages"][0]["Body"] == "waits"
    deploying.open_stack(emulator.session, Part.QUEUES.stack_name("facegate-more")).delete()


TABLE_ALONE = {
    "Type": "AWS::DynamoDB::Table",
    "Properties": {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "enrollment_id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "enrollment_id", "KeyType": "HASH"}],
    },
}


def test_a_stack_made_before_there_were_indexes_gets_them_and_its_items_are_found(emulator, template):
    def deployed(action, waiter, table):
        template = {"Resources": {"Table": table}, "Outputs": {"Name": {"Value": {"Ref": "Table"}}}}
        client = emulator.session.client("cloudformation")
        action(client)(StackName="older", TemplateBody=json.dumps(template))
        client.get_waiter(waiter).wait(StackName="older", WaiterConfig={"Delay": 0.05, "MaxAttempts": 200})
        [output] = client.describe_stacks(StackName="older")["Stacks"][0]["Outputs"]
        return output["OutputValue"]

    dynamodb = emulator.session.client("dynamodb")
    name = deployed(lambda client: client.create_stack, "stack_create_complete", TABLE_ALONE)
    item, _ = INDEXED["EnrollmentsTable", "by-batch"]
    dynamodb.put_item(TableName=name, Item=as_item(item | {"person_id": "ada"}))
    declared = template["Resources"]["EnrollmentsTable"]["Properties"]
    indexed = {
        part: declared[part] for part in ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
    }
    newer = {"Type": TABLE_ALONE["Type"], "Properties": TABLE_ALONE["Properties"] | indexed}
    assert deployed(lambda client: client.update_stack, "stack_update_complete", newer) == name
    assert found_by(dynamodb, name, "by-batch", "batch_id", "b")
    assert found_by(dynamodb, name, "by-person", "person_id", "ada")
    assert not found_by(dynamodb, name, "by-resemblance", "resembles", "ada")


def test_a_stack_that_cannot_be_made_says_which_resource_failed_and_the_way_out(emulator, outputs):
    taken = {"BucketName": outputs["PhotoBucketName"]}
    with pytest.raises(DeploymentError) as refused:
        deploying.deploy(emulator.session, "facegate-twice", parameters=taken)
    assert f"identifier '{outputs['PhotoBucketName']}' already exists" in str(refused.value)
    assert "delete-stack --stack-name facegate-twice" in str(refused.value)


def test_an_unknown_parameter_is_refused_with_those_there_are(emulator, stack_name):
    with pytest.raises(
        DeploymentError, match=r"no parameter Colour; there are BatchRetentionDays, BucketName, CollectionId"
    ):
        deploying.deploy(emulator.session, stack_name, parameters={"Colour": "blue"})


@pytest.mark.parametrize("name", ["", "1st", "with space", "under_score", "a" * 58])
def test_a_name_that_no_stack_can_have_is_refused(emulator, name):
    with pytest.raises(DeploymentError, match="is no name for a stack"):
        deploying.deploy(emulator.session, name)


def test_a_default_bucket_name_too_long_for_s3_is_refused():
    with pytest.raises(DeploymentError, match="--parameter BucketName"):
        deploying.photo_bucket_name("a" * 57, "000000000000", "eu-central-1")


def test_a_template_too_long_for_a_call_goes_through_the_code_bucket(emulator, tmp_path, monkeypatch):
    longer = tmp_path / "data.yaml"
    longer.write_text(Part.DATA.template.read_text() + "# more than a call takes\n" * 2048)
    templates = {part: longer if part is Part.DATA else part.template for part in Part}
    monkeypatch.setattr(Part, "template", property(templates.get))
    outputs = deploying.deploy(emulator.session, "facegate-long")
    assert outputs["PhotoBucketName"] == "facegate-long-photos-000000000000-eu-central-1"
    listed = emulator.session.client("s3").list_objects_v2(
        Bucket="facegate-code-000000000000-eu-central-1", Prefix="templates/"
    )
    assert [entry["Size"] for entry in listed["Contents"]] == [longer.stat().st_size]


def test_what_would_change_is_asked_about_before_it_does(emulator, outputs, stack_name):
    asked = []

    def decline(changes):
        asked.extend(changes)
        return False

    with pytest.raises(DeploymentDeclined, match="Nothing was changed"):
        deploying.deploy(
            emulator.session, stack_name, parameters={"FrameDeadlineSeconds": "30"}, approve=decline
        )
    assert Change("Modify", "IngestFunction", "AWS::Lambda::Function", replaced=False) in asked
    assert deploying.deploy(emulator.session, stack_name, approve=decline) == outputs


def test_a_new_stack_that_nobody_wants_leaves_nothing_behind(emulator):
    with pytest.raises(DeploymentDeclined):
        deploying.deploy(emulator.session, "facegate-declined", approve=lambda _: False)
    for part in CORE:
        name = part.stack_name("facegate-declined")
        assert deploying.open_stack(emulator.session, name).describe() is None


def test_a_stack_from_before_queues_had_their_own_is_refused_and_stays(emulator, parsed):
    queues = Part.QUEUES.template.read_text()
    older = deploying.open_stack(emulator.session, "facegate-older", timeout=60)
    older.deploy({"TemplateBody": queues}, {"DataStack": "facegate-older"}, lambda _: True)
    with pytest.raises(DeploymentError, match="from before queues had a stack of their own"):
        deploying.deploy(emulator.session, "facegate-older")
    assert len(older.resources()) == len(parsed(queues)["Resources"])


def test_a_deleted_stack_keeps_its_data_and_names_it(emulator):
    deployed = deploying.deploy(emulator.session, "facegate-gone")
    stack = deploying.open_stack(emulator.session, "facegate-gone")
    kept = {resource.id for resource in stack.retained()}
    stack.delete()
    deploying.open_stack(emulator.session, Part.QUEUES.stack_name("facegate-gone")).delete()
    assert deploying.open_stack(emulator.session, "facegate-gone").describe() is None
    assert {deployed["PhotoBucketName"], deployed["PeopleTableName"], deployed["CollectionId"]} <= kept
    emulator.session.client("s3").head_bucket(Bucket=deployed["PhotoBucketName"])
    emulator.session.client("dynamodb").describe_table(TableName=deployed["PeopleTableName"])
    queues = emulator.session.client("sqs").list_queues(QueueNamePrefix="facegate-gone")
    assert not queues.get("QueueUrls")


def test_a_stack_that_is_not_there_cannot_be_deleted(emulator):
    with pytest.raises(DeploymentError, match="There is no stack facegate-nowhere"):
        deploying.open_stack(emulator.session, "facegate-nowhere").delete()
