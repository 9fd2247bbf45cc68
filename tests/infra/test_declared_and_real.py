"""Every property that the templates declare is set, by the emulator or by what we do after deployment."""

import re

import pytest

from infra.filled import resources_made
from infra.parts import CORE, Part
from tests.infra.reality import LOOKS

MADE = [
    (part, name, resource["Type"])
    for part in CORE
    for name, resource in resources_made(part.template.read_text(), {}).items()
]
#: What AWS sets where a template says nothing.
DEFAULTS = {"AWS::SQS::Queue": {"VisibilityTimeout": 30}}
#: Known by what they do: `test_stack_deployment.py` sends events and asks for the collection.
TRIED = {("IngestFunction", "Code"), ("FaceCollection", "CollectionId")}


class Deployed:
    """The stacks of a site: what their templates say once names are filled in."""

    def __init__(self, session, site):
        self.session = session
        self.identity = session.client("sts").get_caller_identity()
        self.stacks = {part: self._stack(part.stack_name(site)) for part in CORE}
        self.resources = {part: self._resources(part) for part in CORE}

    def _stack(self, name):
        return self.session.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]

    def _resources(self, part):
        cloudformation = self.session.client("cloudformation")
        pages = cloudformation.get_paginator("list_stack_resources").paginate(
            StackName=self.stacks[part]["StackId"]
        )
        return {
            summary["LogicalResourceId"]: summary
            for page in pages
            for summary in page["StackResourceSummaries"]
        }

    def physical_id(self, part, name):
        return self.resources[part][name]["PhysicalResourceId"]

    def declared(self, part, name):
        parameters = {
            parameter["ParameterKey"]: parameter["ParameterValue"]
            for parameter in self.stacks[part].get("Parameters", [])
        }
        resources = resources_made(part.template.read_text(), parameters)
        return self._value(part, parameters, resources[name].get("Properties", {}))

    def _value(self, part, parameters, written):
        def named(name):
            if name in parameters:
                return parameters[name]
            if name in self.resources[part]:
                return self.physical_id(part, name)
            return {
                "AWS::AccountId": self.identity["Account"],
                "AWS::Partition": "aws",
                "AWS::Region": self.session.region_name,
                "AWS::URLSuffix": "amazonaws.com",
                "AWS::StackName": self.stacks[part]["StackName"],
                "AWS::StackId": self.stacks[part]["StackId"],
            }[name]

        match written:
            case {"Ref": str(name)}:
                return named(name)
            case {"Fn::GetAtt": [str(name), "Arn"]}:
                return self._arn(part, name)
            case {"Fn::Sub": str(text)}:
                return re.sub(
                    r"\$\{([\w:]+)(\.Arn)?\}",
                    lambda found: self._arn(part, found[1]) if found[2] else named(found[1]),
                    text,
                )
            case dict():
                return {key: self._value(part, parameters, inner) for key, inner in written.items()}
            case list():
                return [self._value(part, parameters, inner) for inner in written]
            case _:
                return written

    def _arn(self, part, name):
        kind, physical_id = self.resources[part][name]["ResourceType"], self.physical_id(part, name)
        account, region = self.identity["Account"], self.session.region_name
        return {
            "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{region}:{account}:table/{physical_id}",
            "AWS::IAM::Role": f"arn:aws:iam::{account}:role/{physical_id}",
            "AWS::KMS::Key": f"arn:aws:kms:{region}:{account}:key/{physical_id}",
            "AWS::Lambda::Function": f"arn:aws:lambda:{region}:{account}:function:{physical_id}",
            "AWS::Logs::LogGroup": f"arn:aws:logs:{region}:{account}:log-group:{physical_id}:*",
            "AWS::S3::Bucket": f"arn:aws:s3:::{physical_id}",
            "AWS::SQS::Queue": f"arn:aws:sqs:{region}:{account}:{physical_id.rpartition('/')[2]}",
        }[kind]


@pytest.fixture(scope="module")
def deployed(emulator, outputs, stack_name):
    return Deployed(emulator.session, stack_name)


def comparable(value):
    """Numbers may be written as text, and lists of definitions have no order."""
    match value:
        case dict():
            return {key: comparable(inner) for key, inner in value.items()}
        case list():
            return sorted(map(comparable, value), key=repr)
        case int() if not isinstance(value, bool):
            return str(value)
        case _:
            return value


def assert_that_it_is_there(deployed, part, name, kind):
    declared = DEFAULTS.get(kind, {}) | deployed.declared(part, name)
    declared = {key: value for key, value in declared.items() if (name, key) not in TRIED}
    if declared:
        assert kind in LOOKS, f"reality.py should tell how one looks at an {kind}"
        found = LOOKS[kind](deployed.session, deployed.physical_id(part, name), declared)
        assert comparable(found) == comparable(declared)


@pytest.mark.parametrize(("part", "name", "kind"), MADE, ids=[name for _, name, _ in MADE])
def test_what_a_template_declares_is_there(deployed, part, name, kind):
    assert_that_it_is_there(deployed, part, name, kind)


def test_what_the_templates_declare_with_other_parameters_is_there_after_an_update(
    emulator, outputs, stack_name, deploy_and_finish
):
    before = {"FrameRetentionDays": "1", "LogRetentionDays": "30", "DeletionProtection": "true"}
    other = {"FrameRetentionDays": "3", "LogRetentionDays": "60", "DeletionProtection": "false"}
    try:
        assert deploy_and_finish(emulator.session, parameters=other) == outputs
        deployed = Deployed(emulator.session, stack_name)
        rules = deployed.declared(Part.DATA, "PhotoBucket")["LifecycleConfiguration"]["Rules"]
        assert {rule["ExpirationInDays"] for rule in rules if rule["Prefix"] == "frames/"} == {"3"}
        for made in MADE:
            assert_that_it_is_there(deployed, *made)
    finally:
        deploy_and_finish(emulator.session, parameters=before)
