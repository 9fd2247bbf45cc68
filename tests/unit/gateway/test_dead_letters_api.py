"""Operators and programs read dead letters, have them sent again, and delete them."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from services.contracts.domain import Scope
from services.contracts.messages import DeletePersonJob, EnrollJob, InlineFrame, RecognizeJob, StoredObject
from services.contracts.tokens import ApiToken
from services.gateway.dead_letters import MOST_REDRIVEN
from tests.unit.contracts.letters import message_of
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.in_memory import issued
from tests.unit.gateway.test_people_api import get, refusal

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DELETION = message_of(DeletePersonJob(deletion_id="d-1", person_id="zoe", requested_at=NOW))


def post(gateway: Gateway, path: str):
    return gateway.client.post(f"/v1/dead-letters/{path}", headers=gateway.as_program())


def delete(gateway: Gateway, path: str):
    return gateway.client.delete(f"/v1/dead-letters/{path}", headers=gateway.as_program())


def test_the_queues_tell_how_many_dead_letters_each_has(gateway: Gateway):
    gateway.upkeep.enroll.put(DELETION)
    assert get(gateway, "/v1/dead-letters").get_json() == {
        "queues": [{"queue": "recognize", "dead_letters": 0}, {"queue": "enroll", "dead_letters": 1}]
    }


def test_a_dead_letter_tells_its_reason_and_what_it_was_about(gateway: Gateway):
    message_id = gateway.upkeep.enroll.put(DELETION, "AwsError: the table was gone")
    told = get(gateway, "/v1/dead-letters/enroll").get_json()
    [letter] = told["dead_letters"]
    assert told["messages"] == 1
    assert (letter["message_id"], letter["reason"]) == (message_id, "AwsError: the table was gone")
    assert (letter["job"], letter["facts"]["deletion_id"]) == ("facegate.delete_person", "d-1")
    assert letter["person_id"] == "zoe"


def test_no_picture_is_told(gateway: Gateway):
    frame = InlineFrame(data=b"a face" * 100)
    job = RecognizeJob(recognition_id="r", kiosk_id="k", frames=(frame,), received_at=NOW, deadline=NOW)
    gateway.upkeep.recognize.put(message_of(job), "a bug")
    answer = get(gateway, "/v1/dead-letters/recognize").get_data(as_text=True)
    assert "YSBmYWNl" not in answer
    assert '"frames":"1"' in answer


def test_who_may_not_read_people_is_told_of_none(gateway: Gateway):
    token = ApiToken.issue()
    gateway.programs.tokens[token.token_id] = issued(token, Scope.OPERATIONS_READ)
    photo = StoredObject(bucket="photos", key="index/Zoe Lovelace.jpg")
    gateway.upkeep.enroll.put(DELETION)
    gateway.upkeep.enroll.put(message_of(EnrollJob(enrollment_id="e", photo=photo, received_at=NOW)))
    gateway.upkeep.enroll.put("Zoe Lovelace was here")
    answer = gateway.client.get("/v1/dead-letters/enroll", headers={"Authorization": f"Bearer {token}"})
    assert [letter["job"] for letter in answer.get_json()["dead_letters"]] == [
        "facegate.delete_person",
        "facegate.enroll",
        None,
    ]
    assert "zoe" not in answer.get_data(as_text=True).lower()


def test_as_many_are_listed_as_are_asked_for(gateway: Gateway):
    for number in range(5):
        gateway.upkeep.enroll.put(f"number {number}")
    told = get(gateway, "/v1/dead-letters/enroll", limit=2).get_json()
    assert (told["messages"], len(told["dead_letters"])) == (5, 2)
    assert refusal(get(gateway, "/v1/dead-letters/enroll", limit=0)) == (400, "invalid-query")


def test_one_is_sent_again(gateway: Gateway):
    message_id = gateway.upkeep.enroll.put(DELETION)
    gateway.upkeep.enroll.put("another")
    assert post(gateway, f"enroll/{message_id}/redrive").status_code == 204
    assert gateway.upkeep.enroll.sent_again == [DELETION]
    assert refusal(post(gateway, f"enroll/{message_id}/redrive")) == (404, "unknown-dead-letter")


def test_what_would_do_nothing_is_refused_and_stays(gateway: Gateway):
    message_id = gateway.upkeep.enroll.put("an event of old")
    gateway.upkeep.enroll.useless.add(message_id)
    assert refusal(post(gateway, f"enroll/{message_id}/redrive")) == (409, "not-redrivable")
    assert message_id in gateway.upkeep.enroll.bodies


def test_all_are_sent_again_some_hundred_at_a_time(gateway: Gateway):
    for number in range(MOST_REDRIVEN + 3):
        gateway.upkeep.enroll.put(f"number {number}")
    assert post(gateway, "enroll/redrive").get_json() == {
        "redriven": MOST_REDRIVEN,
        "refused": {},
        "left": 3,
    }
    assert post(gateway, "enroll/redrive").get_json() == {"redriven": 3, "refused": {}, "left": 0}


def test_one_is_deleted(gateway: Gateway):
    message_id = gateway.upkeep.recognize.put("broken")
    assert delete(gateway, f"recognize/{message_id}").status_code == 204
    assert gateway.upkeep.recognize.bodies == {}
    assert refusal(delete(gateway, f"recognize/{message_id}")) == (404, "unknown-dead-letter")


@pytest.mark.parametrize(
    "message_id", [pytest.param(str(uuid4()), id="of no message"), "nothing", "../enroll", "0" * 36]
)
def test_a_message_that_is_not_there_is_unknown(gateway: Gateway, message_id: str):
    gateway.upkeep.enroll.put("another")
    assert post(gateway, f"enroll/{message_id}/redrive").status_code == 404
    assert delete(gateway, f"enroll/{message_id}").status_code == 404
    assert len(gateway.upkeep.enroll.bodies) == 1


def test_another_queue_is_unknown(gateway: Gateway):
    answers = [
        get(gateway, "/v1/dead-letters/replies"),
        post(gateway, "replies/redrive"),
        post(gateway, f"replies/{uuid4()}/redrive"),
        delete(gateway, f"replies/{uuid4()}"),
    ]
    assert {refusal(answer) for answer in answers} == {(404, "unknown-queue")}


def test_who_sent_what_again_or_deleted_it_is_on_record(gateway: Gateway):
    message_id = gateway.upkeep.enroll.put(DELETION)
    delete(gateway, f"enroll/{message_id}")
    entry, outcome = gateway.audit.entries[-2:]
    assert entry.what == "DELETE /v1/dead-letters/<queue>/<message_id>"
    assert entry.details["path"] == {"queue": "enroll", "message_id": message_id}
    assert outcome.outcome == "204"
