"""Creating, updating and deleting one CloudFormation stack, and saying what happened to it."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
from botocore.exceptions import ClientError

from infra.changes import Change, changes_of
from infra.errors import DeploymentDeclined, DeploymentError
from infra.resources import Resource, retained_names

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef, StackTypeDef

Progress = Callable[[str], None]
Approve = Callable[[Sequence[Change]], bool]

#: CloudFormation neither updates nor retries a stack in one of these; it has to be deleted.
_DEAD = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"})
#: What a change set of a new stack leaves until it is carried out: a name without anything.
_UNMADE = "REVIEW_IN_PROGRESS"
#: CloudFormation's two ways to say that a change set changes nothing.
_NOTHING_TO_DO = ("didn't contain changes", "No updates are to be performed")
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 2.0


class Stack:
    """One stack by its name.

    Parameters
    ----------
    session : boto3.Session
        Credentials and region.
    name : str
        The stack's name.
    deadline : float
        When to stop waiting, on the clock of `time.monotonic`.
    progress : callable
        Told each step in words.
    tags : mapping of str to str, optional
        What the stack and all that it is made of are tagged with.
    """

    def __init__(
        self,
        session: boto3.Session,
        name: str,
        deadline: float,
        progress: Progress,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        self._client = session.client("cloudformation")
        self._name = name
        self._deadline = deadline
        self._progress = progress
        self._tags = tags or {}

    def outputs(self) -> dict[str, str]:
        """Return the stack's outputs; DeploymentError where there is no such stack."""
        stack = self.describe()
        if stack is None:
            raise DeploymentError(f"There is no stack {self._name}.")
        return {
            output["OutputKey"]: output["OutputValue"]
            for output in stack.get("Outputs", [])
            if "OutputKey" in output and "OutputValue" in output
        }

    def parameter_values(self) -> dict[str, str]:
        """Return the parameters the stack was last deployed with; empty where there is none."""
        stack = self.describe()
        return {
            parameter["ParameterKey"]: parameter.get("ParameterValue", "")
            for parameter in (stack or {}).get("Parameters", [])
            if "ParameterKey" in parameter
        }

    def resources(self) -> list[Resource]:
        """Return what the stack is made of; DeploymentError where there is no such stack."""
        if self.describe() is None:
            raise DeploymentError(f"There is no stack {self._name}.")
        pages = self._client.get_paginator("list_stack_resources").paginate(StackName=self._name)
        return [
            Resource(
                name=summary.get("LogicalResourceId", ""),
                kind=summary.get("ResourceType", ""),
                id=summary.get("PhysicalResourceId", ""),
                status=summary.get("ResourceStatus", ""),
                reason=summary.get("ResourceStatusReason", ""),
            )
            for page in pages
            for summary in page["StackResourceSummaries"]
        ]

    def retained(self) -> list[Resource]:
        """Return what stays when the stack is deleted."""
        resources = self.resources()
        template = self._client.get_template(StackName=self._name, TemplateStage="Processed")["TemplateBody"]
        kept = retained_names(template)
        return [resource for resource in resources if resource.name in kept]

    def describe(self) -> "StackTypeDef | None":
        """Return what CloudFormation says about the stack; None where there is none."""
        try:
            return self._client.describe_stacks(StackName=self._name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise

    def parameter_names(self, template: Mapping[str, str]) -> set[str]:
        """Return the names of the parameters that a template declares."""
        summary = self._client.get_template_summary(**template)
        return {
            parameter["ParameterKey"] for parameter in summary["Parameters"] if "ParameterKey" in parameter
        }

    def deploy(self, template: Mapping[str, str], parameters: Mapping[str, str], approve: Approve) -> None:
        """Create the stack, or bring it to this template and these parameters, and wait.

        Parameters
        ----------
        template : mapping
            ``TemplateBody`` or ``TemplateURL``, as CloudFormation's calls take them.
        parameters : mapping of str to str
            The template's parameters.
        approve : callable
            Asked with what would change before anything does.

        Raises
        ------
        DeploymentDeclined
            Where it was not approved; nothing was changed.
        DeploymentError
            Where CloudFormation gave up, with the reasons it gave, or the deadline passed.
        """
        status = self._settled_status()
        if status in _DEAD:
            raise DeploymentError(f"{self._failure_of(None, status)}\n{self._way_out(status)}")
        change_set = self._propose(template, parameters, new=status is None)
        if change_set is None:
            self._progress(f"the stack {self._name} is up to date")
            return
        approved = False
        try:
            approved = approve(changes_of(self._client, change_set))
        finally:  # also where the question was broken off
            if not approved:
                self._withdraw(change_set, new=status is None)
        if not approved:
            raise DeploymentDeclined(f"Nothing was changed: the stack {self._name} is as it was.")
        self._progress(f"{'creating' if status is None else 'updating'} the stack {self._name}")
        token = f"facegate-{uuid4()}"
        self._client.execute_change_set(ChangeSetName=change_set, ClientRequestToken=token)
        status = self._settled_status(token)
        if status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            raise DeploymentError(f"{self._failure_of(token, status)}\n{self._way_out(status)}")
        self._progress(f"the stack {self._name} is ready")

    def delete(self) -> None:
        """Delete the stack, without what its template retains, and wait.

        Raises
        ------
        DeploymentError
            Where CloudFormation gave up, with the reasons it gave, or the deadline passed.
        """
        stack = self.describe()
        if stack is None:
            raise DeploymentError(f"There is no stack {self._name}.")
        # a deleted stack is known by its id alone
        self._name = stack.get("StackId", self._name)
        token = f"facegate-{uuid4()}"
        self._client.delete_stack(StackName=self._name, ClientRequestToken=token)
        status = self._settled_status(token)
        if status not in {"DELETE_COMPLETE", None}:
            raise DeploymentError(self._failure_of(token, status))

    def _propose(
        self, template: Mapping[str, str], parameters: Mapping[str, str], *, new: bool
    ) -> str | None:
        """Make a change set and return its ARN; None where it would change nothing."""
        request: dict[str, Any] = {
            "StackName": self._name,
            "ChangeSetName": f"facegate-{uuid4()}",
            "ChangeSetType": "CREATE" if new else "UPDATE",
            **template,
            "Parameters": [
                {"ParameterKey": key, "ParameterValue": value} for key, value in sorted(parameters.items())
            ],
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
            "Tags": [{"Key": key, "Value": value} for key, value in self._tags.items()],
        }
        change_set = self._client.create_change_set(**request)["Id"]
        pause = _FIRST_PAUSE
        while True:
            described = self._client.describe_change_set(ChangeSetName=change_set)
            if described["Status"] == "CREATE_COMPLETE":
                return change_set
            if described["Status"] == "FAILED":
                reason = described.get("StatusReason", "")
                self._withdraw(change_set, new=new)
                if any(sentence in reason for sentence in _NOTHING_TO_DO):
                    return None
                raise DeploymentError(f"CloudFormation refuses the change of {self._name}: {reason}")
            pause = self._rest(pause, f"The changes of {self._name} are still being worked out")

    def _withdraw(self, change_set: str, *, new: bool) -> None:
        self._client.delete_change_set(ChangeSetName=change_set)
        if new:
            self._client.delete_stack(StackName=self._name)

    def _rest(self, pause: float, reached: str) -> float:
        """Wait a little, and return how long to wait next time."""
        if time.monotonic() + pause > self._deadline:
            raise DeploymentError(
                f"{reached} and the time is up. CloudFormation goes on "
                "by itself: watch it there, or run the command again to wait on."
            )
        time.sleep(pause)
        return min(pause * 1.5, _LONGEST_PAUSE)

    def _settled_status(self, token: str | None = None) -> str | None:
        """Wait until nothing is going on; None where there is no stack."""
        told: set[str] = set()
        pause = _FIRST_PAUSE
        while True:
            stack = self.describe()
            status = stack["StackStatus"] if stack else None
            if token:
                self._tell_new_events(token, told)
            if status == _UNMADE and not token:
                return None
            if status is None or not status.endswith("_IN_PROGRESS"):
                return status
            pause = self._rest(pause, f"The stack {self._name} is still {status}")

    def _events(self, token: str | None) -> "list[StackEventTypeDef]":
        """Return the events of one operation, or of the whole stack, oldest first."""
        pages = self._client.get_paginator("describe_stack_events").paginate(StackName=self._name)
        events = [event for page in pages for event in page["StackEvents"]]
        return [event for event in reversed(events) if token in (None, event.get("ClientRequestToken"))]

    def _tell_new_events(self, token: str, told: set[str]) -> None:
        for event in self._events(token):
            if event["EventId"] not in told:
                told.add(event["EventId"])
                self._progress(f"  {event.get('LogicalResourceId')}: {event.get('ResourceStatus')}")

    def _failure_of(self, token: str | None, status: str | None) -> str:
        reasons = [
            f"  {event.get('LogicalResourceId')} ({event.get('ResourceType')}): {reason}"
            for event in self._events(token)
            if event.get("ResourceStatus", "").endswith("_FAILED")
            # resources that were stopped because another failed explain nothing
            and "cancelled" not in (reason := event.get("ResourceStatusReason", "cancelled"))
        ]
        if any("DescribeEvents" in reason for reason in reasons):
            reasons += self._validation_errors()
        return "\n".join([f"The stack {self._name} is {status}.", *dict.fromkeys(reasons)])

    def _validation_errors(self) -> list[str]:
        """Return what CloudFormation found before it touched any resource, of the newest operation."""
        events = self._client.describe_events(StackName=self._name, Filters={"FailedEvents": True})
        newest = events["OperationEvents"][0].get("OperationId")
        return [
            f"  {event.get('LogicalResourceId')} ({event.get('ResourceType')}): "
            f"{event.get('ValidationStatusReason')}"
            for event in events["OperationEvents"]
            if event.get("OperationId") == newest and event.get("EventType") == "VALIDATION_ERROR"
        ]

    def _way_out(self, status: str | None) -> str:
        if status in _DEAD:
            return (
                "Nothing was deployed. Remove what is left with "
                f"`aws cloudformation delete-stack --stack-name {self._name}`, mend the cause, deploy again."
            )
        if status == "UPDATE_ROLLBACK_FAILED":
            return (
                "Mend the cause, then run "
                f"`aws cloudformation continue-update-rollback --stack-name {self._name}` and deploy again."
            )
        return "The stack is as it was before. Mend the cause and deploy again."
