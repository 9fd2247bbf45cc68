"""The pages of the audit trail: found, shown and verified, each look on record."""

import re
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient

from services.contracts.audit import AuditEntry, AuditKind
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.console.test_live_page import decide
from tests.unit.gateway.in_memory_operators import signed_in

pytestmark = pytest.mark.access


@pytest.fixture
def auditor(gateway: Gateway) -> FlaskClient:
    decide(gateway, "r-1")
    gateway.audit.record(AuditEntry(kind=AuditKind.ACTION, actor="token 3f9a", what="PUT /v1/site/lockdown"))
    decide(gateway, "r-2", known=False)
    signed_in(gateway.client, "admin")
    return gateway.client


def test_records_are_found_by_kind_and_by_who_did_it(auditor: FlaskClient):
    assert "PUT /v1/site/lockdown" in auditor.get("/console/audit").text
    decisions = auditor.get("/console/audit/rows?kind=decision").text
    assert "Ada &lt;Lovelace&gt;" in decisions
    assert "PUT /v1/site/lockdown" not in decisions
    assert "Ada" not in auditor.get("/console/audit/rows?actor=TOKEN 3f").text
    assert "Nothing on record" in auditor.get("/console/audit/rows?actor=nobody at all").text


@pytest.mark.parametrize(
    "query",
    ["kind=dream", "from=yesterday", "from=2026-01-02&to=2026-01-01", f"actor={'x' * 201}", "cursor=x"],
)
def test_what_cannot_be_meant_is_refused_in_words(auditor: FlaskClient, query: str):
    refused = auditor.get(f"/console/audit/rows?{query}", headers={"HX-Request": "true"})
    assert 400 <= refused.status_code < 500
    assert (refused.headers["HX-Retarget"], 'role="alert"' in refused.text) == ("#problem", True)


def test_a_long_list_goes_on_where_it_ended(
    gateway: Gateway, auditor: FlaskClient, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("services.gateway.console.audit._ON_A_PAGE", 1)
    first = auditor.get("/console/audit/rows?kind=decision").text
    following = re.search(r'hx-get="([^"]+cursor[^"]+)"', first)
    assert following is not None
    second = auditor.get(following[1].replace("&amp;", "&")).text
    assert ("r-1" in first, "r-2" in first, "r-1" in second, "r-2" in second) == (True, False, False, True)


def test_a_decisions_record_is_shown_with_its_evidence(auditor: FlaskClient):
    at = datetime.now(UTC).isoformat().replace("+", "%2B")
    page = auditor.get(f"/console/audit/decisions/r-1?at={at}").text
    assert "Ada &lt;Lovelace&gt;" in page
    assert "99.5" in page
    assert auditor.get(f"/console/audit/decisions/r-9?at={at}").status_code == 404
    assert auditor.get("/console/audit/decisions/r-1?at=noon").status_code == 400


def test_a_verification_says_what_it_found(gateway: Gateway, auditor: FlaskClient):
    assert "records in 1 chains" in auditor.get("/console/audit/verification").text
    listed = gateway.audit.listed[0]
    gateway.audit.listed.remove(listed)
    assert "Not intact" in auditor.get("/console/audit/verification").text
    assert auditor.get("/console/audit/verification?anchor=x").status_code == 400


@pytest.mark.parametrize("page", ["/console/audit", "/console/audit/rows", "/console/audit/verification"])
def test_a_look_at_the_trail_is_on_record_and_refused_where_it_cannot_be(
    gateway: Gateway, auditor: FlaskClient, page: str
):
    auditor.get(page)
    look, outcome = gateway.audit.entries[-2:]
    assert (look.kind, look.actor, look.what) == (AuditKind.LOOK, "operator admin", f"GET {page}")
    assert outcome.outcome == "200"
    gateway.audit.out_of_reach = True
    assert auditor.get(page).status_code == 503
