"""The parts of a site beside its data: on the emulator, as far as that knows them."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from infra.deploy import deploy, open_stack
from infra.errors import DeploymentError
from infra.parts import Part

REPOSITORY = Path(__file__).parents[2]
SITE = "facegate-site"
REAL_OBSERVABILITY = Part.OBSERVABILITY.template


def resources(template):
    """Each resource's name and its text."""
    _, _, rest = template.partition("\nResources:\n")
    body = rest.partition("\nOutputs:\n")[0]
    return dict(re.findall(r"^  (\w+):\n((?:    .*\n|\n|  #.*\n)+)", body + "\n", re.MULTILINE))


#: What the embedded AWS refuses: alarms on several metrics.
UNKNOWN = "      Metrics:\n"


@pytest.fixture(scope="module")
def site(emulator, tmp_path_factory):
    """The outputs of a site with all of its parts, as far as the embedded AWS knows their resources."""
    known = tmp_path_factory.mktemp("known")
    for part in Part:
        text = part.template.read_text()
        for name, resource in resources(text).items():
            if UNKNOWN in resource:
                text = text.replace(f"  {name}:\n{resource}", "")
        (known / f"{part}.yaml").write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Part, "template", property(lambda part: known / f"{part}.yaml"))
        yield deploy(
            emulator.session, SITE, parts=tuple(Part), parameters={"AlertEmail": "guard@example.org"}
        )


@pytest.fixture
def cloudwatch(emulator):
    return emulator.session.client("cloudwatch")


def test_cfn_lint_finds_nothing_to_say_about_the_parts():
    templates = sorted((REPOSITORY / "infra" / "parts").glob("*.yaml"))
    assert {file.stem for file in templates} == set(Part) - {Part.DATA}
    answer = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), *templates], capture_output=True, text=True, check=False
    )
    assert (answer.returncode, answer.stdout) == (0, "")


def watched_names(site):
    """What alarms may watch: what the stack has, under its own name."""
    queues = {url.rpartition("/")[2] for name, url in site.items() if name.endswith("QueueUrl")}
    return {f"{SITE}-ingest", "SearchUsersByImage", *site.values(), *queues}


def test_every_alarm_watches_what_the_stack_has_and_tells_somebody(site, cloudwatch):
    alarms = cloudwatch.describe_alarms(AlarmNamePrefix=f"{SITE}-")["MetricAlarms"]
    assert len(alarms) == 7
    for alarm in alarms:
        assert site["AlertsTopicArn"] in alarm["AlarmActions"]
        [dimension] = alarm["Dimensions"]
        assert dimension["Value"] in watched_names(site)


def test_alarms_that_only_aws_knows_watch_what_the_stack_has_too(site, parsed):
    resources = parsed(REAL_OBSERVABILITY.read_text())["Resources"].values()
    alarms = [resource["Properties"] for resource in resources if "Metrics" in resource["Properties"]]
    assert len(alarms) == 2
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
    assert again == site
    assert told == [f"the stack {SITE}-observability is up to date"]
    alarms = {"OldestRecognitionSeconds": "7"}
    deploy(emulator.session, SITE, parts=[Part.OBSERVABILITY], parameters=alarms)
    stack = open_stack(emulator.session, f"{SITE}-observability")
    assert stack.parameter_values()["OldestRecognitionSeconds"] == "7"
    assert stack.parameter_values()["AlertEmail"] == "guard@example.org"


def test_a_parameter_of_another_part_is_none_of_this_ones_business(emulator, site):
    deploy(emulator.session, SITE, parameters={"MonthlyBudget": "100"})
    with pytest.raises(DeploymentError, match="no parameter MonthlyBugdet"):
        deploy(emulator.session, SITE, parameters={"MonthlyBugdet": "100"})


def test_a_part_without_the_data_it_watches_is_refused(emulator):
    with pytest.raises(Exception, match="DecisionsTableName"):
        deploy(emulator.session, "facegate-dataless", parts=[Part.OBSERVABILITY])
