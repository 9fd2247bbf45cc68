"""People are invited from the command line."""

from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from cli import invitations
from cli.invitations import InvitationUnknown, PersonGoing
from cli.main import app
from services.aws.audit_trail import AuditTrail
from services.aws.invitations import InvitationStore
from services.aws.people import PeopleStore
from services.contracts.domain import Person, PersonStatus
from services.contracts.tokens import InvitationToken


@pytest.fixture
def facegate(aws, monkeypatch):
    monkeypatch.setattr(invitations, "connect", lambda on_aws: aws)
    PeopleStore(aws).create(Person(person_id="ada", full_name="Ada Lovelace", created_at=datetime.now(UTC)))
    return lambda *arguments: CliRunner().invoke(app, ["people", *arguments], env={"COLUMNS": "200"})


def invited(aws, facegate, *options):
    answer = facegate("invite", "Ada Lovelace", "--gateway", "https://doors.example/", *options)
    assert answer.exit_code == 0, answer.output
    link, _, token = answer.stdout.strip().partition("#")
    assert link == "https://doors.example/join"
    return InvitationToken.parse(token)


def test_a_link_is_printed_whose_token_opens_the_invitation(aws, facegate):
    token = invited(aws, facegate, "--hours", "48", "--photos", "3")
    record = InvitationStore(aws).get(token.invitation_id)
    assert token.matches(record.token_sha256)
    assert record.invites(PeopleStore(aws).get("ada"))
    assert (record.valid_until - record.created_at, record.most_photos) == (timedelta(hours=48), 3)


def test_the_trail_says_who_was_invited_by_whom_and_has_no_token(aws, facegate):
    token = invited(aws, facegate)
    trail, now = AuditTrail(aws), datetime.now(UTC)
    listed = list(trail.between(now - timedelta(hours=1), now + timedelta(hours=1)))
    told = " ".join(str(one) for one in listed)
    assert "people invite" in told
    assert token.invitation_id in told
    assert token.secret not in told


def test_invitations_are_listed_and_one_is_taken_back(aws, facegate):
    assert "Nobody was invited" in facegate("invitations", "ada").stdout
    kept, gone = invited(aws, facegate), invited(aws, facegate)
    assert facegate("uninvite", "ada", gone.invitation_id).exit_code == 0
    lines = facegate("invitations", "ada").stdout.splitlines()
    told = {token: next(line for line in lines if token.invitation_id in line) for token in (kept, gone)}
    assert "open" in told[kept]
    assert "taken back" in told[gone]


def test_an_invitation_of_somebody_else_is_not_taken_back(aws, facegate):
    PeopleStore(aws).create(Person(person_id="bob", full_name="Bob", created_at=datetime.now(UTC)))
    token = invited(aws, facegate)
    assert isinstance(facegate("uninvite", "bob", token.invitation_id).exception, InvitationUnknown)
    assert InvitationStore(aws).get(token.invitation_id).revoked_at is None


def test_who_is_being_deleted_is_not_invited(aws, facegate):
    store = PeopleStore(aws)
    store.set_status("ada", PersonStatus.DISABLED, datetime.now(UTC))
    assert facegate("invite", "ada").exit_code == 0
    aws.dynamodb.update_item(
        TableName="people",
        Key={"person_id": {"S": "ada"}},
        UpdateExpression="SET #status = :deleting",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":deleting": {"S": "deleting"}},
    )
    assert isinstance(facegate("invite", "ada").exception, PersonGoing)
