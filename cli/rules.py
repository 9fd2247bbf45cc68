"""``facegate rules``: who may pass where and when, and why."""

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from cli.access import add, change, made, register_of, remove
from cli.connection import OnAws, connect, console
from cli.moments import parse_moment, parse_schedule, schedule_text
from cli.people import find_person
from cli.recording import recorded
from services.access.explanation import RuleStanding, explain
from services.aws.people import PeopleStore
from services.contracts.access import (
    ALWAYS,
    AccessKind,
    AccessRecord,
    Door,
    HolidayCalendar,
    Rule,
    Zone,
)

rules = typer.Typer(help="Who may pass where and when.", no_args_is_help=True)
RuleId = Annotated[str, typer.Argument(metavar="RULE", help="Letters, digits, dots, - and _.")]
Groups = Annotated[
    list[str] | None, typer.Option("--group", help="Who may pass; once for each. everyone is everybody.")
]
Doors = Annotated[list[str] | None, typer.Option("--door", help="Where; once for each.")]
Zones = Annotated[list[str] | None, typer.Option("--zone", help="All doors of a zone; once for each.")]
When = Annotated[
    str | None,
    typer.Option("--schedule", help="always, or as in 'mon-fri 08:00-18:00, sat 22:00-06:00'."),
]
TimeZone = Annotated[str | None, typer.Option("--time-zone", help="As in Europe/Berlin; UTC, if left out.")]
From = Annotated[str | None, typer.Option("--valid-from", help="A date, or a date and time.")]
Until = Annotated[str | None, typer.Option("--valid-until", help="The first moment when it does not count.")]
Calendars = Annotated[list[str] | None, typer.Option("--holidays", help="A holiday calendar's id.")]
HolidayHours = Annotated[
    list[str] | None, typer.Option("--holiday-hours", help="As in 10:00-12:00; closed, if left out.")
]
_MOST_FILE_BYTES = 16 * 1024 * 1024
_TABLES: dict[str, type[AccessRecord]] = {
    "zones": Zone,
    "holidays": HolidayCalendar,
    "doors": Door,
    "rules": Rule,
}


@rules.command("list")
def show(aws: OnAws = False) -> None:
    """List the rules."""
    known = register_of(connect(aws)).all(AccessKind.RULE)
    if not known:
        console.print("There is no rule, so nobody passes: facegate rules add RULE --group … --zone …")
        return
    table = Table("Rule", "Name", "Groups", "Where", "When", "")
    for rule in known:
        if isinstance(rule, Rule):
            where = [*rule.doors, *(f"zone {zone}" for zone in rule.zones)]
            table.add_row(
                rule.rule_id,
                escape(rule.name),
                escape(", ".join(rule.groups)),
                ", ".join(where),
                _week(rule),
                "" if rule.enabled else "[yellow]off[/]",
            )
    console.print(table)


@rules.command("add")
def rules_add(
    rule_id: RuleId,
    *,
    name: Annotated[str | None, typer.Option(help="What to call it; its id, if left out.")] = None,
    group: Groups = None,
    door: Doors = None,
    zone: Zones = None,
    schedule: When = None,
    time_zone: TimeZone = None,
    valid_from: From = None,
    valid_until: Until = None,
    holidays: Calendars = None,
    holiday_hours: HolidayHours = None,
    aws: OnAws = False,
) -> None:
    """Add a rule: groups that may pass doors, or all doors of zones, at some hours or always."""
    given = _given(
        name=name or rule_id,
        groups=group,
        doors=door,
        zones=zone,
        schedule=schedule,
        time_zone=time_zone,
        valid_from=valid_from,
        valid_until=valid_until,
        calendars=holidays,
        holiday_hours=holiday_hours,
    )
    add(connect(aws), made(Rule, {"rule_id": rule_id, "groups": [], **given}))


@rules.command("change")
def rules_change(
    rule_id: RuleId,
    *,
    name: Annotated[str | None, typer.Option(help="What to call it.")] = None,
    group: Groups = None,
    door: Doors = None,
    zone: Zones = None,
    schedule: When = None,
    time_zone: TimeZone = None,
    valid_from: From = None,
    valid_until: Until = None,
    holidays: Calendars = None,
    holiday_hours: HolidayHours = None,
    enabled: Annotated[bool | None, typer.Option("--on/--off", help="Whether it counts.")] = None,
    aws: OnAws = False,
) -> None:
    """Change a rule; what no option is given for stays."""
    given = _given(
        name=name,
        groups=group,
        doors=door,
        zones=zone,
        schedule=schedule,
        time_zone=time_zone,
        valid_from=valid_from,
        valid_until=valid_until,
        calendars=holidays,
        holiday_hours=holiday_hours,
        enabled=enabled,
    )
    change(connect(aws), AccessKind.RULE, rule_id, given)


