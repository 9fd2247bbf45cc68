"""The parts of a site beside its data: on the emulator, as far as that knows them."""

import json
import re
import subprocess
import sys
from base64 import b64decode
from pathlib import Path

import pytest

import infra.deploy
from infra.deploy import SITE_TAG, deploy, open_stack
from infra.errors import DeploymentError
from infra.package import Package
from infra.parts import GIVEN, Part
from infra.resources import parameters_of
from infra.sites import Site

REPOSITORY = Path(__file__).parents[2]
SITE = "facegate-site"
#: The templates as AWS gets them.
REAL = {part: part.template.read_text() for part in Part}


def resources(template):
    """Each resource's name and its text."""
    _, _, rest = template.partition("\nResources:\n")
    body = rest.partition("\nOutputs:\n")[0]
    return dict(re.findall(r"^  (\w+):\n((?:    .*\n|\n|  #.*\n)+)", body + "\n", re.MULTILINE))


IMAGE = "/site/image"
PARAMETERS = {
    "AlertEmail": "guard@example.org",
    "CertificateArn": "arn:aws:acm:eu-central-1:000000000000:certificate/one",
    "InstanceImage": IMAGE,
    "SleepsAtNight": "true",
    "SiteName": "doors.example.org",
}
#: What the embedded AWS refuses: alarms on several metrics, an instance outside of a group, and its address.
UNKNOWN = [
    "      Metrics:\n",
    "    Type: AWS::EC2::Instance\n",
    "    Type: AWS::EC2::EIP\n",
    "!Ref Instance\n",
]


@pytest.fixture(scope="module")
def site(emulator, tmp_path_factory):
    """The outputs of a site with all of its parts, as far as the embedded AWS knows their resources."""
    known = tmp_path_factory.mktemp("known")
    for part in Part:
        text = part.template.read_text()
        for name, resource in resources(text).items():
            if any(unknown in resource for unknown in UNKNOWN):
                text = text.replace(f"  {name}:\n{resource}", "").replace(f"!Ref {name}}}", "none}")
        (known / f"{part}.yaml").write_text(text)
    emulator.session.client("ssm").put_parameter(Name=IMAGE, Value="ami-0123456789abcdef0", Type="String")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Part, "template", property(lambda part: known / f"{part}.yaml"))
        # its packages would have to be fetched; see test_release.py
        patch.setattr(infra.deploy, "release", lambda **_: Package("releases/one.tar.gz", b"a release"))
        yield deploy(emulator.session, SITE, parts=tuple(Part), parameters=PARAMETERS)


@pytest.fixture
def cloudwatch(emulator):
    return emulator.session.client("cloudwatch")


def test_cfn_lint_finds_nothing_to_say_about_the_parts():
    templates = sorted((REPOSITORY / "infra" / "parts").glob("*.yaml"))
    assert {file.stem for file in templates} == set(Part)
    answer = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), *templates], capture_output=True, text=True, check=False
    )
    assert (answer.returncode, answer.stdout) == (0, "")


def watched_names(site):
    """What alarms may watch: what the stack has, under its own name."""
    queues = {url.rpartition("/")[2] for name, url in site.items() if name.endswith("QueueUrl")}
    return {f"{SITE}-ingest", "SearchUsersByImage", *site.values(), *queues}


def test_every_alarm_watches_what_the_stack_has_and_tells_somebody(emulator, site, cloudwatch):
    alarms = cloudwatch.describe_alarms(AlarmNamePrefix=f"{SITE}-")["MetricAlarms"]
    assert len(alarms) == 11
    for alarm in alarms:
        if alarm["Namespace"] not in {"AWS/ApplicationELB", "AWS/EC2"}:
            [dimension] = alarm["Dimensions"]
            assert dimension["Value"] in watched_names(site)
    actions = {alarm["AlarmName"].removeprefix(f"{SITE}-"): alarm["AlarmActions"] for alarm in alarms}
    [scaling] = actions.pop("recognitions-wait")
    assert "scalingPolicy" in scaling
    recovery, *told = actions.pop("instance-fails")
    assert (recovery, told) == ("arn:aws:automate:eu-central-1:ec2:recover", [site["AlertsTopicArn"]])
    assert list(actions.values()) == [[site["AlertsTopicArn"]]] * 9


