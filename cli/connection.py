"""What commands talk to: this machine or an AWS account, and the terminal."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column

from localaws.machine import MachineError, MachineSettings, is_open
from services.aws.connection import Aws, AwsSettings

console = Console(highlight=False, soft_wrap=True)
complaints = Console(stderr=True, highlight=False, soft_wrap=True)

OnAws = Annotated[
    bool, typer.Option("--aws", help="Use the AWS account of the environment instead of this machine.")
]


def whole_id(header: str) -> Column:
    """Make a table's column of ids, which are typed again: shown whole in however narrow a terminal."""
    return Column(header, min_width=36, no_wrap=True)


def connect(aws: bool) -> Aws:
    """Connect to this machine's embedded AWS, or to the environment's account.

    Raises
    ------
    MachineError
        If Facegate does not run on this machine.
    AwsError
        If the stack cannot be read.
    """
    if aws:
        return Aws.connect(AwsSettings())
    settings = MachineSettings.from_environment()
    settings.apply()
    if not is_open(settings.aws_port):
        raise MachineError(
            f"Facegate does not run on this machine (nothing answers at {settings.aws_url}): "
            "start it with facegate up, or say --aws to use the AWS account of your environment"
        )
    return Aws.connect(AwsSettings())
