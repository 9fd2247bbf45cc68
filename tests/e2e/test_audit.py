"""What a run decided and did is on record, and a record altered by hand is found by name."""

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
import requests

from cli.demo import as_frame
from cli.kiosk import recognize
from cli.portraits import cat
from services.audit.chain import Listed
from services.aws.audit_trail import AuditTrail
from services.aws.tokens import TokenStore
from services.contracts.audit import AuditKind, AuditRecord
from services.contracts.domain import IssuedToken, Scope
from services.contracts.ids import person_id_of
from services.contracts.tokens import ApiToken

pytestmark = pytest.mark.access


@pytest.fixture(scope="module")
def program(facegate):
    token = ApiToken.issue()
    TokenStore(facegate.aws).add(
        IssuedToken(
            token_id=token.token_id,
            name="auditor",
            scopes=tuple(Scope),
            token_sha256=token.sha256,
            created_at=datetime.now(UTC),
        )
    )

    def call(method, path, **arguments):
        headers = {"Authorization": f"Bearer {token}"}
        return requests.request(method, facegate.gateway_url + path, headers=headers, timeout=20, **arguments)

    call.token_id = token.token_id
    return call


def period():
    """Yesterday and today: midnight may come in between."""
    now = datetime.now(UTC)
    return now - timedelta(days=1), now + timedelta(days=1)


def days():
    first, _ = period()
    return first.date(), datetime.now(UTC).date()


def records(facegate) -> list[tuple[Listed, AuditRecord]]:
    listed = AuditTrail(facegate.aws).between(*period())
    return [(found, AuditRecord.model_validate_json(found.link.text)) for found in listed]


def verify(facegate):
    first, last = days()
    return facegate.command("audit", "verify", "--from", str(first), "--to", str(last))


def test_decisions_and_actions_of_a_run_are_on_record_and_the_trail_is_intact(facegate, program):
    decision = recognize(facegate.gateway_url, facegate.token, as_frame(cat()), "image/jpeg", 8)
    person_id = program("POST", "/v1/people", json={"full_name": "Passing Visitor"}).json()["person_id"]
    assert program("PATCH", f"/v1/people/{person_id}", json={"status": "disabled"}).ok

    of_decision = [record for _, record in records(facegate) if record.target == decision["recognition_id"]]
    assert [(record.kind, record.outcome) for record in of_decision] == [(AuditKind.DECISION, "denied")]
    mine = [record for _, record in records(facegate) if record.actor == f"token {program.token_id}"]
    assert [(record.what, record.outcome) for record in mine] == [
        ("POST /v1/people", None),
        ("POST /v1/people", "201"),
        ("PATCH /v1/people/<person_id>", None),
        ("PATCH /v1/people/<person_id>", "200"),
    ]
    verified = verify(facegate)
    assert (verified.returncode, "intact" in verified.stdout) == (0, True), verified.stdout + verified.stderr
    first, last = days()
    told = program("GET", f"/v1/audit/verification?from={first}&to={last}").json()
    assert (told["intact"], told["findings"]) == (True, [])


def test_a_record_altered_by_hand_is_found_by_name(facegate, program):
    recognize(facegate.gateway_url, facegate.token, as_frame(cat()), "image/jpeg", 8)
    listed, record = next(
        (found, record) for found, record in records(facegate) if record.kind is AuditKind.DECISION
    )
    key = {"chain": {"S": listed.chain}, "place": {"S": listed.link.place}}
    table = facegate.aws.outputs.audit_table_name
    standing = facegate.aws.dynamodb.get_item(TableName=table, Key=key)["Item"]
    altered = standing | {"text": {"S": listed.link.text.replace("kiosk ", "kiosk x", 1)}}
    facegate.aws.dynamodb.put_item(TableName=table, Item=altered)
    try:
        found = verify(facegate)
    finally:
        facegate.aws.dynamodb.put_item(TableName=table, Item=standing)
    assert found.returncode == 1
    assert f"{listed.chain} record {record.seq}: altered" in found.stderr
    assert verify(facegate).returncode == 0


def test_an_export_has_what_is_on_record_and_is_itself_on_record(facegate, program):
    first, last = days()
    lines = program("GET", f"/v1/audit/export?from={first}&to={last}").text.splitlines()
    exported = {json.loads(line)["text"] for line in lines}
    assert {
        found.link.text for found, record in records(facegate) if record.kind is AuditKind.DECISION
    } <= exported
    looks = [record.what for _, record in records(facegate) if record.kind is AuditKind.LOOK]
    assert "GET /v1/audit/export" in looks


def test_a_photo_is_looked_at_and_everything_about_a_person_exported_and_both_are_on_record(
    facegate, program, grace_is_enrolled
):
    person_id = person_id_of(grace_is_enrolled)
    photos = program("GET", f"/v1/people/{person_id}/photos").json()["photos"]
    indexed = next(photo["enrollment_id"] for photo in photos if photo["status"] == "indexed")
    picture = program("GET", f"/v1/people/{person_id}/photos/{indexed}/image")
    assert (picture.status_code, picture.content[:3]) == (200, b"\xff\xd8\xff")
    with zipfile.ZipFile(io.BytesIO(program("GET", f"/v1/people/{person_id}/export").content)) as archive:
        assert archive.read(f"photos/{indexed}.jpg") == picture.content
        assert json.loads(archive.read("person.json"))["full_name"] == grace_is_enrolled
    looks = [
        record.what
        for found, record in records(facegate)
        if record.kind is AuditKind.LOOK and person_id in (found.link.personal or "")
    ]
    assert looks == [
        "GET /v1/people/<person_id>/photos/<enrollment_id>/image",
        "GET /v1/people/<person_id>/export",
    ]


def test_decisions_are_listed_as_they_were_recorded(facegate, program):
    decision = recognize(facegate.gateway_url, facegate.token, as_frame(cat()), "image/jpeg", 8)
    first, last = days()
    path = f"/v1/decisions?from={first}&to={last}&limit=200&door_id={decision['door_id']}&outcome=denied"
    listed, cursor = [], ""
    while cursor is not None:
        page = program("GET", path + (f"&cursor={cursor}" if cursor else "")).json()
        listed += page["decisions"]
        cursor = page["next_cursor"]
    assert listed[-1]["recognition_id"] == decision["recognition_id"]
    assert listed[-1]["reason"] == decision["reason"]
