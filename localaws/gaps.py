"""What the embedded CloudFormation drops without a word, set after deployment from the same template.

Without it "encrypted by default" or "deleted after a day" would hold on AWS and only look so here.
A test compares the deployed reality with the template for every property named in this module.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import boto3

from infra.filled import resources_made

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client


class UnknownIntrinsicError(Exception):
    """A property that has to be set here uses a function of CloudFormation that is not understood here."""


def close_gaps(session: boto3.Session, stack_name: str, template: str) -> None:
    """Set on every bucket and table of the stack what its template says and the emulator left out.

    Parameters
    ----------
    session : boto3.Session
        Credentials, region and endpoint of the embedded AWS.
    stack_name : str
        A deployed stack.
    template : str
        The template it was deployed from, in YAML.

    Raises
    ------
    UnknownIntrinsicError
        Where a value is written in a way that this module cannot evaluate.
    """
    s3, dynamodb = session.client("s3"), session.client("dynamodb")
    values = _StackValues(session, stack_name)
    for name, resource in resources_made(template, values.parameters).items():
        properties: Mapping[str, Any] = resource.get("Properties", {})
        if resource["Type"] == "AWS::S3::Bucket":
            _finish_bucket(s3, values.physical_id(name), properties, values)
        elif resource["Type"] == "AWS::DynamoDB::Table":
            _finish_table(dynamodb, values.physical_id(name), properties, values)


def _finish_bucket(
    s3: "S3Client", bucket: str, properties: Mapping[str, Any], values: "_StackValues"
) -> None:
    # dropped by the emulator: objects would not be encrypted with the stack's key
    if encryption := values.evaluate(properties.get("BucketEncryption")):
        rules = [
            {
                "ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"],
                "BucketKeyEnabled": rule.get("BucketKeyEnabled", False),
            }
            for rule in encryption["ServerSideEncryptionConfiguration"]
        ]
        s3.put_bucket_encryption(
            Bucket=bucket,
            ServerSideEncryptionConfiguration={"Rules": rules},  # type: ignore[typeddict-item]  # from YAML
        )
    # dropped by the emulator: frames would stay for ever
    if lifecycle := values.evaluate(properties.get("LifecycleConfiguration")):
        s3.put_bucket_lifecycle_configuration(
            Bucket=bucket,
            LifecycleConfiguration={"Rules": [_lifecycle_rule(rule) for rule in lifecycle["Rules"]]},
        )


def _lifecycle_rule(rule: Mapping[str, Any]) -> Any:
    """Return a rule in the words of the S3 API, which are not CloudFormation's."""
    rest = dict(rule)
    translated: dict[str, Any] = {
        "ID": rest.pop("Id"),
        "Status": rest.pop("Status"),
        "Filter": {"Prefix": rest.pop("Prefix", "")},
    }
    if "Transitions" in rest:
        translated["Transitions"] = [
            {"Days": int(transition["TransitionInDays"]), "StorageClass": transition["StorageClass"]}
            for transition in rest.pop("Transitions")
        ]
    if "ExpirationInDays" in rest:
        translated["Expiration"] = {"Days": int(rest.pop("ExpirationInDays"))}
    for same_in_both in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"):
        if same_in_both in rest:
            translated[same_in_both] = {key: int(value) for key, value in rest.pop(same_in_both).items()}
    if rest:
        raise UnknownIntrinsicError(f"The lifecycle rule {translated['ID']} has {', '.join(rest)}.")
    return translated


def _finish_table(
    dynamodb: "DynamoDBClient", table: str, properties: Mapping[str, Any], values: "_StackValues"
) -> None:
    # dropped by the emulator: the table would not be encrypted with the stack's key
    if encryption := values.evaluate(properties.get("SSESpecification")):
        dynamodb.update_table(
            TableName=table,
            SSESpecification={
                "Enabled": encryption["SSEEnabled"],
                "SSEType": encryption["SSEType"],
                "KMSMasterKeyId": encryption["KMSMasterKeyId"],
            },
        )
    # dropped by the emulator: expired items would stay for ever
    if (expiry := values.evaluate(properties.get("TimeToLiveSpecification"))) and (
        dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"].get("AttributeName")
        != expiry["AttributeName"]
    ):
        dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=expiry)
    # dropped by the emulator: a table could not be brought back to an earlier moment
    if recovery := values.evaluate(properties.get("PointInTimeRecoverySpecification")):
        dynamodb.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=recovery)


class _StackValues:
    """Evaluates the few functions of CloudFormation that the properties above are written with."""

    def __init__(self, session: boto3.Session, stack_name: str) -> None:
        cloudformation = session.client("cloudformation")
        pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack_name)
        summaries = [summary for page in pages for summary in page["StackResourceSummaries"]]
        self._physical_ids = {
            summary["LogicalResourceId"]: summary.get("PhysicalResourceId", "") for summary in summaries
        }
        self._keys = {
            summary["LogicalResourceId"]
            for summary in summaries
            if summary["ResourceType"] == "AWS::KMS::Key"
        }
        stack = cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]
        self.parameters = {
            parameter.get("ParameterKey", ""): parameter.get("ParameterValue", "")
            for parameter in stack.get("Parameters", [])
        }
        self._kms = session.client("kms")

    def physical_id(self, logical_id: str) -> str:
        return self._physical_ids[logical_id]

    def evaluate(self, value: Any) -> Any:
        match value:
            case {"Ref": str(name)} if name in self._physical_ids:
                return self._physical_ids[name]
            case {"Fn::GetAtt": [str(name), "Arn"]} if name in self._keys:
                return self._kms.describe_key(KeyId=self._physical_ids[name])["KeyMetadata"].get("Arn")
            case {"Ref": _} | {"Fn::GetAtt": _} | {"Fn::Sub": _} | {"Fn::If": _}:
                raise UnknownIntrinsicError(f"{value} cannot be evaluated for the embedded AWS.")
            case dict():
                return {key: self.evaluate(inner) for key, inner in value.items()}  # pyright: ignore[reportUnknownVariableType]  # any YAML
            case list():
                return [self.evaluate(inner) for inner in value]  # pyright: ignore[reportUnknownVariableType]  # any YAML
            case _:
                return value
