"""The audit trail in memory."""

from datetime import date, datetime, timedelta
from threading import Event

from services.audit.chain import Listed, Opening, link, open_chain
from services.audit.trail import TrailVerifier
from services.aws.errors import AwsUnavailable
from services.contracts.audit import AuditEntry
from services.gateway.audit_api import AuditDesk
from services.gateway.decision_feed import DecisionFeed


class InMemoryAudit:
    """One chain; refuses to write when a test says so."""

    def __init__(self, watchers: int = 3) -> None:
        self.entries: list[AuditEntry] = []
        self.listed: list[Listed] = []
        self.out_of_reach = False
        self.opening: Opening | None = None
        self.closed = Event()
        self.feed = DecisionFeed(self, self.closed.wait, most=watchers)

    def record(self, entry: AuditEntry) -> str:
        if self.out_of_reach:
            raise AwsUnavailable("the table is out of reach")
        now = datetime.now().astimezone()
        if self.opening is None:
            self.opening = open_chain("gateway", now, now.date() + timedelta(days=365))
            self._head = self.opening.head
        made, self._head = link(self._head, entry, now)
        self.entries.append(entry)
        self.listed.append(Listed(self._head.chain, made))
        return self.listed[-1].position

    def between(self, begin: datetime, end: datetime, after: str | None = None, at_a_time: int | None = None):
        positions = [listed.position for listed in self.listed]
        first = positions.index(after) + 1 if after else 0
        return iter(self.listed[first:])

    def chains_of(self, day: date, writer: str):
        if self.out_of_reach:
            raise AwsUnavailable("the table is out of reach")
        return [self.opening.says.chain] if self.opening else []

    def behind(self, chain: str, place: str):
        return iter([listed for listed in self.listed if listed.link.place > place])

    def openings(self, first: date, last: date):
        return [self.opening] if self.opening else []

    def links(self, chain: str):
        return [listed.link for listed in self.listed]

    def seals(self):
        return []

    def holds(self, places):
        return {}

    @property
    def retention(self) -> timedelta:
        return timedelta(days=90)

    def standing(self, recognition_ids):
        return {}

    def decided_between(self, first: date, last: date):
        return []

    @property
    def desk(self) -> AuditDesk:
        return AuditDesk(self, self, lambda now: TrailVerifier(self, self, now), self.feed)
