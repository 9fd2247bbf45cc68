from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from cli import tokens as token_commands
from cli.main import app
from services.aws.errors import AwsError
from services.aws.tokens import TokenStore
from services.contracts.domain import IssuedToken, Scope
from services.contracts.tokens import ApiToken

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def issued(token, name="payroll", scopes=(Scope.PEOPLE_READ,), created_at=NOW):
    return IssuedToken(
        token_id=token.token_id, name=name, scopes=scopes, token_sha256=token.sha256, created_at=created_at
    )


@pytest.fixture
def commands(aws, monkeypatch):
    monkeypatch.setattr(token_commands, "connect", lambda _aws: aws)
    return lambda *arguments: CliRunner().invoke(app, ["tokens", *arguments])


def test_a_token_comes_back_as_it_was_issued_and_the_table_does_not_have_it_itself(aws):
    token = ApiToken.issue()
    TokenStore(aws).add(issued(token))
    assert TokenStore(aws).get(token.token_id) == issued(token)
    assert token.secret not in str(aws.dynamodb.scan(TableName="tokens")["Items"])


def test_a_revoked_token_is_gone_and_revoking_it_again_says_so(aws):
    token = ApiToken.issue()
    TokenStore(aws).add(issued(token))
    assert TokenStore(aws).revoke(token.token_id)
    assert TokenStore(aws).get(token.token_id) is None
    assert not TokenStore(aws).revoke(token.token_id)


def test_no_token_takes_the_place_of_another(aws):
    token = ApiToken.issue()
    TokenStore(aws).add(issued(token))
    with pytest.raises(AwsError):
        TokenStore(aws).add(issued(token, name="somebody else"))


def test_tokens_are_listed_oldest_first(aws):
    for days in (2, 0, 1):
        TokenStore(aws).add(issued(ApiToken.issue(), str(days), created_at=NOW + timedelta(days=days)))
    assert [token.name for token in TokenStore(aws).list()] == ["0", "1", "2"]


def test_a_token_is_created_listed_and_revoked_from_the_command_line(aws, commands):
    created = commands("create", "--name", "Payroll", "--scope", "people:read", "--scope", "people:write")
    token = ApiToken.parse(created.stdout.strip())
    record = TokenStore(aws).get(token.token_id)
    assert (record.name, record.scopes) == ("Payroll", (Scope.PEOPLE_READ, Scope.PEOPLE_WRITE))
    assert token.matches(record.token_sha256)

    listed = commands("list").stdout
    assert token.token_id in listed
    assert token.secret not in listed

    assert commands("revoke", token.token_id).exit_code == 0
    assert TokenStore(aws).list() == []
    assert commands("revoke", token.token_id).exit_code == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["--name", "Payroll"],
        ["--name", "Payroll", "--scope", "people:everything"],
        ["--name", " ", "--scope", "people:read"],
        ["--name", "Payroll", "--scope", "people:read", "--expires", "2026-01-01"],
    ],
    ids=["no scope", "an unknown scope", "no name", "expired already"],
)
def test_a_token_that_makes_no_sense_is_not_created(aws, commands, arguments):
    assert commands("create", *arguments).exit_code == 2
    assert TokenStore(aws).list() == []


def test_a_token_may_end_by_itself(aws, commands):
    arguments = ["--name", "Payroll", "--scope", "kiosks:write", "--expires", "2999-12-31T12:00:00"]
    token = ApiToken.parse(commands("create", *arguments).stdout.strip())
    record = TokenStore(aws).get(token.token_id)
    assert record.expires_at == datetime(2999, 12, 31, 12, tzinfo=UTC)
    assert record.created_by.startswith("cli ")
    assert "2999-12-31" in commands("list").stdout
