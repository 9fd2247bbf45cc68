"""The adapters against moto: a stack's resources without the stack."""

import re
from functools import cache

import boto3
import botocore.session
import pytest
import requests
import yaml
from botocore.loaders import create_loader
from moto import mock_aws
from moto.server import ThreadedMotoServer

from infra.parts import Part
from services.aws.connection import Aws, AwsSettings, StackOutputs

REGION = "us-east-1"


@pytest.fixture
def credentials(monkeypatch):
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_REKOGNITION"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)


class _WithoutFunctions(yaml.SafeLoader):
    """The template, without what CloudFormation would have to evaluate."""


_WithoutFunctions.add_multi_constructor("!", lambda *_: None)


@cache
def tables():
    """The template's tables, keys and indexes as it has them, by their names in lower case."""
    resources = yaml.load(Part.DATA.template.read_text(), _WithoutFunctions)["Resources"]  # noqa: S506  # a SafeLoader
    return {
        re.sub("Table$", "", name).lower(): {
            part: resource["Properties"][part]
            for part in ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
            if part in resource["Properties"]
        }
        for name, resource in resources.items()
        if resource["Type"] == "AWS::DynamoDB::Table"
    }


def make_resources(session: boto3.Session) -> StackOutputs:
    dynamodb, sqs = session.client("dynamodb"), session.client("sqs")
    for table, properties in tables().items():
        dynamodb.create_table(TableName=table, **properties)
    urls = {
        name: sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "1"})["QueueUrl"]
        for name in ("recognize", "recognize-dead-letters", "enroll", "enroll-dead-letters")
    }
    session.client("s3").create_bucket(Bucket="photos")
    return StackOutputs(
        photo_bucket_name="photos",
        recognize_queue_url=urls["recognize"],
        recognize_dead_letter_queue_url=urls["recognize-dead-letters"],
        enroll_queue_url=urls["enroll"],
        enroll_dead_letter_queue_url=urls["enroll-dead-letters"],
        reply_queue_prefix="facegate-reply-",
        collection_id="facegate",
        **{f"{table}_table_name": table for table in tables()},
    )


@cache
def models_of_services():
    """botocore's models, read once for all tests: that takes longer than most of them."""
    return create_loader()


@pytest.fixture
def aws(credentials):
    with mock_aws():
        core = botocore.session.get_session()
        core.register_component("data_loader", models_of_services())
        session = boto3.Session(botocore_session=core)
        yield Aws(session, AwsSettings(), make_resources(session))


@pytest.fixture(scope="module")
def served_aws():
    """The same over HTTP, for what does not go through botocore in this process."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        environment.setenv("AWS_DEFAULT_REGION", REGION)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            environment.setenv(name, "test")
        session = boto3.Session()
        yield Aws(session, AwsSettings(), make_resources(session))
    # moto's server shares its state with every other test of this process
    requests.post(f"http://{host}:{port}/moto-api/reset", timeout=5)
    server.stop()