@rules.command("remove")
def rules_remove(rule_id: RuleId, aws: OnAws = False) -> None:
    """Remove a rule."""
    remove(connect(aws), AccessKind.RULE, rule_id)


@rules.command("import")
def rules_import(
    file: Annotated[Path, typer.Argument(help="A TOML file.", exists=True, dir_okay=False)],
    aws: OnAws = False,
) -> None:
    """Add and change zones, doors, holidays and rules so that they are as a TOML file says.

    What the file does not name stays. The same file again changes nothing.
    """
    records = _records(file)
    connection = connect(aws)
    with recorded(connection, "rules import", file=file.name, records=len(records)):
        added, changed = register_of(connection).put_all(records)
    console.print(
        f"[green]added[/] {added}, changed {changed}, {len(records) - added - changed} were so before"
    )


@rules.command("explain")
def rules_explain(
    whom: Annotated[str, typer.Argument(metavar="PERSON", help="The person's id or full name.")],
    door_id: Annotated[str, typer.Argument(metavar="DOOR", help="The door's id.")],
    at: Annotated[
        str | None, typer.Argument(metavar="[AT]", help="A date, or a date and time; now, if left out.")
    ] = None,
    aws: OnAws = False,
) -> None:
    """Tell which rule decides whether a person passes a door, and why each other does not let them."""
    moment = parse_moment(at) if at else datetime.now(UTC)
    connection = connect(aws)
    person = find_person(PeopleStore(connection), whom)
    current, state = register_of(connection).rules()
    explanation = explain(person, door_id, moment, current, state)
    granted = explanation.passage.rule_id is not None
    console.print(
        "[bold green]granted[/]" if granted else "[bold red]denied[/]", escape(explanation.sentence)
    )
    if explanation.rules:
        table = Table("Rule", "Name", "Why")
        for one in explanation.rules:
            colour = "green" if one.standing is RuleStanding.OPENS else "dim"
            table.add_row(one.rule_id, escape(one.name), f"[{colour}]{escape(one.sentence)}[/]")
        console.print(table)
    if not granted:
        raise typer.Exit(2)


def _given(**options: Any) -> dict[str, Any]:
    """Tell the fields of a rule that options were given for."""
    fields = {field: value for field, value in options.items() if value is not None}
    parsers = {"schedule": parse_schedule, "valid_from": parse_moment, "valid_until": parse_moment}
    return {field: parsers.get(field, lambda same: same)(value) for field, value in fields.items()}


def _records(file: Path) -> list[AccessRecord]:
    if file.stat().st_size > _MOST_FILE_BYTES:
        raise typer.BadParameter(f"{file} is larger than 16 MB")
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{file}: {error}") from error
    if unknown := tables.keys() - _TABLES.keys():
        raise typer.BadParameter(f"{file} has {', '.join(sorted(unknown))}; it may have {', '.join(_TABLES)}")
    if no_lists := [table for table, given in tables.items() if not isinstance(given, list)]:
        raise typer.BadParameter(f"{file}: write [[{no_lists[0]}]] before each of the {no_lists[0]}")
    return [
        _record(model, fields, f"{file.name}: {table} {number}")
        for table, model in _TABLES.items()
        for number, fields in enumerate(tables.get(table, []), start=1)
    ]


def _record(model: type[AccessRecord], fields: Any, place: str) -> AccessRecord:
    if isinstance(fields, dict) and (unknown := fields.keys() - model.model_fields.keys()):
        raise typer.BadParameter(f"{place}: {', '.join(sorted(unknown))} is nothing that it has")
    if isinstance(fields, dict) and isinstance(fields.get("schedule"), str):
        fields = fields | {"schedule": parse_schedule(fields["schedule"])}
    try:
        return made(model, fields)
    except typer.BadParameter as error:
        raise typer.BadParameter(f"{place}: {error.message}") from error


def _week(rule: Rule) -> str:
    if rule.schedule == ALWAYS:
        return "always"
    return f"{schedule_text(rule.schedule.week)} {rule.time_zone}"
