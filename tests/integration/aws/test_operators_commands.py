from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from cli import operators as operator_commands
from cli.main import app
from services.aws.operators import LastAdmin, OperatorStore
from services.contracts.operators import FailedSignIns, OperatorStatus, Role
from services.passwords import Passwords, UnusablePassword

PASSWORD = "a tram to the museum"


@pytest.fixture
def commands(aws, monkeypatch):
    monkeypatch.setattr(operator_commands, "connect", lambda _aws: aws)

    def run(*arguments, typed=None):
        return CliRunner().invoke(app, ["operators", *arguments], input=typed)

    return run


def create(commands, login, role="admin"):
    done = commands("create", "--login", login, "--role", role, "--password-stdin", typed=f"{PASSWORD}\n")
    assert done.exit_code == 0, done.output


def test_the_first_admin_is_made_with_a_password_that_is_typed_twice(aws, commands):
    done = commands("create", "--login", "Ada", "--role", "admin", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert done.exit_code == 0, done.output
    assert PASSWORD not in done.output
    ada = OperatorStore(aws).get("ada")
    assert ada.role is Role.ADMIN
    assert Passwords().verify(PASSWORD, ada.password_hash).right


def test_a_password_may_come_from_another_program(aws, commands):
    create(commands, "ada", "enroller")
    ada = OperatorStore(aws).get("ada")
    assert Passwords().verify(PASSWORD, ada.password_hash).right


def test_a_password_is_never_an_argument(commands):
    done = commands("create", "--login", "ada", "--role", "admin", "--password", PASSWORD)
    assert done.exit_code == 2


def test_passwords_that_would_be_guessed_and_strange_logins_are_refused(aws, commands):
    guessed = commands(
        "create", "--login", "ada", "--role", "admin", "--password-stdin", typed="password1234"
    )
    assert isinstance(guessed.exception, UnusablePassword)
    strange = commands("create", "--login", "a da", "--role", "admin", "--password-stdin", typed=PASSWORD)
    assert strange.exit_code == 2
    assert OperatorStore(aws).list() == []


def test_a_login_is_given_once(aws, commands):
    create(commands, "ada")
    again = commands("create", "--login", "ADA", "--role", "viewer", "--password-stdin", typed=PASSWORD)
    assert isinstance(again.exception, operator_commands.OperatorExists)
    assert OperatorStore(aws).get("ada").role is Role.ADMIN


def test_operators_are_changed_listed_and_removed(aws, commands):
    create(commands, "ada")
    create(commands, "grace", "viewer")
    store = OperatorStore(aws)
    assert commands("set-role", "grace", "--role", "operator").exit_code == 0
    assert store.get("grace").role is Role.OPERATOR
    assert commands("disable", "grace").exit_code == 0
    assert store.get("grace").status is OperatorStatus.DISABLED
    listed = commands("list").output
    assert "grace" in listed
    assert "disabled" in listed
    assert commands("enable", "grace").exit_code == 0
    assert store.get("grace").status is OperatorStatus.ACTIVE
    assert commands("remove", "grace", typed="n\n").exit_code == 1
    assert store.get("grace")
    assert commands("remove", "grace", "--yes").exit_code == 0
    assert store.get("grace") is None


def test_another_password_ends_sessions_and_waiting(aws, commands):
    create(commands, "ada")
    store = OperatorStore(aws)
    before = store.get("ada")
    store.note_failed_sign_ins(before, FailedSignIns(count=9, last_at=datetime.now(UTC)))
    done = commands("set-password", "ada", "--password-stdin", typed="another tram to the park")
    assert done.exit_code == 0, done.output
    after = store.get("ada")
    assert after.epoch != before.epoch
    assert after.failed_sign_ins.locked_until is None
    assert Passwords().verify("another tram to the park", after.password_hash).right


@pytest.mark.parametrize(
    "arguments", [("disable", "ada"), ("set-role", "ada", "--role", "viewer"), ("remove", "ada", "--yes")]
)
def test_the_last_admin_stays(aws, commands, arguments):
    create(commands, "ada")
    assert isinstance(commands(*arguments).exception, LastAdmin)
    assert OperatorStore(aws).get("ada").is_acting_admin


def test_who_is_not_there_is_not_changed(commands):
    assert isinstance(commands("disable", "ada").exception, operator_commands.OperatorUnknown)
