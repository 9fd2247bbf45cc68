"""``facegate audit``, and the records that other commands leave."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from cli import audit, check, held, people, tokens
from services.aws.audit import AuditLog
from services.aws.audit_trail import AuditTrail
from services.aws.people import PeopleStore
from services.contracts.audit import AuditEntry, AuditKind, AuditRecord
from services.contracts.domain import Person

pytestmark = pytest.mark.access


@pytest.fixture
def facegate(aws, monkeypatch):
    for module in (audit, people, tokens, held, check):
        monkeypatch.setattr(module, "connect", lambda on_aws: aws)
    monkeypatch.setattr("getpass.getuser", lambda: "ines")
    PeopleStore(aws).create(Person(person_id="ada", full_name="Ada Lovelace", created_at=datetime.now(UTC)))

    def run(commands, *arguments):
        return CliRunner().invoke(commands, arguments, env={"COLUMNS": "200"})

    return run


def listed(aws):
    now = datetime.now(UTC)
    return list(AuditTrail(aws).between(now - timedelta(days=1), now + timedelta(days=1)))


def records(aws):
    return [AuditRecord.model_validate_json(found.link.text) for found in listed(aws)]


def days():
    """Yesterday to today: midnight may come in between."""
    now = datetime.now(UTC)
    return "--from", str((now - timedelta(days=1)).date()), "--to", str(now.date())


def some_action(aws):
    AuditLog(aws, "gateway").record(AuditEntry(kind=AuditKind.ACTION, actor="token t", what="PUT /v1/x"))


def test_a_command_that_changes_something_is_on_record_before_and_after(aws, facegate):
    assert facegate(people.people, "disable", "Ada Lovelace").exit_code == 0
    first, second = records(aws)
    assert (first.kind, first.actor, first.what) == (AuditKind.ACTION, "cli ines", "facegate people disable")
    assert (second.kind, second.outcome) == (AuditKind.OUTCOME, "done")
    assert second.target == listed(aws)[0].position
    assert [found.chain for found in AuditTrail(aws).of_person("ada")] == [first.chain]


def test_a_command_that_fails_is_on_record_as_failed(aws, facegate):
    assert facegate(people.people, "remove-photo", "ada", "e-1", "--yes").exit_code == 1
    assert [record.outcome for record in records(aws)] == [None, "failed"]


def test_a_token_is_recorded_by_its_id_and_never_itself(aws, facegate):
    made = facegate(tokens.tokens, "create", "--name", "HR", "--scope", "people:read")
    token = made.stdout.strip()
    first, _ = records(aws)
    assert first.details["scopes"] == ["people:read"]
    assert first.details["token_id"] in token
    assert token not in json.dumps([found.link.text for found in listed(aws)])


def test_what_cannot_be_recorded_is_not_done(aws, facegate):
    aws.dynamodb.delete_table(TableName="audit")
    assert facegate(people.people, "disable", "ada").exit_code == 1
    person = PeopleStore(aws).get("ada")
    assert person
    assert person.status == "active"


def test_verifying_says_what_was_read_and_that_it_is_intact(aws, facegate):
    some_action(aws)
    answer = facegate(audit.audit, "verify", *days())
    assert answer.exit_code == 0
    assert "1 records in 1 chains" in answer.stdout
    assert "intact" in answer.stdout


def test_verifying_names_a_record_that_was_altered_and_ends_with_1(aws, facegate):
    some_action(aws)
    (found,) = listed(aws)
    aws.dynamodb.update_item(
        TableName="audit",
        Key={"chain": {"S": found.chain}, "place": {"S": found.link.place}},
        UpdateExpression="SET #text = :text",
        ExpressionAttributeNames={"#text": "text"},
        ExpressionAttributeValues={":text": {"S": found.link.text.replace("token t", "token u")}},
    )
    answer = facegate(audit.audit, "verify", *days())
    assert answer.exit_code == 1
    assert f"{found.chain} record 1: altered" in answer.output


def test_an_export_is_written_and_is_itself_on_record(aws, facegate, tmp_path):
    some_action(aws)
    file = tmp_path / "audit.csv"
    answer = facegate(audit.audit, "export", *days(), "--format", "csv", "-o", str(file))
    assert answer.exit_code == 0, answer.output
    head, *rows = file.read_text().splitlines()
    assert head.startswith("at,kind,actor,what")
    assert "PUT /v1/x" in rows[0]
    assert [(record.kind, record.what) for record in records(aws)][1:] == [
        (AuditKind.LOOK, "facegate audit export"),
        (AuditKind.OUTCOME, "facegate audit export"),
    ]


def test_an_export_into_a_folder_that_is_not_there_is_not_begun(aws, facegate, tmp_path):
    assert facegate(audit.audit, "export", "-o", str(tmp_path / "missing" / "audit.csv")).exit_code == 2
    assert listed(aws) == []


@pytest.mark.parametrize("arguments", [["--anchor", "short"], ["--from", "2026-01-02", "--to", "2026-01-01"]])
def test_what_cannot_be_meant_is_refused(facegate, arguments):
    assert facegate(audit.audit, "verify", *arguments).exit_code == 2


def test_days_that_are_over_are_sealed_once(aws, facegate):
    log = AuditLog(aws, "gateway", now=lambda: datetime.now(UTC) - timedelta(days=2))
    log.record(AuditEntry(kind=AuditKind.ACTION, actor="token t", what="PUT /v1/x"))
    assert "sealed" in facegate(audit.audit, "seal").stdout
    assert "is sealed" in facegate(audit.audit, "seal").stdout
