"""The page of the machinery: queues and processes now, figures over time as charts, and what it costs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, g, render_template, request

from services.contracts.domain import Scope
from services.contracts.operations import QueueName
from services.gateway.console.guard import console_blueprint
from services.gateway.console.numbers import written
from services.gateway.operations import CostLineBody, CostsBody, HistoryBody, OperationsDesk
from services.gateway.operations_api import hours_of
from services.operations.figures import Latency, Point, QueueFigures

_HOURS = (1, 6, 24, 72)
#: Of photos these ends are no refusals.
_TAKEN = ("indexed", "held")


@dataclass(frozen=True)
class Column:
    """What a line of a chart and a column of the table show.

    Attributes
    ----------
    name : str
        Its words are ``operations.column.<name>``.
    tone : str
        The variable of the stylesheet that colours it.
    most : bool
        Whether the largest value tells of all points, and not their sum.
    """

    name: str
    tone: str
    value: Callable[[Point], float | None]
    most: bool = False
    digits: int = 0

    def total_of(self, points: Sequence[Point]) -> float | None:
        """Make one value of all points; None where none has one."""
        values = [value for point in points if (value := self.value(point)) is not None]
        if not values:
            return None
        return max(values) if self.most else sum(values)


@dataclass(frozen=True)
class Chart:
    """Lines over time; its words are ``operations.chart.<name>``, with a unit."""

    name: str
    columns: tuple[Column, ...]


def _latency(name: str, tone: str, pick: Callable[[Point], Latency], *, upper: bool) -> Column:
    def value(point: Point) -> float | None:
        found = pick(point)
        return found.p95 if upper else found.p50

    return Column(name, tone, value, most=True)


def _queue(point: Point, queue: QueueName) -> QueueFigures:
    return next(found for found in point.queues if found.queue is queue)


def _most_waiting(queue: QueueName) -> Callable[[Point], float | None]:
    return lambda point: _queue(point, queue).most_waiting


def _waited_seconds(queue: QueueName) -> Callable[[Point], float | None]:
    def value(point: Point) -> float | None:
        waited = _queue(point, queue).waited_ms.p95
        return None if waited is None else waited / 1000

    return value


def _refused_photos(point: Point) -> int:
    return sum(times for end, times in point.enrollments.items() if end not in _TAKEN)


CHARTS = (
    Chart(
        "decisions",
        (
            Column("granted", "good", lambda point: point.granted),
            Column("denied", "bad", lambda point: point.denied),
            Column("turned-away", "warn", lambda point: point.turned_away),
        ),
    ),
    Chart(
        "latency",
        (
            _latency("answer-p50", "accent", lambda point: point.answer_ms, upper=False),
            _latency("answer-p95", "warn", lambda point: point.answer_ms, upper=True),
            _latency("decision-p50", "good", lambda point: point.decision_ms, upper=False),
            _latency("decision-p95", "bad", lambda point: point.decision_ms, upper=True),
        ),
    ),
    Chart(
        "waiting",
        (
            Column("waiting-recognize", "accent", _most_waiting(QueueName.RECOGNIZE), most=True),
            Column("waiting-enroll", "warn", _most_waiting(QueueName.ENROLL), most=True),
        ),
    ),
    Chart(
        "waited",
        (
            Column("waited-recognize", "accent", _waited_seconds(QueueName.RECOGNIZE), most=True, digits=1),
            Column("waited-enroll", "warn", _waited_seconds(QueueName.ENROLL), most=True, digits=1),
        ),
    ),
    Chart(
        "rekognition",
        (
            Column("calls", "accent", lambda point: sum(found.calls for found in point.rekognition)),
            Column("throttled", "warn", lambda point: sum(found.throttled for found in point.rekognition)),
            Column("failed", "bad", lambda point: sum(found.failed for found in point.rekognition)),
        ),
    ),
    Chart(
        "photos",
        (
            Column("indexed", "good", lambda point: point.enrollments.get("indexed", 0)),
            Column("held", "warn", lambda point: point.enrollments.get("held", 0)),
            Column("refused", "bad", _refused_photos),
        ),
    ),
)


def operations_pages(desk: OperationsDesk) -> Blueprint:
    """Make the blueprint of ``/console/operations``."""
    blueprint = console_blueprint("operations_pages", Scope.OPERATIONS_READ)

    @blueprint.get("/operations")
    def operations() -> str:
        return render_template(
            "console/operations/operations.html",
            now=desk.now(),
            choices=_HOURS,
            **_figures(desk),
            **_costs(desk),
        )

    @blueprint.get("/operations/now")
    def now() -> str:
        return render_template("console/operations/now.html", now=desk.now())

    @blueprint.get("/operations/figures")
    def figures() -> str:
        return render_template("console/operations/figures.html", **_figures(desk))

    @blueprint.get("/operations/costs")
    def costs() -> str:
        return render_template("console/operations/costs.html", **_costs(desk))

    @blueprint.app_template_filter("written")
    def write(value: float | None, digits: int = 0) -> str:
        return written(value, digits, g.texts.language)

    blueprint.add_app_template_test(lambda value: value == int(value), "integral")
    return blueprint


def words_of_line(line: CostLineBody) -> str:
    """Name the words for a line of a bill: ``operations.cost.<service and what>``."""
    return f"operations.cost.{_as_key(line.service)}.{_as_key(line.what)}"


def words_of_unit(line: CostLineBody) -> str:
    """Name the words for a line's unit."""
    return f"operations.unit.{_as_key(line.unit)}"


def _as_key(words: str) -> str:
    return words.lower().replace(" ", "-")


def _figures(desk: OperationsDesk) -> dict[str, Any]:
    hours = hours_of(request.args.get("hours"))
    history: HistoryBody = desk.history(hours)
    return {"hours": hours, "history": history, "charts": CHARTS}


def _costs(desk: OperationsDesk) -> dict[str, Any]:
    costs: CostsBody = desk.costs()
    so_far = {(line.service, line.what): line for line in costs.so_far.lines}
    lines = [
        {
            "words": words_of_line(line),
            "unit": words_of_unit(line),
            "so_far": so_far.get((line.service, line.what)),
            "forecast": line,
        }
        for line in costs.forecast.lines
    ]
    return {"costs": costs, "lines": sorted(lines, key=lambda line: -line["forecast"].usd)}
