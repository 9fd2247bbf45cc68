"""What a site of each size is made of and costs."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.cost import page
from cli.main import app
from infra.filled import resources_made
from infra.sites import Site
from services.prices import list_prices

REPOSITORY = Path(__file__).parents[2]
REGION = "eu-central-1"
TEMPLATE = """
Parameters:
  Wanted: {Type: String, Default: 'false'}
  Number: {Type: Number, Default: 2}
Conditions:
  IsWanted: !Equals [!Ref Wanted, 'true']
  IsNotWanted: !Not [!Condition IsWanted]
Resources:
  Always: {Type: A, Properties: {Size: !Ref Number, Kind: !If [IsWanted, large, small], Of: !Ref Asked}}
  Asked: {Type: B, Condition: IsWanted}
  Otherwise: {Type: C, Condition: IsNotWanted}
"""


def test_a_template_is_filled_with_parameters_and_their_defaults():
    made = resources_made(TEMPLATE, {})
    assert set(made) == {"Always", "Otherwise"}
    assert made["Always"]["Properties"] == {"Size": "2", "Kind": "small", "Of": {"Ref": "Asked"}}
    made = resources_made(TEMPLATE, {"Wanted": "true", "Number": "3"})
    assert set(made) == {"Always", "Asked"}
    assert made["Always"]["Properties"] == {"Size": "3", "Kind": "large", "Of": {"Ref": "Asked"}}


@pytest.mark.parametrize("site", [Site.MEDIUM, Site.LARGE])
def test_a_site_has_the_instances_that_its_parameters_ask_for(site):
    parameters = site.parameters
    always = sum(int(parameters[f"{service}Minimum"]) for service in ("Gateway", "Recognize", "Enroll"))
    installed = site.installation
    assert sum(installed.instances.values()) == always == site.workload.processes
    assert set(installed.instances) <= {
        parameters[f"{service}InstanceType"] for service in ("Gateway", "Recognize", "Enroll")
    }
    assert installed.volume_gb == 8 * always


def test_a_small_site_is_one_instance_with_an_address_and_without_a_load_balancer():
    installed = Site.SMALL.installation
    assert installed.instances == {Site.SMALL.parameters["InstanceType"]: 1}
    assert (installed.volume_gb, installed.public_addresses, installed.balancers) == (8, 1, 0)
    assert installed.endpoints == 2
    assert Site.SMALL.workload.processes == 3


def test_a_site_is_more_than_its_machines():
    installed = Site.MEDIUM.installation
    assert installed.endpoints == 2 * 6
    assert installed.balancers == installed.dashboards == 1
    assert installed.public_addresses == 2
    assert installed.nat_gateways == 0
    assert installed.alarm_metrics > 10


def cost(*arguments):
    result = CliRunner().invoke(app, ["cost", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_calls_alone_are_priced_where_no_site_is_named():
    answer = json.loads(
        cost(
            *("--decisions-a-day", "1000", "--photos-a-day", "200", "--lambda-runs-a-day", "100"),
            *("--photo-gb", "1", "--output", "json"),
        )
    )
    assert answer["prices_as_of"] == list_prices().as_of
    quantities = {(line["service"], line["what"]): line["quantity"] for line in answer["lines"]}
    a_month = 730 / 24
    assert quantities["Rekognition", "images"] == pytest.approx((1000 + 3 * 200) * a_month)
    assert quantities["Lambda", "runs"] == pytest.approx(100 * a_month)
    assert quantities["S3", "photos"] == 1
    assert not {service for service, _ in quantities} & {"EC2", "VPC", "Load balancing"}
    assert answer["usd_a_month"] == pytest.approx(sum(line["usd"] for line in answer["lines"]), abs=0.01)


def test_a_site_costs_more_where_it_does_more():
    dollars = [
        json.loads(cost("--site", "small", "--decisions-a-day", number, "--output", "json"))["usd_a_month"]
        for number in ("0", "2000", "100000")
    ]
    assert dollars == sorted(dollars)
    assert dollars[2] - dollars[0] > 2500
    assert "together" in cost("--site", "small")


def test_prices_of_another_region_are_read_from_a_file(tmp_path):
    ours = (REPOSITORY / "services" / "prices" / "us-east-1.toml").read_text()
    theirs = tmp_path / "prices.toml"
    theirs.write_text(ours.replace("us-east-1", "eu-central-1"))
    assert "eu-central-1" in cost("--site", "small", "--prices", str(theirs))
    theirs.write_text("nothing = 1")
    result = CliRunner().invoke(app, ["cost", "--site", "small", "--prices", str(theirs)])
    assert result.exit_code == 2
    assert "no list of prices" in result.output


def test_a_site_is_deployed_with_its_parts_and_its_parameters_but_for_those_that_are_given(monkeypatch):
    deployed = []
    monkeypatch.setattr(
        "cli.deploy.deploy_stack", lambda session, stack, **options: deployed.append(options) or {}
    )
    given = ["--parameter", "InstanceType=t4g.medium"]
    result = CliRunner().invoke(app, ["deploy", "--site", "small", "--region", REGION, *given])
    assert result.exit_code == 0, result.output
    [options] = deployed
    assert options["parts"] == Site.SMALL.parts
    assert options["parameters"] == {**Site.SMALL.parameters, "InstanceType": "t4g.medium"}


def test_the_documented_costs_are_what_the_command_says():
    documented = (REPOSITORY / "docs" / "deploy.md").read_text()
    assert page(list_prices()) in documented, (
        "write the table that `facegate cost --output page` prints into docs/deploy.md"
    )