def test_alarms_that_only_aws_knows_watch_what_the_stack_has_too(site, parsed):
    resources = parsed(REAL[Part.OBSERVABILITY])["Resources"].values()
    alarms = [resource["Properties"] for resource in resources if "Metrics" in resource["Properties"]]
    assert len(alarms) == 3
    for alarm in alarms:
        assert alarm["AlarmActions"] == [("Ref", "Alerts")]
        metrics = [metric["MetricStat"]["Metric"] for metric in alarm["Metrics"] if "MetricStat" in metric]
        for metric in metrics:
            [(function, value)] = [dimension["Value"] for dimension in metric["Dimensions"]]
            name = site[value] if function == "Ref" else value.replace("${DataStack}", SITE)
            assert name in watched_names(site)


def test_the_dashboard_can_be_read(site, cloudwatch):
    body = json.loads(cloudwatch.get_dashboard(DashboardName=site["DashboardName"])["DashboardBody"])
    assert len(body["widgets"]) == 6


def test_alerts_are_mailed(emulator, site):
    sns = emulator.session.client("sns")
    [mail] = sns.list_subscriptions_by_topic(TopicArn=site["AlertsTopicArn"])["Subscriptions"]
    assert (mail["Protocol"], mail["Endpoint"]) == ("email", "guard@example.org")


def test_a_part_alone_is_updated_with_the_outputs_of_the_others(emulator, site):
    told = []
    again = deploy(emulator.session, SITE, parts=[Part.OBSERVABILITY], progress=told.append)
    assert again.items() <= site.items()
    assert told == [f"the stack {SITE}-observability is up to date"]
    alarms = {"OldestRecognitionSeconds": "7"}
    deploy(emulator.session, SITE, parts=[Part.OBSERVABILITY], parameters=alarms)
    stack = open_stack(emulator.session, f"{SITE}-observability")
    assert stack.parameter_values()["OldestRecognitionSeconds"] == "7"
    assert stack.parameter_values()["AlertEmail"] == "guard@example.org"


def test_everything_is_tagged_with_the_site(emulator, site):
    client = emulator.session.client("cloudformation")
    for part in Part:
        [stack] = client.describe_stacks(StackName=part.stack_name(SITE))["Stacks"]
        assert stack["Tags"] == [{"Key": SITE_TAG, "Value": SITE}]


def test_a_parameter_of_another_part_is_none_of_this_ones_business(emulator, site):
    deploy(emulator.session, SITE, parameters={"MonthlyBudget": "100"})
    with pytest.raises(DeploymentError, match="no parameter MonthlyBugdet"):
        deploy(emulator.session, SITE, parameters={"MonthlyBugdet": "100"})


def test_a_part_without_the_data_it_watches_is_refused(emulator):
    with pytest.raises(Exception, match="DecisionsTableName"):
        deploy(emulator.session, "facegate-dataless", parts=[Part.OBSERVABILITY])


def user_data(emulator, service):
    ec2 = emulator.session.client("ec2")
    [version] = ec2.describe_launch_template_versions(LaunchTemplateName=f"{SITE}-{service}")[
        "LaunchTemplateVersions"
    ]
    return b64decode(version["LaunchTemplateData"]["UserData"]).decode()


