"""Decisions are listed as the audit trail has them: by day, door and outcome."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.audit.decisions import decision_entry
from services.contracts.audit import AuditEntry, AuditKind
from services.contracts.domain import Decision
from services.contracts.reasons import DecisionReason
from tests.unit.gateway.conftest import Gateway

pytestmark = pytest.mark.access

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)


def decide(gateway: Gateway, recognition_id: str, door_id: str = "front", **changes) -> Decision:
    fields = {
        "recognition_id": recognition_id,
        "reason": DecisionReason.MATCH,
        "kiosk_id": "lobby",
        "door_id": door_id,
        "person_id": "ada",
        "full_name": "Ada Lovelace",
        "face_id": "face-1",
        "similarity": 99.5,
        "threshold": 99,
        "agreed": 1,
        "rule_id": "day",
        "received_at": NOW,
        "decided_at": NOW,
    }
    decision = Decision(**(fields | changes))
    gateway.audit.record(decision_entry(decision))
    return decision


@pytest.fixture
def house(gateway: Gateway) -> Gateway:
    nobody = {"person_id": None, "full_name": None, "face_id": None, "rule_id": None}
    decide(gateway, "r-1")
    gateway.audit.record(AuditEntry(kind=AuditKind.ACTION, actor="token t", what="PUT"))
    decide(gateway, "r-2", "back")
    decide(gateway, "r-3", reason=DecisionReason.NO_MATCH, **nobody)
    return gateway


def get(gateway: Gateway, query: str = ""):
    today = datetime.now(UTC).date()
    period = f"from={today - timedelta(days=1)}&to={today}"
    return gateway.client.get(f"/v1/decisions?{period}{query}", headers=gateway.as_program())


def ids(gateway: Gateway, query: str = "") -> list[str]:
    return [decision["recognition_id"] for decision in get(gateway, query).get_json()["decisions"]]


def test_a_decision_is_shown_with_its_evidence(house: Gateway):
    first = get(house).get_json()["decisions"][0]
    assert first == {
        "recognition_id": "r-1",
        "outcome": "granted",
        "reason": "match",
        "kiosk_id": "lobby",
        "door_id": "front",
        "person": {"person_id": "ada", "full_name": "Ada Lovelace"},
        "matched": None,
        "similarity": 99.5,
        "threshold": 99.0,
        "frames": 1,
        "agreed": 1,
        "rule_id": "day",
        "received_at": "2026-01-02T12:00:00Z",
        "decided_at": "2026-01-02T12:00:00Z",
        "erased": False,
    }


def test_decisions_are_found_by_door_and_outcome(house: Gateway):
    assert ids(house) == ["r-1", "r-2", "r-3"]
    assert ids(house, "&door_id=front") == ["r-1", "r-3"]
    assert ids(house, "&outcome=denied") == ["r-3"]
    assert ids(house, "&door_id=back&outcome=denied") == []


def test_a_decision_on_nobody_names_nobody(house: Gateway):
    assert get(house, "&outcome=denied").get_json()["decisions"][0]["person"] is None


def test_a_person_who_was_erased_is_named_no_more(house: Gateway):
    listed = house.audit.listed[0]
    house.audit.listed[0] = replace(listed, link=replace(listed.link, personal=None, erased=True))
    first = get(house).get_json()["decisions"][0]
    assert (first["person"], first["erased"]) == (None, True)


def test_decisions_are_listed_page_by_page(house: Gateway):
    seen, cursor = [], ""
    while cursor is not None:
        page = get(house, "&limit=1" + (f"&cursor={cursor}" if cursor else "")).get_json()
        seen += [decision["recognition_id"] for decision in page["decisions"]]
        cursor = page["next_cursor"]
    assert seen == ["r-1", "r-2", "r-3"]


def test_a_filter_that_little_passes_gives_up_early_and_goes_on(house: Gateway, monkeypatch):
    monkeypatch.setattr("services.gateway.decisions_api._MOST_READ", 2)
    page = get(house, "&outcome=denied").get_json()
    assert page["decisions"] == []
    rest = get(house, f"&outcome=denied&cursor={page['next_cursor']}").get_json()
    assert ([found["recognition_id"] for found in rest["decisions"]], rest["next_cursor"]) == (["r-3"], None)


def test_a_decision_that_was_altered_is_left_out(house: Gateway):
    listed = house.audit.listed[0]
    text = json.dumps(json.loads(listed.link.text) | {"outcome": "perhaps"})
    house.audit.listed[0] = replace(listed, link=replace(listed.link, text=text))
    assert ids(house) == ["r-2", "r-3"]


@pytest.mark.parametrize("query", ["&outcome=perhaps", f"&door_id={'x' * 101}", "&limit=0", "&cursor=x"])
def test_what_cannot_be_meant_is_refused(house: Gateway, query):
    assert get(house, query).status_code == 400
