"""``facegate cost``: what a site costs a month on AWS, at list prices."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cli.connection import console
from infra.sites import Site
from services.prices import CostLine, Prices, Usage, estimate, list_prices
from services.prices.costs import UnknownInstanceType
from services.prices.price_list import UnreadablePrices, prices_of
from services.prices.workload import Workload, usage_of


class Output(StrEnum):
    """What the command prints."""

    TABLE = "table"
    JSON = "json"
    PAGE = "page"


def cost(
    site: Annotated[
        Site | None,
        typer.Option(help="A site's size, with all that stands there; the calls alone if not given."),
    ] = None,
    *,
    decisions_a_day: Annotated[float | None, typer.Option(min=0, help="Frames decided about.")] = None,
    photos_a_day: Annotated[float | None, typer.Option(min=0, help="Photos enrolled.")] = None,
    lambda_runs_a_day: Annotated[
        float | None, typer.Option(min=0, help="Uploads into the bucket; the photos if not given.")
    ] = None,
    people: Annotated[float | None, typer.Option(min=0, help="People enrolled altogether.")] = None,
    photos: Annotated[float | None, typer.Option(min=0, help="Photos kept altogether.")] = None,
    photo_gb: Annotated[
        float | None, typer.Option(min=0, help="GB of them; 0.3 MB each if not given.")
    ] = None,
    kiosks: Annotated[float | None, typer.Option(min=0, help="Kiosks at doors.")] = None,
    prices: Annotated[
        Path | None,
        typer.Option(help="A TOML file of prices of another region.", exists=True, dir_okay=False),
    ] = None,
    output: Annotated[
        Output, typer.Option(help="A table, JSON, or the table of all sites for the docs.")
    ] = Output.TABLE,
) -> None:
    """Say what a month on AWS costs: the calls of so many decisions and photos, and what stands there."""
    given = {
        "decisions_a_day": decisions_a_day,
        "photos_a_day": photos_a_day,
        "lambda_runs_a_day": lambda_runs_a_day,
        "people": people,
        "photos": photos,
        "photo_gb": photo_gb,
        "kiosks": kiosks,
    }
    workload = replace(
        site.workload if site else Workload(),
        **{name: value for name, value in given.items() if value is not None},
    )
    try:
        paid = prices_of(prices) if prices else list_prices()
        if output is Output.PAGE:
            print(page(paid), end="")
            return
        lines = estimate(usage_of(workload) + (site.installation if site else Usage()), paid)
    except (UnreadablePrices, UnknownInstanceType) as error:
        raise typer.BadParameter(str(error), param_hint="--prices") from error
    if output is Output.JSON:
        print(json.dumps(_as_json(lines, paid), indent=2))
    else:
        _show(lines, paid)


def total(lines: Iterable[CostLine]) -> float:
    """Return what all lines come to, in US dollars."""
    return sum(line.usd for line in lines)


def page(prices: Prices) -> str:
    """Return a Markdown table: what each service costs at a site of each size, in US dollars a month."""
    by_site = [defaultdict[str, float](float) for _ in Site]
    for site, dollars in zip(Site, by_site, strict=True):
        for line in estimate(usage_of(site.workload) + site.installation, prices):
            dollars[line.service] += line.usd
    services = sorted(set().union(*by_site), key=lambda service: -by_site[-1][service])
    rows = [
        *((service, [dollars[service] for dollars in by_site]) for service in services),
        ("**together**", [sum(dollars.values()) for dollars in by_site]),
    ]
    return "".join(
        [
            f"| US dollars a month | {' | '.join(Site)} |\n|---|{'---:|' * len(Site)}\n",
            *(f"| {name} | {' | '.join(f'{usd:,.0f}' for usd in amounts)} |\n" for name, amounts in rows),
        ]
    )


def _as_json(lines: Sequence[CostLine], prices: Prices) -> dict[str, object]:
    return {
        "region": prices.region,
        "prices_as_of": prices.as_of,
        "usd_a_month": round(total(lines), 2),
        "lines": [{**line._asdict(), "usd": round(line.usd, 4)} for line in lines],
    }


def _show(lines: Sequence[CostLine], prices: Prices) -> None:
    table = Table("service", "what", box=None, pad_edge=False)
    table.add_column("a month", justify="right")
    table.add_column("US dollars", justify="right")
    for service, of_service in groupby(
        sorted(lines, key=lambda line: line.service), lambda line: line.service
    ):
        for line in of_service:
            table.add_row(service, line.what, f"{_rounded(line.quantity)} {line.unit}", f"{line.usd:,.2f}")
    table.add_row("[bold]together[/]", "", "", f"[bold]{total(lines):,.2f}[/]")
    console.print(table)
    console.print(
        f"List prices of {prices.region} as of {prices.as_of}, without free tiers, taxes and support."
    )


def _rounded(quantity: float) -> str:
    return f"{quantity:,.0f}" if quantity >= 100 else f"{quantity:,.3g}"
