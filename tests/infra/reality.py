"""What the emulator says there is of a resource, in the words of CloudFormation's templates."""

import json
from functools import partial


def queue(session, url):
    attributes = session.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])[
        "Attributes"
    ]
    numbers = ("VisibilityTimeout", "MessageRetentionPeriod", "MaximumMessageSize")
    found = {name: int(attributes[name]) for name in numbers}
    if "RedrivePolicy" in attributes:
        found["RedrivePolicy"] = json.loads(attributes["RedrivePolicy"])
    return found | {
        "QueueName": attributes["QueueArn"].rpartition(":")[2],
        "SqsManagedSseEnabled": attributes["SqsManagedSseEnabled"] == "true",
    }


def policy_of_queues(session, declared):
    sqs = session.client("sqs")
    policies = [
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
        for url in declared["Queues"]
    ]
    assert len(set(policies)) == 1
    return {"Queues": declared["Queues"], "PolicyDocument": json.loads(policies[0])}


def table(session, name):
    dynamodb = session.client("dynamodb")
    told = dynamodb.describe_table(TableName=name)["Table"]
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    recovery = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
    encryption = told["SSEDescription"]
    found = {
        "BillingMode": told["BillingModeSummary"]["BillingMode"],
        "AttributeDefinitions": told["AttributeDefinitions"],
        "KeySchema": told["KeySchema"],
        "SSESpecification": {
            "SSEEnabled": encryption["Status"] == "ENABLED",
            "SSEType": encryption["SSEType"],
            "KMSMasterKeyId": encryption["KMSMasterKeyArn"],
        },
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": recovery == "ENABLED"},
        "DeletionProtectionEnabled": told["DeletionProtectionEnabled"],
    }
    if indexes := told.get("GlobalSecondaryIndexes"):
        said = ("IndexName", "KeySchema", "Projection")
        found["GlobalSecondaryIndexes"] = [{part: index[part] for part in said} for index in indexes]
    if expiry["TimeToLiveStatus"] == "ENABLED":
        found["TimeToLiveSpecification"] = {"AttributeName": expiry["AttributeName"], "Enabled": True}
    return found


def bucket(session, name):
    s3 = session.client("s3")

    def get(what):
        return getattr(s3, f"get_{what}")(Bucket=name)

    encryption = get("bucket_encryption")["ServerSideEncryptionConfiguration"]["Rules"]
    lifecycle = get("bucket_lifecycle_configuration")["Rules"]
    return {
        "BucketName": name,
        "VersioningConfiguration": {"Status": get("bucket_versioning")["Status"]},
        "OwnershipControls": get("bucket_ownership_controls")["OwnershipControls"],
        "PublicAccessBlockConfiguration": get("public_access_block")["PublicAccessBlockConfiguration"],
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [
                {
                    "BucketKeyEnabled": rule["BucketKeyEnabled"],
                    "ServerSideEncryptionByDefault": rule["ApplyServerSideEncryptionByDefault"],
                }
                for rule in encryption
            ]
        },
        "LifecycleConfiguration": {"Rules": [_lifecycle_rule(rule) for rule in lifecycle]},
        "NotificationConfiguration": {
            "LambdaConfigurations": [
                {
                    "Event": event,
                    "Function": entry["LambdaFunctionArn"],
                    "Filter": {"S3Key": {"Rules": entry["Filter"]["Key"]["FilterRules"]}},
                }
                for entry in get("bucket_notification_configuration")["LambdaFunctionConfigurations"]
                for event in entry["Events"]
            ]
        },
    }


def _lifecycle_rule(rule):
    found = {"Id": rule["ID"], "Status": rule["Status"], "Prefix": rule["Filter"]["Prefix"]}
    if "Expiration" in rule:
        found["ExpirationInDays"] = rule["Expiration"]["Days"]
    same = ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload")
    return found | {name: rule[name] for name in same if name in rule}


def policy_of_bucket(session, declared):
    policy = session.client("s3").get_bucket_policy(Bucket=declared["Bucket"])["Policy"]
    return {"Bucket": declared["Bucket"], "PolicyDocument": json.loads(policy)}


