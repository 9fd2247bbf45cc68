"""What programs and operators do is on record before it is done; what is on record can be asked for."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.contracts.audit import AuditEntry, AuditKind, hash_of
from services.contracts.domain import Scope
from services.contracts.tokens import ApiToken
from services.gateway.audit import recorded_endpoints
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.in_memory import issued

pytestmark = pytest.mark.access


def days():
    """Yesterday and today: midnight may come in between."""
    today = datetime.now(UTC).date()
    return f"from={today - timedelta(days=1)}&to={today}"


def create(gateway: Gateway, name: str = "Ada Lovelace"):
    return gateway.client.post("/v1/people", json={"full_name": name}, headers=gateway.as_program())


def get(gateway: Gateway, path: str):
    return gateway.client.get(path, headers=gateway.as_program())


def test_a_change_is_recorded_before_it_is_made_and_what_became_of_it_after(gateway: Gateway):
    person_id = create(gateway).get_json()["person_id"]
    before, after = gateway.audit.entries
    actor = f"token {gateway.program.token_id}"
    assert (before.kind, before.actor, before.what) == (AuditKind.ACTION, actor, "POST /v1/people")
    assert before.details == {"address": "127.0.0.1"}
    assert (after.kind, after.actor, after.outcome) == (AuditKind.OUTCOME, actor, "201")
    assert after.target == gateway.audit.listed[0].position
    assert after.personal == {"person_id": person_id}


def test_whom_a_change_is_about_lies_where_it_can_be_erased(gateway: Gateway):
    person_id = create(gateway).get_json()["person_id"]
    gateway.client.delete(f"/v1/people/{person_id}", headers=gateway.as_program())
    before, after = gateway.audit.entries[2:]
    assert (before.what, before.personal) == ("DELETE /v1/people/<person_id>", {"person_id": person_id})
    assert list(after.details["made"]) == ["deletion_id"]
    assert person_id not in gateway.audit.listed[2].link.text


def test_a_change_that_is_refused_is_recorded_with_the_problem(gateway: Gateway):
    gateway.client.post("/v1/people", json={"name": "x"}, headers=gateway.as_program())
    assert gateway.audit.entries[1].outcome == "422"
    assert gateway.audit.entries[1].details == {"problem": "invalid-fields"}


def test_what_cannot_be_recorded_is_not_done(gateway: Gateway):
    gateway.audit.out_of_reach = True
    answer = create(gateway)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert "audit trail" in answer.get_json()["detail"]
    assert gateway.people.people == {}


def test_what_was_done_is_answered_though_its_outcome_cannot_be_recorded(gateway: Gateway, monkeypatch):
    record = gateway.audit.record

    def once(entry):
        place = record(entry)
        gateway.audit.out_of_reach = True
        return place

    monkeypatch.setattr(gateway.audit, "record", once)
    assert create(gateway).status_code == 201
    assert len(gateway.audit.entries) == 1


def test_reading_lists_and_posting_frames_leave_no_records(gateway: Gateway):
    get(gateway, "/v1/people")
    gateway.client.post("/v1/recognitions", data=b"no frame", headers=gateway.headers())
    assert gateway.audit.entries == []


def test_whoever_may_not_do_it_does_not_write_either(gateway: Gateway):
    gateway.client.post("/v1/people", json={"full_name": "Ada"})
    assert gateway.audit.entries == []


def test_every_route_that_changes_something_is_recorded(gateway: Gateway):
    app = gateway.client.application
    changing = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/v1/") and rule.methods - {"GET", "HEAD", "OPTIONS"}
    }
    recorded = recorded_endpoints(app)
    assert changing <= recorded
    assert {"audit_api.records", "audit_api.export_records", "audit_api.verification"} <= recorded
    assert "people_api.show" not in recorded


def test_looking_at_the_trail_is_on_record_too(gateway: Gateway):
    assert get(gateway, f"/v1/audit?{days()}").status_code == 200
    look, outcome = gateway.audit.entries
    assert (look.kind, look.what) == (AuditKind.LOOK, "GET /v1/audit")
    assert outcome.outcome == "200"


def test_the_trail_is_listed_page_by_page(gateway: Gateway):
    for number in range(3):
        create(gateway, f"Number {number}")
    seen, cursor = [], ""
    for _ in range(3):
        page = get(gateway, f"/v1/audit?{days()}&limit=2{cursor}").get_json()
        seen += [record["seq"] for record in page["records"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == list(range(1, 7))
    assert page["records"][1]["personal"].keys() == {"person_id"}
    assert "salt" not in json.dumps(page)


def test_the_trail_is_exported_with_the_texts_that_were_hashed(gateway: Gateway):
    create(gateway)
    answer = get(gateway, f"/v1/audit/export?{days()}")
    assert answer.mimetype == "application/jsonl"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="audit-20')
    lines = [json.loads(line) for line in answer.get_data(as_text=True).splitlines()]
    assert all(hash_of(line["text"]) == line["hash"] for line in lines)
    text = get(gateway, f"/v1/audit/export?{days()}&format=csv").get_data(as_text=True)
    assert "POST /v1/people" in text.splitlines()[1]


def test_a_verification_tells_what_was_found(gateway: Gateway):
    create(gateway)
    # its own record is part of what it reads
    assert get(gateway, f"/v1/audit/verification?{days()}").get_json()["intact"] is True
    altered = gateway.audit.listed[0]
    gateway.audit.listed[0] = replace(altered, link=replace(altered.link, hash="0" * 64))
    found = get(gateway, f"/v1/audit/verification?{days()}").get_json()
    assert found["intact"] is False
    assert found["findings"][0]["fault"] == "altered"
    assert (found["findings"][0]["chain"], found["findings"][0]["seq"]) == (altered.chain, 1)


def test_what_is_no_record_any_more_is_listed_as_it_is(gateway: Gateway):
    gateway.audit.record(AuditEntry(kind=AuditKind.ACTION, actor="a", what="b"))
    listed = gateway.audit.listed[0]
    gateway.audit.listed[0] = replace(listed, link=replace(listed.link, text="nonsense", personal="nonsense"))
    record = get(gateway, f"/v1/audit?{days()}").get_json()["records"][0]
    assert (record["chain"], record["kind"], record["personal"]) == (listed.chain, None, {})
    assert "unreadable" in get(gateway, f"/v1/audit/export?{days()}&format=csv").get_data(as_text=True)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("from=yesterday", 400),
        ("from=2026-02-30", 400),
        ("from=1999-12-31", 422),
        ("from=2026-01-02&to=2026-01-01", 422),
        ("from=2026-01-01&to=2028-01-01", 422),
        ("from=2026-01-01&limit=0", 400),
        ("from=2026-01-01&cursor=x", 400),
    ],
)
def test_a_period_that_cannot_be_meant_is_refused(gateway: Gateway, query, status):
    assert get(gateway, f"/v1/audit?{query}").status_code == status


@pytest.mark.parametrize("query", ["from=2026-01-01&to=2026-03-01", "from=2026-01-01&anchor=x"])
def test_a_verification_is_of_a_month_at_most_and_of_an_anchor_that_is_one(gateway: Gateway, query):
    assert get(gateway, f"/v1/audit/verification?{query}").status_code in {400, 422}


def test_an_export_is_in_a_form_that_there_is(gateway: Gateway):
    assert get(gateway, "/v1/audit/export?from=2026-01-01&format=xml").status_code == 400


def test_the_trail_needs_its_own_scope(gateway: Gateway):
    token = ApiToken.issue()
    gateway.programs.add(issued(token, *(set(Scope) - {Scope.AUDIT_READ})))
    headers = {"Authorization": f"Bearer {token}"}
    assert gateway.client.get("/v1/audit?from=2026-01-01", headers=headers).status_code == 403
