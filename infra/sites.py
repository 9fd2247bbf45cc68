"""Sites of three sizes: what each does in a day, and what of AWS stands there for it all the time."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from infra.filled import resources_made
from infra.parts import CORE, Part
from services.prices.usage import Usage
from services.prices.workload import Workload

_SIZES = Path(__file__).parent / "sizes"
#: A gateway, a recognize and an enroll worker, where they share an instance; elsewhere each has its own.
_PROCESSES = 3
#: An application load balancer has an address in each of its two zones.
_BALANCER_ADDRESSES = 2
#: A policy that follows a target makes one alarm for more instances and one for fewer.
_ALARMS_A_TARGET = 2

_Resources = Mapping[str, Mapping[str, Any]]


class Site(StrEnum):
    """A site's size; the reasoning stands in the file of its parameters."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"

    @property
    def parts(self) -> tuple[Part, ...]:
        """What it is made of: a small site has one instance."""
        instances = Part.SINGLE if self is Site.SMALL else Part.COMPUTE
        return (*CORE, Part.NETWORK, Part.OBSERVABILITY, instances)

    @property
    def parameters(self) -> dict[str, str]:
        """What it is deployed with."""
        values: Mapping[str, Any] = yaml.safe_load((_SIZES / f"{self.value}.yaml").read_text())
        return {name: str(value) for name, value in values.items()}

    @property
    def workload(self) -> Workload:
        """What it does in a day, with three photos of everybody."""
        people, kiosks, visits, photos = _NUMBERS[self]
        return Workload(
            decisions_a_day=visits,
            photos_a_day=photos,
            people=people,
            photos=3 * people,
            kiosks=kiosks,
            processes=_PROCESSES if Part.SINGLE in self.parts else sum(self.installation.instances.values()),
        )

    @property
    def installation(self) -> Usage:
        """What stands there for a month, counted in the templates, with no more instances than always run."""
        parameters = self.parameters
        total = Usage()
        for part in self.parts:
            total += _installed(resources_made(part.template.read_text(), parameters))
        return total


#: People, kiosks, visits a day, photos enrolled a day: as the sizes' files say, and new people as they come.
_NUMBERS = {
    Site.SMALL: (500, 10, 2_000, 5),
    Site.MEDIUM: (10_000, 100, 40_000, 100),
    Site.LARGE: (200_000, 1_000, 500_000, 2_000),
}


def _installed(resources: _Resources) -> Usage:
    def of(kind: str) -> list[Mapping[str, Any]]:
        found = (resource for resource in resources.values() if resource["Type"] == kind)
        return [resource.get("Properties", {}) for resource in found]

    instances, volume_gb = _instances(resources)
    balancers = len(of("AWS::ElasticLoadBalancingV2::LoadBalancer"))
    interfaces = [
        endpoint for endpoint in of("AWS::EC2::VPCEndpoint") if endpoint["VpcEndpointType"] == "Interface"
    ]
    return Usage(
        keys=len(of("AWS::KMS::Key")),
        instances=instances,
        volume_gb=volume_gb,
        balancers=balancers,
        balancer_units=balancers,
        public_addresses=balancers * _BALANCER_ADDRESSES + len(of("AWS::EC2::EIP")),
        nat_gateways=len(of("AWS::EC2::NatGateway")),
        endpoints=sum(len(endpoint["SubnetIds"]) for endpoint in interfaces),
        alarm_metrics=sum(map(_metrics, of("AWS::CloudWatch::Alarm")))
        + sum(map(_metrics_followed, of("AWS::AutoScaling::ScalingPolicy"))),
        dashboards=len(of("AWS::CloudWatch::Dashboard")),
    )


def _instances(resources: _Resources) -> tuple[dict[str, float], float]:
    """Return how many of each type always run, and the GB of their disks."""
    numbers: dict[str, float] = {}
    disks = 0.0
    for resource in resources.values():
        if resource["Type"] not in {"AWS::AutoScaling::AutoScalingGroup", "AWS::EC2::Instance"}:
            continue
        group = resource["Properties"]
        template = resources[group["LaunchTemplate"]["LaunchTemplateId"]["Ref"]]
        launched = template["Properties"]["LaunchTemplateData"]
        number = float(group.get("MinSize", 1))
        numbers[launched["InstanceType"]] = numbers.get(launched["InstanceType"], 0) + number
        disks += number * sum(disk["Ebs"]["VolumeSize"] for disk in launched["BlockDeviceMappings"])
    return numbers, disks


def _metrics(alarm: Mapping[str, Any]) -> int:
    return _metrics_of(alarm.get("Metrics", ())) or 1


def _metrics_followed(policy: Mapping[str, Any]) -> int:
    target = policy.get("TargetTrackingConfiguration")
    if target is None:
        return 0
    followed = target.get("CustomizedMetricSpecification", {}).get("Metrics", ())
    return _ALARMS_A_TARGET * (_metrics_of(followed) or 1)


def _metrics_of(queries: Iterable[Mapping[str, Any]]) -> int:
    return sum("MetricStat" in query for query in queries)