def key(session, key_id):
    kms = session.client("kms")
    return {
        "Description": kms.describe_key(KeyId=key_id)["KeyMetadata"]["Description"],
        "EnableKeyRotation": kms.get_key_rotation_status(KeyId=key_id)["KeyRotationEnabled"],
        "KeyPolicy": json.loads(kms.get_key_policy(KeyId=key_id)["Policy"]),
    }


def alias(session, name):
    return {
        "AliasName": name,
        "TargetKeyId": session.client("kms").describe_key(KeyId=name)["KeyMetadata"]["KeyId"],
    }


def managed_policy(session, arn):
    iam = session.client("iam")
    policy = iam.get_policy(PolicyArn=arn)["Policy"]
    version = iam.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
    return {"Description": policy["Description"], "PolicyDocument": version["Document"]}


def role(session, name):
    iam = session.client("iam")
    inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
    return {
        "AssumeRolePolicyDocument": iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"],
        "Policies": [
            {
                "PolicyName": policy,
                "PolicyDocument": iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"],
            }
            for policy in inline
        ],
    }


def function(session, name):
    functions = session.client("lambda")
    told = functions.get_function_configuration(FunctionName=name)
    same = (
        "FunctionName",
        "Description",
        "Runtime",
        "Handler",
        "Role",
        "MemorySize",
        "Timeout",
        "Environment",
    )
    same += ("LoggingConfig", "Architectures", "DeadLetterConfig")
    found = {part: told[part] for part in same if part in told}
    reserved = functions.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions")
    return found | ({} if reserved is None else {"ReservedConcurrentExecutions": reserved})


def events_of_function(session, declared):
    named = {"FunctionName": declared["FunctionName"], "Qualifier": declared["Qualifier"]}
    told = session.client("lambda").get_function_event_invoke_config(**named)
    failed = {"OnFailure": told["DestinationConfig"]["OnFailure"]}
    return named | {"MaximumRetryAttempts": told["MaximumRetryAttempts"], "DestinationConfig": failed}


def permission_of_function(session, declared):
    policy = session.client("lambda").get_policy(FunctionName=declared["FunctionName"])["Policy"]
    [statement] = json.loads(policy)["Statement"]
    return {
        "FunctionName": statement["Resource"].rpartition(":")[2],
        "Action": statement["Action"],
        "Principal": statement["Principal"]["Service"],
        "SourceAccount": statement["Condition"]["StringEquals"]["AWS:SourceAccount"],
        "SourceArn": statement["Condition"]["ArnLike"]["AWS:SourceArn"],
    }


def log_group(session, name):
    groups = session.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    [told] = [group for group in groups if group["logGroupName"] == name]
    names = {"logGroupName": "LogGroupName", "retentionInDays": "RetentionInDays", "kmsKeyId": "KmsKeyId"}
    return {names[part]: value for part, value in told.items() if part in names}


def _physical(look, session, physical_id, _declared):
    return look(session, physical_id)


def _declared(look, session, _physical_id, declared):
    return look(session, declared)


#: By type: asked with a session, the physical id, and what is declared, which names those without such an id.
LOOKS = {
    "AWS::SQS::Queue": partial(_physical, queue),
    "AWS::SQS::QueuePolicy": partial(_declared, policy_of_queues),
    "AWS::DynamoDB::Table": partial(_physical, table),
    "AWS::S3::Bucket": partial(_physical, bucket),
    "AWS::S3::BucketPolicy": partial(_declared, policy_of_bucket),
    "AWS::KMS::Key": partial(_physical, key),
    "AWS::KMS::Alias": partial(_physical, alias),
    "AWS::IAM::ManagedPolicy": partial(_physical, managed_policy),
    "AWS::IAM::Role": partial(_physical, role),
    "AWS::Lambda::Function": partial(_physical, function),
    "AWS::Lambda::EventInvokeConfig": partial(_declared, events_of_function),
    "AWS::Lambda::Permission": partial(_declared, permission_of_function),
    "AWS::Logs::LogGroup": partial(_physical, log_group),
}
