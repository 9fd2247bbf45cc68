"""The bucket of what is deployed, the Lambda's zip and large templates: private, encrypted, versioned.

There is one an account and region.
"""

import json
from hashlib import sha256
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import ClientError

from infra.errors import DeploymentError
from infra.package import Package

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


#: CloudFormation's limit for a template that comes with the call itself, bytes.
_LARGEST_BODY = 51_200


class CodeBucket:
    """The bucket, made when something is first kept in it.

    Parameters
    ----------
    session : boto3.Session
        Credentials and region.
    account : str
        The account's id, which must be the bucket's owner.
    """

    def __init__(self, session: boto3.Session, account: str) -> None:
        self._s3 = session.client("s3")
        self._session = session
        self._account = account
        self.name = f"facegate-code-{account}-{session.region_name}"

    def store(self, package: Package) -> None:
        """Upload a package under its content hash."""
        self._put(package.key, package.data, "application/octet-stream")

    def template(self, text: str) -> dict[str, str]:
        """Return a template as CloudFormation's calls take it: itself or, where it is too long, its URL."""
        data = text.encode()
        if len(data) <= _LARGEST_BODY:
            return {"TemplateBody": text}
        key = f"templates/{sha256(data).hexdigest()}.yaml"
        self._put(key, data, "application/yaml")
        return {"TemplateURL": f"{self._s3.meta.endpoint_url}/{self.name}/{key}"}

    def _put(self, key: str, data: bytes, content_type: str) -> None:
        if not _bucket_exists(self._s3, self.name, self._account):
            region = self._session.region_name
            arn = f"arn:{self._session.get_partition_for_region(region)}:s3:::{self.name}"
            _create_bucket(self._s3, self.name, region, arn)
        if not _object_exists(self._s3, self.name, key):
            self._s3.put_object(Bucket=self.name, Key=key, Body=data, ContentType=content_type)


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
