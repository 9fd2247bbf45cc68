"""``facegate operators``: who signs in to manage Facegate."""

import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from pydantic import JsonValue, TypeAdapter, ValidationError
from rich.markup import escape
from rich.table import Column, Table

from cli.connection import OnAws, connect, console
from cli.recording import recorded
from services.aws.connection import Aws
from services.aws.operators import OperatorStore
from services.contracts.operators import Login, Operator, OperatorStatus, Role
from services.passwords import LONGEST_PASSWORD, Passwords, check_password

operators = typer.Typer(help="The people who sign in to manage Facegate.", no_args_is_help=True)
_LOGIN: TypeAdapter[str] = TypeAdapter(Login)


def _login(text: str) -> str:
    try:
        return _LOGIN.validate_python(text)
    except ValidationError as error:
        raise typer.BadParameter(
            "a login has letters, digits and . _ @ + - alone, 100 at most; an e-mail address is one"
        ) from error


Whom = Annotated[str, typer.Argument(metavar="LOGIN", callback=_login, help="The operator's login.")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input instead of asking.")
]


class OperatorUnknown(Exception):
    """Nobody has the login."""

    def __init__(self, login: str) -> None:
        super().__init__(f"there is no operator {login}; facegate operators list shows all")


class OperatorExists(Exception):
    """Somebody has the login already."""

    def __init__(self, login: str) -> None:
        super().__init__(
            f"operator {login} exists; facegate operators set-password gives them another password"
        )


@operators.command("create")
def create(
    login: Annotated[str, typer.Option(callback=_login, help="A name or an e-mail address.")],
    role: Annotated[Role, typer.Option(help="What they may; docs/operators.md has the table.")],
    password_stdin: FromStdin = False,
    aws: OnAws = False,
) -> None:
    """Create an operator; the first admin is made so."""
    connection = connect(aws)
    operator = Operator(
        operator_id=login,
        role=role,
        password_hash=_new_hash(login, password_stdin),
        created_at=datetime.now(UTC),
    )
    with recorded(connection, "operators create", operator_id=login, role=role):
        created = OperatorStore(connection).create(operator)
    if not created:
        raise OperatorExists(login)
    console.print(f"[green]created[/] {escape(login)}, {role}")


@operators.command("list")
def show(aws: OnAws = False) -> None:
    """List operators by login."""
    table = Table(Column("Login", overflow="fold"), "Role", "Status", "Signed in", "Locked until")
    for operator in OperatorStore(connect(aws)).list():
        until = operator.failed_sign_ins.locked_until
        table.add_row(
            escape(operator.operator_id),
            operator.role,
            operator.status,
            _moment(operator.signed_in_at),
            _moment(until) if until and until > datetime.now(UTC) else "",
        )
    console.print(table)


@operators.command("set-role")
def set_role(
    login: Whom,
    role: Annotated[Role, typer.Option(help="What they may from now on.")],
    aws: OnAws = False,
) -> None:
    """Give an operator another role; their sessions end."""
    _change(connect(aws), login, "set-role", role=role)
    console.print(f"{escape(login)} is {role} now")


@operators.command("set-password")
def set_password(login: Whom, password_stdin: FromStdin = False, aws: OnAws = False) -> None:
    """Give an operator another password; their sessions end, and waits after wrong ones too."""
    connection = connect(aws)
    _find(OperatorStore(connection), login)
    _change(connection, login, "set-password", password_hash=_new_hash(login, password_stdin))
    console.print(f"{escape(login)} has another password now")


@operators.command()
def disable(login: Whom, aws: OnAws = False) -> None:
    """Let an operator sign in no more; their sessions end within two seconds."""
    _change(connect(aws), login, "disable", status=OperatorStatus.DISABLED)
    console.print(f"{escape(login)} is [yellow]disabled[/]")


@operators.command()
def enable(login: Whom, aws: OnAws = False) -> None:
    """Let a disabled operator sign in again."""
    _change(connect(aws), login, "enable", status=OperatorStatus.ACTIVE)
    console.print(f"{escape(login)} is [green]active[/]")


@operators.command()
def remove(
    login: Whom,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    aws: OnAws = False,
) -> None:
    """Remove an operator; their sessions end within two seconds."""
    connection = connect(aws)
    store = OperatorStore(connection)
    operator = _find(store, login)
    if not yes:
        typer.confirm(f"Remove {operator.operator_id}, {operator.role}?", abort=True)
    with recorded(connection, "operators remove", operator_id=login):
        store.remove(operator)
    console.print(f"[green]removed[/] {escape(login)}")


def _change(aws: Aws, login: str, command: str, **changes: Any) -> None:
    store = OperatorStore(aws)
    operator = _find(store, login)
    told: JsonValue = {name: str(value) for name, value in changes.items() if name != "password_hash"}
    with recorded(aws, f"operators {command}", operator_id=login, changes=told):
        store.update(operator, datetime.now(UTC), **changes)


def _find(store: OperatorStore, login: str) -> Operator:
    operator = store.get(login)
    if operator is None:
        raise OperatorUnknown(login)
    return operator


def _new_hash(login: str, from_stdin: bool) -> str:
    if from_stdin:
        password = sys.stdin.read(LONGEST_PASSWORD + 2).rstrip("\r\n")
    else:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    check_password(password, login)
    return Passwords().hash(password)


def _moment(instant: datetime | None) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC" if instant else ""
