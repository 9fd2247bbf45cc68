"""Consent on the table and from the command line."""

from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from cli import consent, people
from cli.main import app
from services.aws.directory import Directory
from services.aws.people import PeopleStore
from services.contracts.domain import Person

pytestmark = pytest.mark.access


@pytest.fixture
def facegate(aws, monkeypatch):
    for module in (consent, people):
        monkeypatch.setattr(module, "connect", lambda on_aws: aws)
    PeopleStore(aws).create(Person(person_id="ada", full_name="Ada Lovelace", created_at=datetime.now(UTC)))
    return lambda *arguments: CliRunner().invoke(app, ["people", *arguments], env={"COLUMNS": "200"})


def test_consent_is_recorded_and_shown(aws, facegate):
    assert "not recorded" in facegate("show", "ada").stdout
    answer = facegate("consent", "Ada Lovelace", "--text", "v2", "--given-at", "2026-01-02")
    assert answer.exit_code == 0, answer.output
    assert "v2, 2026-01-0" in facegate("show", "ada").stdout
    assert PeopleStore(aws).get("ada").consent.recorded_by.startswith("cli ")


def test_withdrawn_consent_is_what_the_recognize_worker_reads(aws, facegate):
    facegate("consent", "ada", "--text", "v2")
    assert facegate("consent", "ada", "--withdraw").exit_code == 0
    ada = Directory(aws).people(["ada"]).people["ada"]
    assert not ada.may_be_recognised
    assert ada.consent.text_version == "v2"
    assert "withdrawn" in facegate("show", "ada").stdout


@pytest.mark.parametrize("arguments", [[], ["--text", "v2", "--withdraw"], ["--text", ""]])
def test_what_cannot_be_meant_is_refused(facegate, arguments):
    assert facegate("consent", "ada", *arguments).exit_code == 2
