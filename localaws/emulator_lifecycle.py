"""Carries the lifecycle rules of buckets out, which ministack keeps but never acts on.

Frames would stay on a laptop for ever, although the stack promises that they are gone after a day.
"""

import asyncio
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_INTERVAL_SECONDS = 3600.0
_FIRST_AFTER_SECONDS = 60.0


async def carry_out(endpoint: str, stopping: asyncio.Event) -> None:
    """Expire what is due a minute after the start and every hour after that, until the emulator stops.

    Parameters
    ----------
    endpoint : str
        The emulator's own URL.
    stopping : asyncio.Event
        Set when the emulator stops.
    """
    pause = _FIRST_AFTER_SECONDS
    while not stopping.is_set():
        try:
            await asyncio.wait_for(stopping.wait(), pause)
        except TimeoutError:
            pause = _INTERVAL_SECONDS
            await asyncio.to_thread(_expire_all, endpoint, stopping)


def _expire_all(endpoint: str, stopping: asyncio.Event) -> None:
    # one attempt: where the emulator stops meanwhile, nobody should wait for retries
    s3 = boto3.Session("test", "test", region_name="us-east-1").client(
        "s3", endpoint_url=endpoint, config=Config(retries={"total_max_attempts": 1})
    )
    try:
        for bucket in s3.list_buckets()["Buckets"]:
            if stopping.is_set():
                return
            expire(s3, bucket.get("Name", ""), datetime.now(UTC))
    except (BotoCoreError, ClientError) as error:
        if not stopping.is_set():
            sys.stderr.write(f"the embedded S3's lifecycle rules were not carried out: {error}\n")


class _Version(NamedTuple):
    id: str
    is_marker: bool
    put_at: datetime


def expire(s3: "S3Client", bucket: str, now: datetime) -> int:
    """Delete what a bucket's rules say is due; return how many objects and versions that were.

    A current object that is due gets a delete marker, as in S3 where versions are kept; its version
    goes when it has been out of date for as long as the rule says, and the marker when it is alone.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
    """
    try:
        rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket).get("Rules", [])
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "NoSuchLifecycleConfiguration":
            return 0
        raise
    deleted = 0
    for rule in rules:
        if rule["Status"] != "Enabled":
            continue
        for key, versions in _versions(s3, bucket, rule.get("Filter", {}).get("Prefix", "")).items():
            for due in _due(versions, rule, now):
                s3.delete_object(Bucket=bucket, Key=key, **due)
                deleted += 1
    return deleted


def _versions(s3: "S3Client", bucket: str, prefix: str) -> dict[str, list[_Version]]:
    """Return the versions and delete markers of each key, the current one first."""
    found: dict[str, list[_Version]] = defaultdict(list)
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        for is_marker, name in ((False, "Versions"), (True, "DeleteMarkers")):
            entries: list[Any] = page.get(name, [])  # type: ignore[assignment]  # two types of one shape
            for entry in entries:
                version = _Version(entry["VersionId"], is_marker, entry["LastModified"])
                if entry["IsLatest"]:
                    found[entry["Key"]].insert(0, version)
                else:
                    found[entry["Key"]].append(version)
    return found


def _due(versions: list[_Version], rule: Any, now: datetime) -> Iterator[dict[str, Any]]:
    current, *earlier = versions
    noncurrent_days = rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays")
    kept = 0
    replaced_at = current.put_at
    for version in sorted(earlier, key=lambda version: version.put_at, reverse=True):
        if noncurrent_days is not None and now - replaced_at >= timedelta(days=noncurrent_days):
            yield {"VersionId": version.id}
        else:
            kept += 1
        replaced_at = version.put_at
    days = rule.get("Expiration", {}).get("Days")
    if days is None:
        return
    if current.is_marker:
        if not kept:
            yield {"VersionId": current.id}
    elif now - current.put_at >= timedelta(days=days):
        yield {}
