"""``facegate tokens``: what programs show at the people API."""

import getpass
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from cli.connection import OnAws, complaints, connect, console
from cli.recording import recorded
from services.aws.tokens import TokenStore
from services.contracts.domain import IssuedToken, Scope
from services.contracts.names import parse_full_name
from services.contracts.tokens import ApiToken

tokens = typer.Typer(help="The tokens of programs that use the people API.", no_args_is_help=True)


@tokens.command("create")
def create(
    name: Annotated[str, typer.Option(help="What the program is called.")],
    scope: Annotated[list[Scope], typer.Option(help="What it may do; give the option once for each.")],
    expires: Annotated[
        datetime | None, typer.Option(help="When it ends by itself, in UTC; never if not given.")
    ] = None,
    aws: OnAws = False,
) -> None:
    """Create a token and print it, which is shown this once."""
    try:
        program = parse_full_name(name)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--name") from error
    now, expires_at = datetime.now(UTC), expires and expires.replace(tzinfo=UTC)
    if expires_at is not None and expires_at <= now:
        raise typer.BadParameter("it is in the past", param_hint="--expires")
    token = ApiToken.issue()
    issued = IssuedToken(
        token_id=token.token_id,
        name=program,
        scopes=tuple(dict.fromkeys(scope)),
        token_sha256=token.sha256,
        created_at=now,
        created_by=f"cli {getpass.getuser()}",
        expires_at=expires_at,
    )
    connection = connect(aws)
    with recorded(connection, "tokens create", token_id=token.token_id, scopes=[*issued.scopes]):
        TokenStore(connection).add(issued)
    print(token)


@tokens.command("list")
def show(aws: OnAws = False) -> None:
    """List the tokens that stand."""
    table = Table("id", "name", "scopes", "created", "by", "expires")
    for token in TokenStore(connect(aws)).list():
        created, expires = (
            f"{at:%Y-%m-%d %H:%M} UTC" if at else "" for at in (token.created_at, token.expires_at)
        )
        by = escape(token.created_by or "")
        table.add_row(token.token_id, escape(token.name), " ".join(token.scopes), created, by, expires)
    console.print(table)


@tokens.command("revoke")
def revoke(
    token_id: Annotated[str, typer.Argument(help="The id that 'facegate tokens list' shows.")],
    aws: OnAws = False,
) -> None:
    """End a token; within two seconds no gateway takes it any more."""
    connection = connect(aws)
    with recorded(connection, "tokens revoke", token_id=token_id):
        revoked = TokenStore(connection).revoke(token_id)
    if not revoked:
        complaints.print("[bold red]facegate:[/] there is no such token; see 'facegate tokens list'")
        raise typer.Exit(1)
    console.print("[green]revoked[/]", escape(token_id))