@pytest.mark.parametrize(
    ("service", "units"),
    [
        ("gateway", ["gateway"]),
        ("recognize", ["worker@recognize"]),
        ("enroll", ["worker@enroll"]),
        ("single", ["gateway", "worker@recognize", "worker@enroll", "proxy"]),
    ],
)
def test_an_instance_installs_the_release_and_starts_its_units(emulator, site, service, units, tmp_path):
    script = user_data(emulator, service)
    assert "s3://facegate-code-000000000000-eu-central-1/releases/one.tar.gz" in script
    started = re.search(r"install\.sh (.*?) <<SETTINGS", script.replace("\\\n", ""))[1].split()
    assert started == [f"facegate-{unit}.service" for unit in units]
    settings = script.partition("<<SETTINGS\n")[2].partition("\nSETTINGS\n")[0].splitlines()
    assert {"AWS_REGION=eu-central-1", f"FACEGATE_STACK={SITE}"} <= set(settings)
    known = (REPOSITORY / "services" / "variables.txt").read_text().split()
    # Caddy's own
    assert {line.partition("=")[0] for line in settings} - {"FACEGATE_SITE"} <= set(known)
    checked = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_every_service_has_a_role_with_its_own_policy_and_no_other(emulator, site):
    iam = emulator.session.client("iam")
    stack = open_stack(emulator.session, f"{SITE}-compute")
    roles = {
        resource.name: resource.id for resource in stack.resources() if resource.kind == "AWS::IAM::Role"
    }
    assert set(roles) == {"GatewayRole", "RecognizeRole", "EnrollRole"}
    for name, role in roles.items():
        attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        own = {arn for output, arn in site.items() if re.fullmatch(f"{name[:-4]}\\w*PolicyArn", output)}
        assert {policy["PolicyArn"] for policy in attached} == {
            *own,
            "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore",
        }


def test_a_single_instance_may_do_what_all_services_may(emulator, site):
    made = open_stack(emulator.session, f"{SITE}-single").resources()
    [role] = [resource.id for resource in made if resource.kind == "AWS::IAM::Role"]
    iam = emulator.session.client("iam")
    attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    own = {arn for output, arn in site.items() if output.endswith("PolicyArn")}
    assert {policy["PolicyArn"] for policy in attached} == {
        *own,
        "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore",
    }


def test_a_single_instance_is_made_of_its_template_and_has_the_sites_address(parsed):
    single = parsed(REAL[Part.SINGLE])
    made = {name: resource["Properties"] for name, resource in single["Resources"].items()}
    assert made["Instance"]["LaunchTemplate"]["LaunchTemplateId"] == ("Ref", "Template")
    assert made["Template"]["LaunchTemplateData"]["MetadataOptions"]["HttpTokens"] == "required"
    assert made["AddressOfInstance"]["InstanceId"] == ("Ref", "Instance")
    assert made["AddressOfInstance"]["AllocationId"] == ("GetAtt", "Address.AllocationId")
    assert single["Outputs"]["GatewayAddress"]["Value"] == ("Ref", "Address")


def test_workers_sleep_at_night_and_gateways_do_not(emulator, site):
    scheduled = emulator.session.client("autoscaling").describe_scheduled_actions()
    groups = [
        (action["AutoScalingGroupName"], action["Recurrence"])
        for action in scheduled["ScheduledUpdateGroupActions"]
        if action["AutoScalingGroupName"].startswith(SITE)
    ]
    assert sorted(groups) == sorted(
        (f"{SITE}-{service}", hour)
        for service in ("recognize", "enroll")
        for hour in ("0 22 * * *", "0 5 * * *")
    )


def test_nothing_but_the_load_balancer_or_the_single_instance_is_reached_from_outside(parsed):
    resources = {
        f"{part}.{name}": resource
        for part, template in REAL.items()
        for name, resource in parsed(template)["Resources"].items()
    }
    open_to = {
        name: [
            rule["CidrIp"]
            for rule in resource["Properties"].get("SecurityGroupIngress", [])
            if "CidrIp" in rule
        ]
        for name, resource in resources.items()
        if resource["Type"] == "AWS::EC2::SecurityGroup"
    }
    from_inside = [("Sub", "${NetworkPrefix}.0.0/16")]
    assert {name: cidrs for name, cidrs in open_to.items() if cidrs not in ([], from_inside)} == {
        "compute.BalancerSecurityGroup": [("Ref", "KiosksCidr")],
        "single.SecurityGroup": [("Ref", "KiosksCidr")],
    }


@pytest.mark.parametrize("site", Site)
def test_a_size_names_parameters_that_its_parts_have(site):
    declared = set().union(*(parameters_of(template) for template in map(REAL.get, site.parts)))
    assert set(site.parameters) <= declared - GIVEN


@pytest.mark.parametrize("site", [Site.MEDIUM, Site.LARGE])
def test_a_size_grows_where_it_must(site):
    values = site.parameters
    for service in ("Gateway", "Recognize", "Enroll"):
        assert int(values[f"{service}Minimum"]) <= int(values[f"{service}Maximum"])
