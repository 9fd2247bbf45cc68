"""The page of decisions as they are made."""

import time
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock

from cachetools import TTLCache
from flask import Blueprint, Response, g, render_template, request

from services.aws.errors import AwsError
from services.contracts.access import AccessKind
from services.contracts.domain import Scope
from services.contracts.reasons import Outcome
from services.contracts.sessions import SessionToken
from services.gateway.access import AccessControl
from services.gateway.audit_api import AuditDesk
from services.gateway.console.guard import console_blueprint
from services.gateway.console.layout import renderer
from services.gateway.decision_feed import News, Signal, Watcher
from services.gateway.problems import Problem
from services.gateway.recorded_decisions import RecordedDecisionBody, Wanted, newest_decisions, wanted_of
from services.gateway.sessions import Sessions

_MOST_DOORS = 500
#: So often it is looked whether the session stands, and the browser is told that the stream does.
_TICK_SECONDS = 5.0
_RECONNECT_MILLISECONDS = 2000
_MOST_ROWS = 1000
_ROWS_KEPT_SECONDS = 30.0


def live_pages(desk: AuditDesk, access: AccessControl, sessions: Sessions) -> Blueprint:
    """Make the blueprint of ``/console/live``."""
    blueprint = console_blueprint("live_pages", Scope.DECISIONS_READ)
    rows = _Rows()

    def doors() -> dict[str, str]:
        found, _ = access.page(AccessKind.DOOR, None, _MOST_DOORS)
        return {door.door_id: door.name for door in found}

    @blueprint.get("/live")
    def live() -> str:
        wanted = _wanted()
        newest = newest_decisions(desk.trail, wanted, datetime.now(UTC))
        return render_template(
            "console/live/live.html", doors=doors(), outcomes=tuple(Outcome), wanted=wanted, newest=newest
        )

    @blueprint.get("/live/list")
    def newest() -> str:
        found = newest_decisions(desk.trail, _wanted(), datetime.now(UTC))
        return render_template("console/live/list.html", doors=doors(), newest=found)

    @blueprint.get("/live/events")
    def events() -> Response:
        wanted, names = _wanted(), doors()
        watcher = desk.feed.watch(request.headers.get("Last-Event-ID"))
        render, looks = renderer(), (g.texts.language, g.principal.scopes)

        def row(decision: RecordedDecisionBody) -> str:
            key = (*looks, decision.recognition_id, decision.erased)
            return rows.find(key, lambda: render("console/live/row.html", decision=decision, doors=names))

        stream = _Stream(watcher, wanted, row, sessions, g.signed_in.token)
        response = Response(stream.events(), mimetype="text/event-stream")
        # proxies are not to wait for the end
        response.headers["X-Accel-Buffering"] = "no"
        response.call_on_close(watcher.leave)
        return response

    return blueprint


class _Rows:
    """Rows of the list, made once for all who see them alike: making them is what a decision costs here."""

    def __init__(self) -> None:
        self._made: TTLCache[Hashable, str] = TTLCache(_MOST_ROWS, _ROWS_KEPT_SECONDS, time.monotonic)
        self._lock = Lock()

    def find(self, key: Hashable, make: Callable[[], str]) -> str:
        """Find a row, or make it while the others who need it wait."""
        with self._lock:
            row = self._made.get(key)
            if row is None:
                row = self._made[key] = make()
            return row


@dataclass(frozen=True)
class _Stream:
    """Server-sent events for one page, until its session, its connection or this process ends."""

    watcher: Watcher
    wanted: Wanted
    row: Callable[[RecordedDecisionBody], str]
    sessions: Sessions
    token: SessionToken

    def events(self) -> Iterator[str]:
        """Write them."""
        yield f"retry: {_RECONNECT_MILLISECONDS}\n\n"
        for news in self.watcher.missed:
            yield self._shown(news)
        while True:
            news = self.watcher.next(_TICK_SECONDS)
            if isinstance(news, News):
                yield self._shown(news)
                continue
            if news is not None:
                yield _event(str(news), "")
            if news in {Signal.BEHIND, Signal.CLOSED}:
                return
            if not self._session_stands():
                yield _event("ended", "")
                return
            # whoever has gone is noticed when something is sent
            yield ": still here\n\n"

    def _shown(self, news: News) -> str:
        if not self.wanted.has(news.decision):
            return f"id: {news.event_id}\n\n"
        return f"id: {news.event_id}\n{_event('decision', self.row(news.decision))}"

    def _session_stands(self) -> bool:
        try:
            self.sessions.find(self.token)
        except (Problem, AwsError):
            return False
        return True


def _event(name: str, data: str) -> str:
    lines = "".join(f"data: {line}\n" for line in data.splitlines() or [""])
    return f"event: {name}\n{lines}\n"


def _wanted() -> Wanted:
    # a form sends what is not chosen as nothing
    return wanted_of({name: value for name, value in request.args.items() if value})
