"""The commands of docs/deploy.md are commands that there are, with options that these have."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from cli.main import app

DEPLOY = Path(__file__).parents[3] / "docs" / "deploy.md"
#: What stands for something that the reader puts in.
PLACEHOLDERS = re.compile(r"[\[\]|…]|FILE|DIR")


def documented():
    text = DEPLOY.read_text().replace("\\\n", " ")
    found = re.findall(r"^ +(facegate .*)$|`(facegate [^`]*)`", text, re.MULTILINE)
    commands = {line or quoted for line, quoted in found}
    return sorted(command for command in commands if not PLACEHOLDERS.search(command))


def parse(command, name, arguments):
    """Parse a command line down to its last command, and run nothing."""
    if "commands" not in vars(command):
        return command.make_context(name, arguments)
    inner, *rest = arguments
    return parse(command.commands[inner], inner, rest)


def test_enough_commands_are_found():
    assert {line.split()[1] for line in documented()} >= {"deploy", "status", "cost", "operators", "enroll"}


@pytest.mark.parametrize("line", documented())
def test_a_documented_command_can_be_typed(line):
    program, *arguments = shlex.split(line)
    assert parse(typer.main.get_command(app), program, arguments)
