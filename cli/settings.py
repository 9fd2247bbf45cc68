"""``facegate settings``: every environment variable, made from the classes that read them."""

import inspect
import os
import re
from collections.abc import Iterator
from enum import Enum, StrEnum
from typing import Annotated, Any, NamedTuple

import typer
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings
from rich.markup import escape
from rich.table import Table
from typer.core import TyperGroup, TyperOption

from cli.connection import complaints, console
from localaws.machine import MachineSettings
from services.aws.audit import AuditSettings
from services.aws.connection import AwsSettings
from services.aws.pulsing import PulseSettings
from services.doors.settings import DoorSettings
from services.enroll.settings import EnrollSettings
from services.gateway.settings import GatewaySettings, ServerSettings
from services.heartbeat import HeartbeatSettings
from services.recognize.settings import RecognizeSettings
from services.variables import misspelled, variable_of

#: Who reads which settings, in the order of the page.
SECTIONS: dict[str, type[BaseSettings]] = {
    "Every process": AwsSettings,
    "Gateway": GatewaySettings,
    "Gateway's server": ServerSettings,
    "Recognize worker": RecognizeSettings,
    "Enroll worker": EnrollSettings,
    "Both workers": HeartbeatSettings,
    "What processes tell of themselves": PulseSettings,
    "Doors that act": DoorSettings,
    "Audit trail": AuditSettings,
    "One machine (`facegate up`, `facegate demo`)": MachineSettings,
}
_PAGE_HEAD = """\
# Settings

Written by `make settings` from the classes that read them; do not change it by hand.
`facegate settings` shows the same with the values that are set.

A wrong value stops a process at its start, and the log's last line names the variable.
A variable that nobody reads but that looks like one of these is warned about.
Endpoints, region and credentials are AWS's own variables (`AWS_REGION`, `AWS_ENDPOINT_URL`, ...).
"""
_LIMITS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}


class Variable(NamedTuple):
    """One environment variable, as a reader of the page needs it."""

    name: str
    default: str
    allowed: str
    meaning: str


class Output(StrEnum):
    """What the command prints."""

    TABLE = "table"
    PAGE = "page"
    NAMES = "names"


def settings(
    context: typer.Context,
    output: Annotated[
        Output, typer.Option(help="A table with the values that are set, the page of the docs, or the names.")
    ] = Output.TABLE,
) -> None:
    """List the environment variables: what each means, its default, and the value that is set."""
    sections = dict(_sections(context.find_root().command))
    if output is Output.NAMES:
        print("\n".join(sorted({variable.name for variables in sections.values() for variable in variables})))
    elif output is Output.PAGE:
        print(_page(sections), end="")
    else:
        _show(sections)


def _sections(command_line: Any) -> Iterator[tuple[str, list[Variable]]]:
    for title, settings in SECTIONS.items():
        yield title, list(variables(settings))
    options = {variable.name: variable for variable in _options(command_line)}
    yield "Command line", [options[name] for name in sorted(options)]


def variables(settings: type[BaseSettings]) -> Iterator[Variable]:
    """Return what a settings class reads, with the meanings that its docstring gives.

    Raises
    ------
    LookupError
        Naming the field whose meaning is not written under ``Attributes``.
    """
    meanings = {name: text for of in reversed(settings.__mro__) for name, text in _meanings(of.__doc__ or "")}
    for name, field in settings.model_fields.items():
        if name not in meanings:
            raise LookupError(f"{settings.__name__} does not say what {name} means")
        yield Variable(variable_of(settings, name), _default(field), _allowed(field), meanings[name])


def _meanings(docstring: str) -> Iterator[tuple[str, str]]:
    """Read a NumPy docstring's attributes: ``name, name : type`` and the indented text below."""
    _, _, attributes = inspect.cleandoc(docstring).partition("Attributes\n----------\n")
    for names, text in re.findall(r"^(\w[\w, ]*) : .*\n((?:    .*\n?|\n)+)", attributes, re.MULTILINE):
        for name in names.split(","):
            yield name.strip(), " ".join(text.split())


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        return "see text"
    return _text(field.default)


def _text(value: Any) -> str:
    if value in (None, PydanticUndefined, "", ()):
        return ""
    if isinstance(value, Enum):
        return str(value.value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _allowed(field: FieldInfo) -> str:
    if isinstance(field.annotation, type) and issubclass(field.annotation, Enum):
        return ", ".join(str(member.value) for member in field.annotation)
    if field.annotation is bool:
        return "true, false"
    limits = [
        f"{sign} {getattr(limit, name)}"
        for limit in field.metadata
        for name, sign in _LIMITS.items()
        if hasattr(limit, name)
    ]
    return ", ".join(limits)


def _options(command: Any) -> Iterator[Variable]:
    for option in command.params:
        if isinstance(option, TyperOption) and isinstance(option.envvar, str):
            yield Variable(option.envvar, _text(option.default), "", option.help or "")
    if isinstance(command, TyperGroup):
        for inner in command.commands.values():
            yield from _options(inner)


def _page(sections: dict[str, list[Variable]]) -> str:
    parts = [_PAGE_HEAD]
    for title, variables in sections.items():
        rows = [
            f"| `{name}` | {default} | {allowed} | {_markdown(meaning)} |\n"
            for name, default, allowed, meaning in variables
        ]
        parts.append(
            f"\n## {title}\n\n| variable | default | allowed | what |\n|---|---|---|---|\n{''.join(rows)}"
        )
    return "".join(parts)


def _markdown(text: str) -> str:
    return text.replace("``", "`").replace("|", "\\|")


def _show(sections: dict[str, list[Variable]]) -> None:
    for title, variables in sections.items():
        table = Table(
            "variable", "set to", "default", "what", title=title.replace("`", ""), title_justify="left"
        )
        for variable in variables:
            value = os.environ.get(variable.name, "")
            table.add_row(
                variable.name,
                _hidden(variable.name, value),
                escape(variable.default),
                escape(variable.meaning),
            )
        console.print(table)
    for name, meant in misspelled(os.environ).items():
        complaints.print(f"[yellow]{name} is read by nobody: {meant}?[/]")


def _hidden(name: str, value: str) -> str:
    """Return a value as it may stand on a screen."""
    secret = re.search("TOKEN|SECRET|PASSWORD|PASSPHRASE|_KEY$", name)
    return "(set)" if secret and value else escape(value)
