"""How much of AWS is used in a period."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

HOURS_A_MONTH = 730.0


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Amounts of a period; what is not known is 0.

    Attributes
    ----------
    hours : float
        The period's length; amounts that are kept (GB, vectors, keys) are those of all of it.
    face_images : float
        Calls of Rekognition's group 1 that succeeded: searches, IndexFaces, AssociateFaces.
    vectors : float
        Faces and users in the collection.
    sqs_requests, dynamodb_write_units, dynamodb_read_units, s3_puts, s3_gets, kms_requests : float
        Calls, in the units that are charged.
    table_gb, photo_gb : float
        What is kept in tables and in the bucket.
    keys : float
        KMS keys.
    lambda_runs, lambda_gb_seconds : float
        Runs, and seconds of them times their memory.
    instances : mapping of str to float
        How many instances of each type run all the time.
    volume_gb : float
        Their disks.
    public_addresses, nat_gateways, endpoints, balancers, balancer_units : float
        What stands in the network all the time; an interface endpoint counts once a zone.
    gb_to_aws, gb_out : float
        What instances exchange with AWS's services, through endpoints where there are any, and what goes
        out to the internet.
    alarm_metrics, dashboards, own_metrics : float
        In CloudWatch.
    log_gb, kept_log_gb : float
        Logs written in the period, and kept.
    """

    hours: float = HOURS_A_MONTH
    face_images: float = 0
    vectors: float = 0
    sqs_requests: float = 0
    dynamodb_write_units: float = 0
    dynamodb_read_units: float = 0
    table_gb: float = 0
    s3_puts: float = 0
    s3_gets: float = 0
    photo_gb: float = 0
    kms_requests: float = 0
    keys: float = 0
    lambda_runs: float = 0
    lambda_gb_seconds: float = 0
    instances: Mapping[str, float] = field(default_factory=dict[str, float])
    volume_gb: float = 0
    public_addresses: float = 0
    nat_gateways: float = 0
    endpoints: float = 0
    gb_to_aws: float = 0
    balancers: float = 0
    balancer_units: float = 0
    gb_out: float = 0
    alarm_metrics: float = 0
    dashboards: float = 0
    own_metrics: float = 0
    log_gb: float = 0
    kept_log_gb: float = 0

    def __add__(self, other: "Usage") -> "Usage":
        """Return both together, which have to be of the same period."""
        if self.hours != other.hours:
            raise ValueError(
                f"usage of {self.hours:g} hours cannot be added to that of {other.hours:g} hours"
            )
        amounts = {
            amount.name: getattr(self, amount.name) + getattr(other, amount.name)
            for amount in fields(self)
            if amount.name not in {"hours", "instances"}
        }
        types = {*self.instances, *other.instances}
        instances = {kind: self.instances.get(kind, 0) + other.instances.get(kind, 0) for kind in types}
        return Usage(hours=self.hours, instances=instances, **amounts)
