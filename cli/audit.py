"""``facegate audit``: what was decided and done, verified and exported."""

import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from cli.connection import OnAws, complaints, connect, console
from cli.new_files import in_a_folder
from cli.recording import recorded
from services.audit.export import ExportFormat, export
from services.audit.sealer import Sealer
from services.audit.trail import TrailVerifier
from services.aws.audit_trail import AuditTrail
from services.aws.decisions import DecisionStore
from services.contracts.audit import AuditKind

audit = typer.Typer(help="The audit trail: what was decided, and what operators did.", no_args_is_help=True)

_DAY_FORMAT = ["%Y-%m-%d"]
_ANCHOR_LENGTH = 64
First = Annotated[
    datetime | None,
    typer.Option("--from", formats=_DAY_FORMAT, help="The first day (UTC); today's if not given."),
]
Last = Annotated[
    datetime | None, typer.Option("--to", formats=_DAY_FORMAT, help="The last day; the first if not given.")
]


@audit.command()
def verify(
    first: First = None,
    last: Last = None,
    day: Annotated[datetime | None, typer.Option(formats=_DAY_FORMAT, help="One day alone.")] = None,
    anchor: Annotated[
        str | None, typer.Option(help="The hash of a seal that you noted elsewhere: it has to be there.")
    ] = None,
    aws: OnAws = False,
) -> None:
    """Find altered, missing, moved and inserted records; exit status 1 if there are any."""
    now = datetime.now(UTC)
    begin, end = _days(day or first, day or last, now.date())
    if anchor is not None and len(anchor) != _ANCHOR_LENGTH:
        raise typer.BadParameter("a seal's hash has 64 hexadecimal digits", param_hint="--anchor")
    connection = connect(aws)
    found = TrailVerifier(AuditTrail(connection), DecisionStore(connection), now).verify(begin, end, anchor)
    for finding in found.findings:
        complaints.print(f"[bold red]{finding.fault.replace('_', ' ')}[/] ", end="")
        complaints.print(str(finding), markup=False)
    period = str(begin) if begin == end else f"{begin} to {end}"
    console.print(f"{period}: {found.records} records in {found.chains} chains, {found.erased} erased")
    if found.expired:
        console.print(f"The records of {len(found.expired)} days have expired; their seals were verified.")
    if found.unsealed:
        console.print(
            f"Not sealed yet: {', '.join(map(str, found.unsealed))}. Nothing holds their last records."
        )
    if found.last_seal is not None:
        seal = found.last_seal
        console.print(
            f"Last seal: {seal.says.day} {seal.hash}. Note it elsewhere, and give it as --anchor later."
        )
    if found.findings:
        complaints.print(
            f"[bold red]facegate:[/] the trail is not what was written: {len(found.findings)} faults"
        )
        raise typer.Exit(1)
    console.print("[green]intact[/]")


@audit.command("export")
def export_records(
    first: First = None,
    last: Last = None,
    form: Annotated[
        ExportFormat, typer.Option("--format", help="JSON lines hold the text that was hashed.")
    ] = ExportFormat.JSONL,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="The file; standard output if not given.",
            dir_okay=False,
            callback=in_a_folder,
        ),
    ] = None,
    aws: OnAws = False,
) -> None:
    """Write the records of some days; that they were exported is a record too."""
    begin, end = _days(first, last, datetime.now(UTC).date())
    connection = connect(aws)
    midnight = datetime.combine(begin, datetime.min.time(), UTC)
    behind = midnight + (end - begin) + timedelta(days=1)
    period = {"from": str(begin), "to": str(end)}
    with recorded(connection, "audit export", kind=AuditKind.LOOK, **period):
        lines = export(AuditTrail(connection).between(midnight, behind), form)
        if output is None:
            sys.stdout.writelines(lines)
        else:
            written = _write(output, lines, heading=form is ExportFormat.CSV)
            console.print(f"[green]wrote[/] {written} records to {escape(str(output))}")


@audit.command()
def seal(aws: OnAws = False) -> None:
    """Seal the days that are over, as gateways do by themselves."""
    sealed = Sealer(AuditTrail(connect(aws))).seal()
    for made in sealed:
        console.print(f"[green]sealed[/] {made.says.day} {made.hash}")
    if not sealed:
        console.print("Every day that is over is sealed.")


def _days(first: datetime | None, last: datetime | None, today: date) -> tuple[date, date]:
    begin = first.date() if first else today
    end = last.date() if last else begin
    if end < begin:
        raise typer.BadParameter(f"{end} is before {begin}", param_hint="--to")
    return begin, end


def _write(path: Path, lines: Iterable[str], *, heading: bool) -> int:
    count = -1 if heading else 0
    with path.open("w", encoding="utf-8", newline="") as file:
        for line in lines:
            file.write(line)
            count += 1
    return count
