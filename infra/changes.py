"""What a change set would do, one line a resource."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient


class Change(NamedTuple):
    """What would become of one resource.

    Attributes
    ----------
    action : str
        CloudFormation's word: ``Add``, ``Modify``, ``Remove``, ``Import`` or ``Dynamic``.
    resource : str
        Its name in the template.
    kind : str
        Such as ``AWS::SQS::Queue``.
    replaced : bool
        Whether it is made anew, or may be: what it holds does not move along.
    """

    action: str
    resource: str
    kind: str
    replaced: bool


def changes_of(client: "CloudFormationClient", change_set: str) -> Sequence[Change]:
    """Return what a change set, given by its ARN, would change."""
    pages = client.get_paginator("describe_change_set").paginate(ChangeSetName=change_set)
    changes = [change.get("ResourceChange", {}) for page in pages for change in page.get("Changes", [])]
    return [
        Change(
            action=change.get("Action", ""),
            resource=change.get("LogicalResourceId", ""),
            kind=change.get("ResourceType", ""),
            replaced=change.get("Replacement", "False") != "False",
        )
        for change in changes
    ]
