"""Images that wait in S3."""

import boto3
import pytest
from moto import mock_aws

from localaws.rekognition.protocol.errors import ServiceError
from localaws.rekognition.protocol.images import MAX_STORED_BYTES, ImageReader


@pytest.fixture
def s3(monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3", "us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
        client.create_bucket(Bucket="photos")
        client.put_bucket_versioning(Bucket="photos", VersioningConfiguration={"Status": "Enabled"})
        yield client


@pytest.fixture
def reader(s3):
    return ImageReader(lambda: s3)


def test_an_object_is_read_by_bucket_and_name(reader, s3):
    s3.put_object(Bucket="photos", Key="a.jpg", Body=b"picture")

    assert reader.read({"S3Object": {"Bucket": "photos", "Name": "a.jpg"}}) == b"picture"


def test_a_version_names_what_the_object_was_then(reader, s3):
    first = s3.put_object(Bucket="photos", Key="a.jpg", Body=b"then")["VersionId"]
    s3.put_object(Bucket="photos", Key="a.jpg", Body=b"now")

    then = {"Bucket": "photos", "Name": "a.jpg", "Version": first}
    assert reader.read({"S3Object": then}) == b"then"


def test_an_object_over_15_mb_is_too_large(reader, s3):
    s3.put_object(Bucket="photos", Key="a.jpg", Body=b"x" * (MAX_STORED_BYTES + 1))

    with pytest.raises(ServiceError) as caught:
        reader.read({"S3Object": {"Bucket": "photos", "Name": "a.jpg"}})
    assert caught.value.code == "ImageTooLargeException"


@pytest.mark.parametrize(
    "place", [{"Bucket": "photos", "Name": "no"}, {"Bucket": "no-such", "Name": "a.jpg"}]
)
def test_an_object_that_is_not_there_is_an_invalid_s3_object(reader, place):
    with pytest.raises(ServiceError) as caught:
        reader.read({"S3Object": place})
    assert caught.value.code == "InvalidS3ObjectException"
