"""``facegate deploy``, ``status`` and ``destroy``: the stack in the AWS account of the environment."""

import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import boto3
import typer
import yaml
from botocore.exceptions import NoCredentialsError, PartialCredentialsError
from rich.table import Table

from cli.connection import console
from infra.changes import Change
from infra.deploy import deploy as deploy_stack
from infra.deploy import open_stack
from infra.errors import DeploymentError
from infra.parts import CORE, Part
from infra.sites import Site
from infra.stack import Stack

StackName = Annotated[str, typer.Option("--stack", help="The CloudFormation stack's name.")]
Region = Annotated[str | None, typer.Option(help="The AWS region; the environment's if not given.")]

_COLOURS = {"Add": "green", "Import": "green", "Remove": "red"}


def deploy(
    stack: StackName = "facegate",
    region: Region = None,
    *,
    parameter: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="A parameter of the template; may be given several times."),
    ] = None,
    parameters: Annotated[
        Path | None,
        typer.Option(
            help="A YAML file of parameters; --parameter goes before it.", exists=True, dir_okay=False
        ),
    ] = None,
    part: Annotated[
        list[Part] | None,
        typer.Option(
            help="A part to deploy; may be given several times. Queues, data and policies if not given."
        ),
    ] = None,
    site: Annotated[
        Site | None, typer.Option(help="A site's size: all of its parts, with its parameters.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Carry the changes out without asking.")] = False,
) -> None:
    """Deploy the stack: show what would change, ask, follow it, print the outputs."""
    values = site.parameters if site else {}
    values |= parameters_of_file(parameters) if parameters else {}
    values |= dict(map(_parameter, parameter or []))
    with _credentials():
        outputs = deploy_stack(
            boto3.Session(region_name=region),
            stack,
            parameters=values,
            parts=part or (site.parts if site else CORE),
            progress=_say,
            approve=_show if yes else _ask,
        )
    for key, value in outputs.items():
        console.print(f"{key:32} {value}", markup=False)


def status(stack: StackName = "facegate", region: Region = None) -> None:
    """Show how the stack and its parts stand: their state, their parameters and their outputs."""
    with _credentials():
        session = boto3.Session(region_name=region)
        opened = [open_stack(session, part.stack_name(stack)) for part in Part]
        there = [each for each in opened if each.describe()]
        if not there:
            raise DeploymentError(f"There is no stack {stack}.")
        for each in there:
            _show_status(each)


def destroy(
    stack: Annotated[str, typer.Option("--stack", help="The CloudFormation stack's name.")],
    region: Region = None,
    confirm: Annotated[
        str | None, typer.Option(metavar="STACK", help="The stack's name once more, instead of being asked.")
    ] = None,
) -> None:
    """Delete the stack and its parts. Photos, tables, faces and their key stay: they are named at the end."""
    with _credentials():
        session = boto3.Session(region_name=region)
        opened = [open_stack(session, part.stack_name(stack), progress=_say) for part in reversed(Part)]
        there = [each for each in opened if each.describe()]
        if not there:
            raise DeploymentError(f"There is no stack {stack}.")
        retained = [resource for each in there for resource in each.retained()]
        deleted = sum(len(each.resources()) for each in there) - len(retained)
        console.print(f"{deleted} resources of {stack} will be deleted for good.")
        console.print(f"{len(retained)} that hold data stay, outside of any stack.")
        typed = confirm or _typed(f"Type the stack's name to delete it ({stack})", "--confirm")
        if typed != stack:
            raise DeploymentError(f"{typed!r} is not the stack's name: nothing was deleted.")
        for each in there:
            each.delete()
    console.print(f"The stack {stack} is gone. These stay until you delete them yourself:")
    for resource in retained:
        console.print(f"  {resource.kind:28} {resource.id}", markup=False)


def _show_status(stack: Stack) -> None:
    described = stack.describe()
    if described is None:
        return
    resources = stack.resources()
    changed = described.get("LastUpdatedTime", described["CreationTime"])
    state = described["StackStatus"]
    console.print(f"{described['StackName']}: [bold]{state}[/] since {changed:%Y-%m-%d %H:%M:%S} UTC")
    if reason := described.get("StackStatusReason"):
        console.print(reason, markup=False)
    unsettled = [resource for resource in resources if not resource.is_complete]
    console.print(f"{len(resources) - len(unsettled)} of {len(resources)} resources are complete")
    for resource in unsettled:
        console.print(f"  {resource.name}: {resource.status} {resource.reason}", markup=False)
    for title, values in (("Parameters", stack.parameter_values()), ("Outputs", stack.outputs())):
        console.print(f"[bold]{title}[/]")
        for key, value in sorted(values.items()):
            console.print(f"  {key:32} {value}", markup=False)
    console.print()


def _parameter(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not (key and separator):
        raise typer.BadParameter(f"{text!r} is not of the form NAME=VALUE", param_hint="--parameter")
    return key, value


def parameters_of_file(path: Path) -> dict[str, str]:
    """Read parameters from a YAML file; typer.BadParameter where it holds none."""
    try:
        values = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise typer.BadParameter(f"{path} is no YAML: {error}", param_hint="--parameters") from error
    if not isinstance(values, dict):
        raise typer.BadParameter(f"{path} has no NAME: VALUE lines", param_hint="--parameters")
    return {str(key): _as_text(value) for key, value in values.items()}


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _show(changes: Sequence[Change]) -> bool:
    """Print what would change; and no more than that, which is a yes."""
    table = Table("change", "resource", "type", box=None, pad_edge=False)
    for change in changes:
        colour = "red" if change.replaced else _COLOURS.get(change.action, "yellow")
        action = f"{change.action}, made anew" if change.replaced else change.action
        table.add_row(f"[{colour}]{action}[/]", change.resource, change.kind)
    console.print(table)
    return True


def _ask(changes: Sequence[Change]) -> bool:
    _show(changes)
    _require_terminal("--yes")
    return typer.confirm(f"Carry out these {len(changes)} changes?")


def _typed(question: str, option: str) -> str:
    _require_terminal(option)
    return typer.prompt(question, default="", show_default=False)


def _require_terminal(option: str) -> None:
    if not sys.stdin.isatty():
        raise DeploymentError(f"Nobody is there to be asked, and nothing was changed: say {option}.")


@contextmanager
def _credentials() -> Generator[None]:
    try:
        yield
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise DeploymentError(
            "No complete AWS credentials were found: run `aws configure`, or set AWS_PROFILE."
        ) from error


def _say(step: str) -> None:
    console.print(f"[dim]… {step}[/]")
