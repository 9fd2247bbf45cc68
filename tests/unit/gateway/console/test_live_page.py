"""The page of live decisions, and the stream that it is told them by."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient

from services.audit.decisions import decision_entry
from services.contracts.domain import Decision
from services.contracts.reasons import DecisionReason
from services.gateway import decision_feed
from services.gateway.console import live
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.in_memory_operators import signed_in

pytestmark = pytest.mark.access


def decide(gateway: Gateway, recognition_id: str, door_id: str = "front", known: bool = True) -> None:
    now = datetime.now(UTC)
    decision = Decision(
        recognition_id=recognition_id,
        reason=DecisionReason.MATCH if known else DecisionReason.NO_MATCH,
        kiosk_id="lobby",
        door_id=door_id,
        person_id="ada" if known else None,
        full_name="Ada <Lovelace>" if known else None,
        face_id="face-1" if known else None,
        similarity=99.5 if known else None,
        threshold=99,
        received_at=now,
        decided_at=now,
    )
    gateway.audit.record(decision_entry(decision))


@pytest.fixture
def viewer(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlaskClient]:
    monkeypatch.setattr(decision_feed, "_INTERVAL_SECONDS", 0.01)
    monkeypatch.setattr(live, "_TICK_SECONDS", 0.01)
    signed_in(gateway.client, "viewer")
    yield gateway.client
    gateway.audit.closed.set()


def events(viewer: FlaskClient, until: str, query: str = "", **headers: str) -> str:
    """What the stream says, up to and with some words."""
    said = ""
    with viewer.get(f"/console/live/events{query}", headers=headers) as answer:
        assert answer.mimetype == "text/event-stream", answer.text
        for part in answer.response:
            said += part.decode() if isinstance(part, bytes) else part
            if until in said:
                return said
    raise AssertionError(said)


def test_the_page_begins_with_the_newest_decisions(gateway: Gateway, viewer: FlaskClient):
    decide(gateway, "r-1")
    decide(gateway, "r-2", "lab-door", known=False)
    page = viewer.get("/console/live").text
    assert page.index('id="decision-r-2"') < page.index('id="decision-r-1"')
    assert "Ada &lt;Lovelace&gt;" in page
    assert "Door of the laboratory" in page
    assert "The face is not enrolled" in page
    assert "99.50 % similar, 99 % needed" in page


def test_the_list_holds_those_alone_that_are_wanted(gateway: Gateway, viewer: FlaskClient):
    decide(gateway, "r-1")
    decide(gateway, "r-2", "lab-door", known=False)
    assert "decision-r-1" not in viewer.get("/console/live/list?outcome=denied&door_id=").text
    assert "decision-r-2" not in viewer.get("/console/live/list?door_id=front&outcome=").text
    assert viewer.get("/console/live/list?outcome=perhaps").status_code == 400


def test_what_is_decided_is_told_in_words(gateway: Gateway, viewer: FlaskClient):
    decide(gateway, "r-1")
    said = events(viewer, "Granted")
    assert "event: decision\ndata: " in said
    assert "Ada &lt;Lovelace&gt;" in said
    assert "Eingelassen" in events(viewer, "Eingelassen", "?lang=de")


def test_what_is_not_wanted_is_not_told_and_yet_counts_as_seen(gateway: Gateway, viewer: FlaskClient):
    decide(gateway, "r-1")
    said = events(viewer, "id: ", "?outcome=denied")
    assert "decision" not in said


def test_a_stream_ends_with_the_session(gateway: Gateway, viewer: FlaskClient):
    begun = []

    def end_session(_text: str) -> None:
        begun.append(gateway.signing_in.disable("viewer"))
        gateway.signing_in.clock.move(minutes=1)

    with viewer.get("/console/live/events") as answer:
        parts = iter(answer.response)
        next(parts)
        end_session("")
        rest = [part.decode() if isinstance(part, bytes) else part for part in parts]
    assert rest[-1].startswith("event: ended")


def test_a_stream_ends_with_the_process(gateway: Gateway, viewer: FlaskClient):
    with viewer.get("/console/live/events") as answer:
        parts = iter(answer.response)
        next(parts)
        gateway.audit.closed.set()
        rest = [part.decode() if isinstance(part, bytes) else part for part in parts]
    assert rest[-1].startswith("event: closed")


def test_who_comes_when_all_streams_are_taken_is_told_so(gateway: Gateway, viewer: FlaskClient):
    taken = [viewer.get("/console/live/events") for _ in range(3)]
    refused = viewer.get("/console/live/events")
    assert (refused.status_code, "Too many watch" in refused.text) == (503, True)
    taken[0].close()
    assert viewer.get("/console/live/events").status_code == 200


def test_a_viewer_sees_no_way_to_the_audit_trail(gateway: Gateway, viewer: FlaskClient):
    decide(gateway, "r-1")
    assert "/console/audit" not in viewer.get("/console/live").text
    signed_in(viewer, "admin")
    assert "/console/audit/decisions/r-1?at=" in viewer.get("/console/live").text
