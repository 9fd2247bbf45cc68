from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from localaws.emulator_lifecycle import expire


@pytest.fixture
def s3(emulator):
    return emulator.session.client("s3")


@pytest.fixture
def bucket(s3):
    name = f"lifecycle-{uuid4()}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    rules = [
        {
            "ID": "frames",
            "Status": "Enabled",
            "Filter": {"Prefix": "frames/"},
            "Expiration": {"Days": 1},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
        },
        {
            "ID": "photos",
            "Status": "Enabled",
            "Filter": {"Prefix": "index/"},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
        },
        {
            "ID": "off",
            "Status": "Disabled",
            "Filter": {"Prefix": "kept/"},
            "Expiration": {"Days": 1},
        },
    ]
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})
    return name


def in_days(days):
    return datetime.now(UTC) + timedelta(days=days)


def everything_in(s3, bucket):
    listed = s3.list_object_versions(Bucket=bucket)
    return sorted(entry["Key"] for entry in listed.get("Versions", []) + listed.get("DeleteMarkers", []))


def test_a_frame_is_gone_for_good_after_its_days_and_not_before(s3, bucket):
    s3.put_object(Bucket=bucket, Key="frames/lobby/1.jpg", Body=b"frame")
    assert expire(s3, bucket, in_days(0.9)) == 0
    assert expire(s3, bucket, in_days(1.1)) == 1
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    expire(s3, bucket, in_days(2.2))
    expire(s3, bucket, in_days(2.3))
    assert everything_in(s3, bucket) == []


def test_a_photo_stays_while_it_is_current_and_its_earlier_versions_do_not(s3, bucket):
    s3.put_object(Bucket=bucket, Key="index/ada.jpg", Body=b"old")
    s3.put_object(Bucket=bucket, Key="index/ada.jpg", Body=b"new")
    assert expire(s3, bucket, in_days(29)) == 0
    assert expire(s3, bucket, in_days(31)) == 1
    assert s3.get_object(Bucket=bucket, Key="index/ada.jpg")["Body"].read() == b"new"
    assert everything_in(s3, bucket) == ["index/ada.jpg"]


def test_what_no_rule_or_a_disabled_one_names_is_left_alone(s3, bucket):
    for key in ("kept/a", "elsewhere/b"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    assert expire(s3, bucket, in_days(1000)) == 0
    assert everything_in(s3, bucket) == ["elsewhere/b", "kept/a"]


def test_a_bucket_without_rules_is_left_alone(s3):
    s3.create_bucket(Bucket="no-rules", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_object(Bucket="no-rules", Key="frames/a", Body=b"x")
    assert expire(s3, "no-rules", in_days(1000)) == 0
