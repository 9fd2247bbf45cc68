"""List prices, read from a file that says of when they are, of where, and from which pages."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

_LIST = Path(__file__).with_name("us-east-1.toml")

Usd = Annotated[float, Field(ge=0)]


class UnreadablePrices(Exception):
    """A file of prices cannot be read; the message says what is wrong with it."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _OfService(_Section):
    source: str


class Tier(_Section):
    """The price of each unit until so many a month are reached; of all others where no number is given."""

    usd: Usd
    up_to: int | None = None


class RekognitionPrices(_OfService):
    """Images analysed, by how many a month, and face or user vectors kept for a month."""

    image: tuple[Tier, ...] = Field(min_length=1)
    vector_month: Usd

    def images(self, number: float) -> float:
        """Return what so many images of one month cost, in US dollars."""
        total, reached = 0.0, 0.0
        for tier in self.image:
            upper = number if tier.up_to is None else min(number, tier.up_to)
            total += max(0.0, upper - reached) * tier.usd
            reached = max(reached, upper)
        return total


class SqsPrices(_OfService):
    """A request of at most 64 KiB."""

    request: Usd


class DynamoDbPrices(_OfService):
    """Request units on demand; a GB kept, and one of backups, for a month."""

    write_unit: Usd
    read_unit: Usd
    gb_month: Usd
    backup_gb_month: Usd


class S3Prices(_OfService):
    """Calls, and a GB kept for a month."""

    put: Usd
    get: Usd
    gb_month: Usd


class KmsPrices(_OfService):
    """A call, and a key for a month."""

    request: Usd
    key_month: Usd


class LambdaPrices(_OfService):
    """A run, and a second of a GB of memory."""

    run: Usd
    gb_second: Usd


class Ec2Prices(_OfService):
    """An hour of each type of instance, and a GB of disk for a month."""

    instance_hour: Mapping[str, Usd]
    volume_gb_month: Usd


class NetworkPrices(_OfService):
    """Hours of what stands in the network, and GB that go through it."""

    public_address_hour: Usd
    nat_gateway_hour: Usd
    endpoint_hour: Usd
    endpoint_gb: Usd
    balancer_hour: Usd
    balancer_unit_hour: Usd
    gb_out: Usd


class CloudWatchPrices(_OfService):
    """Alarms by the metrics they look at, dashboards, metrics of our own, and logs."""

    alarm_metric_month: Usd
    dashboard_month: Usd
    metric_month: Usd
    log_gb: Usd
    log_gb_month: Usd


class Prices(_Section):
    """List prices of one region, in US dollars.

    Attributes
    ----------
    region : str
        Where they hold.
    as_of : str
        The month in which they were read.
    """

    region: str
    as_of: str
    rekognition: RekognitionPrices
    sqs: SqsPrices
    dynamodb: DynamoDbPrices
    s3: S3Prices
    kms: KmsPrices
    lambda_: LambdaPrices = Field(alias="lambda")
    ec2: Ec2Prices
    network: NetworkPrices
    cloudwatch: CloudWatchPrices


def prices_of(path: Path) -> Prices:
    """Read prices from a TOML file of the form of ``us-east-1.toml``.

    Raises
    ------
    UnreadablePrices
        Where it is no such file.
    """
    try:
        return Prices.model_validate(tomllib.loads(path.read_text()))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise UnreadablePrices(f"{path} is no list of prices: {error}") from error


@cache
def list_prices() -> Prices:
    """Return the prices that come with Facegate."""
    return prices_of(_LIST)
