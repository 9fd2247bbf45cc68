"""Creating and updating one CloudFormation stack, and saying what happened to it."""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
from botocore.exceptions import ClientError

from infra.errors import DeploymentError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef, StackTypeDef

Progress = Callable[[str], None]

#: CloudFormation neither updates nor retries a stack in one of these; it has to be deleted.
_DEAD = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"})
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
    """

    def __init__(self, session: boto3.Session, name: str, deadline: float, progress: Progress) -> None:
        self._client = session.client("cloudformation")
        self._name = name
        self._deadline = deadline
        self._progress = progress

    def outputs(self) -> dict[str, str]:
        """Return the stack's outputs; DeploymentError where there is no such stack."""
        stack = self._describe()
        if stack is None:
            raise DeploymentError(f"There is no stack {self._name}.")
        return {
            output["OutputKey"]: output["OutputValue"]
            for output in stack.get("Outputs", [])
            if "OutputKey" in output and "OutputValue" in output
        }

    def parameter_values(self) -> dict[str, str]:
        """Return the parameters the stack was last deployed with; empty where there is none."""
        stack = self._describe()
        return {
            parameter["ParameterKey"]: parameter.get("ParameterValue", "")
            for parameter in (stack or {}).get("Parameters", [])
            if "ParameterKey" in parameter
        }

    def parameter_names(self, template: str) -> set[str]:
        """Return the names of the parameters that a template declares."""
        summary = self._client.get_template_summary(TemplateBody=template)
        return {
            parameter["ParameterKey"] for parameter in summary["Parameters"] if "ParameterKey" in parameter
        }

    def deploy(self, template: str, parameters: Mapping[str, str]) -> None:
        """Create the stack, or bring it to this template and these parameters, and wait.

        Raises
        ------
        DeploymentError
            Where CloudFormation gave up, with the reasons it gave, or the deadline passed.
        """
        status = self._settled_status()
        if status in _DEAD:
            raise DeploymentError(f"{self._failure_of(None, status)}\n{self._way_out(status)}")
        token = f"facegate-{uuid4()}"
        request: dict[str, Any] = {
            "StackName": self._name,
            "TemplateBody": template,
            "Parameters": [
                {"ParameterKey": key, "ParameterValue": value} for key, value in sorted(parameters.items())
            ],
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
            "ClientRequestToken": token,
        }
        if status is None:
            self._progress(f"creating the stack {self._name}")
            self._client.create_stack(**request)
        else:
            self._progress(f"updating the stack {self._name}")
            try:
                self._client.update_stack(**request)
            except ClientError as error:
                if "No updates are to be performed" in str(error):
                    self._progress(f"the stack {self._name} is up to date")
                    return
                raise
        status = self._settled_status(token)
        if status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            raise DeploymentError(f"{self._failure_of(token, status)}\n{self._way_out(status)}")
        self._progress(f"the stack {self._name} is ready")

    def _describe(self) -> "StackTypeDef | None":
        try:
            return self._client.describe_stacks(StackName=self._name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise

    def _settled_status(self, token: str | None = None) -> str | None:
        """Wait until nothing is going on; None where there is no stack."""
        told: set[str] = set()
        pause = _FIRST_PAUSE
        while True:
            stack = self._describe()
            status = stack["StackStatus"] if stack else None
            if token:
                self._tell_new_events(token, told)
            if status is None or not status.endswith("_IN_PROGRESS"):
                return status
            if time.monotonic() + pause > self._deadline:
                raise DeploymentError(
                    f"The stack {self._name} is still {status} and the time is up. CloudFormation goes on "
                    "by itself: watch it there, or deploy again to wait on."
                )
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)

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
