"""What a period's usage costs at list prices."""

from collections.abc import Iterator
from typing import NamedTuple

from services.prices.price_list import Prices
from services.prices.usage import HOURS_A_MONTH, Usage


class UnknownInstanceType(Exception):
    """An instance's type stands in no list of prices; the message names it."""


class CostLine(NamedTuple):
    """One line of the bill.

    Attributes
    ----------
    service : str
        AWS's name for it.
    what : str
        What is paid for.
    quantity : float
        How much of it, in `unit`.
    usd : float
        US dollars for the whole period.
    """

    service: str
    what: str
    quantity: float
    unit: str
    usd: float


def estimate(usage: Usage, prices: Prices) -> list[CostLine]:
    """Return what a period's usage costs, without lines of which nothing is used.

    Parameters
    ----------
    usage : Usage
        Amounts of the period.
    prices : Prices
        List prices. Tiers are those of a month: a part of one is taken for a month with less in it.

    Raises
    ------
    UnknownInstanceType
        Where the prices do not name a type of instance.
    """
    lines = [
        *_calls(usage, prices),
        *_kept(usage, prices),
        *_machines(usage, prices),
        *_network(usage, prices),
        *_watched(usage, prices),
    ]
    return [line for line in lines if line.quantity]


def _calls(usage: Usage, prices: Prices) -> Iterator[CostLine]:
    images = prices.rekognition.images(usage.face_images)
    yield CostLine("Rekognition", "images", usage.face_images, "images", images)
    for service, what, quantity, unit, price in (
        ("SQS", "messages", usage.sqs_requests, "requests", prices.sqs.request),
        ("DynamoDB", "writes", usage.dynamodb_write_units, "units", prices.dynamodb.write_unit),
        ("DynamoDB", "reads", usage.dynamodb_read_units, "units", prices.dynamodb.read_unit),
        ("S3", "writes", usage.s3_puts, "requests", prices.s3.put),
        ("S3", "reads", usage.s3_gets, "requests", prices.s3.get),
        ("KMS", "calls", usage.kms_requests, "requests", prices.kms.request),
        ("Lambda", "runs", usage.lambda_runs, "runs", prices.lambda_.run),
        ("Lambda", "memory", usage.lambda_gb_seconds, "GB-seconds", prices.lambda_.gb_second),
    ):
        yield CostLine(service, what, quantity, unit, quantity * price)


def _kept(usage: Usage, prices: Prices) -> Iterator[CostLine]:
    months = usage.hours / HOURS_A_MONTH
    for service, what, quantity, unit, price in (
        ("Rekognition", "faces and users kept", usage.vectors, "vectors", prices.rekognition.vector_month),
        ("DynamoDB", "tables", usage.table_gb, "GB", prices.dynamodb.gb_month),
        ("DynamoDB", "point-in-time recovery", usage.table_gb, "GB", prices.dynamodb.backup_gb_month),
        ("S3", "photos", usage.photo_gb, "GB", prices.s3.gb_month),
        ("KMS", "keys", usage.keys, "keys", prices.kms.key_month),
    ):
        yield CostLine(service, what, quantity, unit, quantity * price * months)


def _machines(usage: Usage, prices: Prices) -> Iterator[CostLine]:
    for kind, number in sorted(usage.instances.items()):
        if kind not in prices.ec2.instance_hour:
            raise UnknownInstanceType(
                f"The list of prices of {prices.region} has no {kind}; "
                f"it has {', '.join(prices.ec2.instance_hour)}."
            )
        hourly = prices.ec2.instance_hour[kind]
        yield CostLine("EC2", kind, number, "instances", number * hourly * usage.hours)
    disks = usage.volume_gb * prices.ec2.volume_gb_month * usage.hours / HOURS_A_MONTH
    yield CostLine("EC2", "disks", usage.volume_gb, "GB", disks)


def _network(usage: Usage, prices: Prices) -> Iterator[CostLine]:
    network = prices.network
    for service, what, quantity, unit, hourly in (
        ("VPC", "public addresses", usage.public_addresses, "addresses", network.public_address_hour),
        ("VPC", "NAT gateways", usage.nat_gateways, "gateways", network.nat_gateway_hour),
        ("VPC", "interface endpoints", usage.endpoints, "endpoints by zones", network.endpoint_hour),
        ("Load balancing", "load balancers", usage.balancers, "load balancers", network.balancer_hour),
        ("Load balancing", "capacity units", usage.balancer_units, "units", network.balancer_unit_hour),
    ):
        yield CostLine(service, what, quantity, unit, quantity * hourly * usage.hours)
    through = usage.gb_to_aws if usage.endpoints else 0.0
    yield CostLine("VPC", "through endpoints", through, "GB", through * network.endpoint_gb)
    yield CostLine("Data transfer", "to the internet", usage.gb_out, "GB", usage.gb_out * network.gb_out)


def _watched(usage: Usage, prices: Prices) -> Iterator[CostLine]:
    months = usage.hours / HOURS_A_MONTH
    cloudwatch = prices.cloudwatch
    for what, quantity, unit, price in (
        ("alarms", usage.alarm_metrics, "metrics", cloudwatch.alarm_metric_month),
        ("dashboards", usage.dashboards, "dashboards", cloudwatch.dashboard_month),
        ("own metrics", usage.own_metrics, "metrics", cloudwatch.metric_month),
        ("logs kept", usage.kept_log_gb, "GB", cloudwatch.log_gb_month),
    ):
        yield CostLine("CloudWatch", what, quantity, unit, quantity * price * months)
    yield CostLine("CloudWatch", "logs written", usage.log_gb, "GB", usage.log_gb * cloudwatch.log_gb)
