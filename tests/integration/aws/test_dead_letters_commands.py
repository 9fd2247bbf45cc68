"""``facegate dead-letters``."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from cli import dead_letters
from services.aws.audit_trail import AuditTrail
from services.aws.dead_letters import DeadLetterGone, DeadLetterQueue, all_dead_letters
from services.contracts.audit import AuditRecord
from services.contracts.dead_letters import DeadLetterQueueName
from tests.integration.aws.serving import job, messages
from tests.unit.contracts.letters import failed_event, message_of, put_event


@pytest.fixture
def facegate(aws, monkeypatch):
    monkeypatch.setattr(dead_letters, "connect", lambda on_aws: aws)

    def run(*arguments, asked=None):
        commands = dead_letters.dead_letters
        done = CliRunner().invoke(commands, arguments, env={"COLUMNS": "200"}, input=asked)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.output

    return run


@pytest.fixture
def put_aside(aws):
    def put(body, reason="the table was gone"):
        DeadLetterQueue(aws, aws.outputs.recognize_dead_letter_queue_url).send(body, reason)
        letters = all_dead_letters(aws)[DeadLetterQueueName.RECOGNIZE].look(1000)
        return {letter.contents.facts.get("recognition_id"): letter.message_id for letter in letters}

    return put


def actions(aws):
    now = datetime.now(UTC)
    listed = AuditTrail(aws).between(now - timedelta(days=1), now + timedelta(days=1))
    found = [AuditRecord.model_validate_json(one.link.text) for one in listed]
    return [(record.what, record.details) for record in found if record.outcome is None]


def test_the_list_tells_why_each_lies_there(facegate, put_aside):
    message_id = put_aside(message_of(job("r-1")))["r-1"]
    output = facegate("list")
    assert message_id in output
    assert "facegate.recognize" in output
    assert "the table was gone" in output


def test_without_dead_letters_the_list_says_so(facegate):
    assert "no dead letters" in facegate("list")


def test_one_is_shown_without_its_pictures(facegate, put_aside):
    message_id = put_aside(message_of(job("r-1", b"a face" * 100)))["r-1"]
    shown = json.loads(facegate("show", "recognize", message_id))
    assert shown["contents"]["facts"]["frames"] == "1"
    assert "YSBmYWNl" not in json.dumps(shown)


def test_one_is_sent_again_and_that_is_on_record(aws, facegate, put_aside):
    put_aside(message_of(job("r-1")))
    message_id = put_aside(message_of(job("r-2")))["r-2"]
    facegate("redrive", "recognize", message_id)
    assert messages(aws, aws.outputs.recognize_queue_url) == 1
    assert messages(aws, aws.outputs.recognize_dead_letter_queue_url) == 1
    told = {"queue": "recognize", "message_id": message_id}
    assert actions(aws) == [("facegate dead-letters redrive", told)]


def test_all_are_sent_again_but_those_of_no_use(aws, facegate, put_aside):
    put_aside(failed_event(put_event("frames/lobby/1.jpg")))
    for number in range(12):
        put_aside(message_of(job(f"r-{number}")))
    output = facegate("redrive", "recognize")
    assert "12 sent again" in output
    assert "no photo" in output
    assert messages(aws, aws.outputs.recognize_dead_letter_queue_url) == 1


def test_deleting_asks_first(aws, facegate, put_aside):
    message_id = put_aside("broken")[None]
    assert "Delete it for ever?" in facegate("delete", "recognize", message_id, asked="n\n")
    assert messages(aws, aws.outputs.recognize_dead_letter_queue_url) == 1
    facegate("delete", "recognize", message_id, "--yes")
    assert messages(aws, aws.outputs.recognize_dead_letter_queue_url) == 0


def test_what_is_not_there_is_said_to_be_gone(facegate):
    with pytest.raises(DeadLetterGone, match="not any more"):
        facegate("show", "recognize", "nothing")
