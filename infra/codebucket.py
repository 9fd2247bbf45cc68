"""The bucket that holds the Lambda's zip: private, encrypted, versioned, one an account and region."""

import json
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import ClientError

from infra.errors import DeploymentError
from infra.package import Package

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def store_package(session: boto3.Session, account: str, package: Package) -> str:
    """Upload the zip under its content hash, making the bucket where it is missing.

    Returns
    -------
    str
        The bucket's name.
    """
    s3 = session.client("s3")
    bucket = f"facegate-code-{account}-{session.region_name}"
    if not _bucket_exists(s3, bucket, account):
        partition = session.get_partition_for_region(session.region_name)
        _create_bucket(s3, bucket, session.region_name, f"arn:{partition}:s3:::{bucket}")
    if not _object_exists(s3, bucket, package.key):
        s3.put_object(Bucket=bucket, Key=package.key, Body=package.data, ContentType="application/zip")
    return bucket


def _bucket_exists(s3: "S3Client", bucket: str, account: str) -> bool:
    try:
        # the owner is checked: a Lambda must not run code from a bucket that somebody else named first
        s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=account)
    except ClientError as error:
        if _code(error) == "404":
            return False
        if _code(error) == "403":
            raise DeploymentError(
                f"The code bucket {bucket} belongs to another account, or these credentials may not "
                "list it (s3:ListBucket)."
            ) from error
        raise
    return True


def _create_bucket(s3: "S3Client", bucket: str, region: str, arn: str) -> None:
    if region == "us-east-1":  # the one region that S3 refuses to be told
        s3.create_bucket(Bucket=bucket)
    else:
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})  # type: ignore[typeddict-item]  # the stubs list regions as literals
    s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        },
    )
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_encryption(
        Bucket=bucket,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        },
    )
    deny_insecure_transport = {
        "Sid": "DenyInsecureTransport",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    s3.put_bucket_policy(
        Bucket=bucket,
        Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny_insecure_transport]}),
    )


def _object_exists(s3: "S3Client", bucket: str, key: str) -> bool:
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if _code(error) == "404":
            return False
        raise
    return True


def _code(error: ClientError) -> str:
    """Return AWS's error code; to HEAD it answers with the bare HTTP status."""
    return error.response.get("Error", {}).get("Code", "")
