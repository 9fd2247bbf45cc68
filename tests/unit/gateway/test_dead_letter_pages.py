"""The console's page of dead letters."""

from datetime import UTC, datetime

import pytest

from services.contracts.messages import DeletePersonJob, EnrollJob, StoredObject
from services.gateway.session_cookies import LOCAL_COOKIE
from tests.unit.contracts.letters import message_of
from tests.unit.gateway.conftest import Gateway

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DELETION = message_of(DeletePersonJob(deletion_id="d-1", person_id="ada", requested_at=NOW))


def page(gateway: Gateway, path: str, login: str = "operator", language: str = "en") -> str:
    begun = gateway.signing_in.sessions.begin(gateway.signing_in.operators.operators[login])
    headers = {"Cookie": f"{LOCAL_COOKIE}={begun.token}", "Accept-Language": language}
    client = gateway.client.application.test_client(use_cookies=False)
    answer = client.get(f"/console/dead-letters{path}", headers=headers)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_the_page_has_a_place_for_every_queue(gateway: Gateway):
    shown = page(gateway, "")
    assert 'hx-get="/console/dead-letters/recognize"' in shown
    assert 'hx-get="/console/dead-letters/enroll"' in shown


def test_a_letter_is_shown_with_its_reason_and_what_it_was_about(gateway: Gateway):
    gateway.upkeep.enroll.put(DELETION, "AwsError: the <table> was gone")
    shown = page(gateway, "/enroll")
    assert "AwsError: the &lt;table&gt; was gone" in shown
    assert "Delete a person" in shown
    assert 'href="/console/people/ada"' in shown


def test_it_can_be_sent_again_and_deleted_by_those_who_may(gateway: Gateway):
    message_id = gateway.upkeep.enroll.put(DELETION)
    path = f"/v1/dead-letters/enroll/{message_id}"
    for_operators, for_viewers = page(gateway, "/enroll"), page(gateway, "/enroll", "viewer")
    for api in (f"POST {path}/redrive", f"DELETE {path}", "POST /v1/dead-letters/enroll/redrive"):
        assert f'data-api="{api}"' in for_operators
        assert api not in for_viewers


@pytest.mark.parametrize(("language", "said"), [("en", "Everything"), ("de", "Alles Verlangte")])
def test_an_empty_queue_says_that_all_is_well(gateway: Gateway, language: str, said: str):
    assert said in page(gateway, "/recognize", language=language)


def test_what_sqs_moved_itself_says_how_often_it_was_tried(gateway: Gateway):
    photo = StoredObject(bucket="photos", key="index/Ada.jpg")
    job = EnrollJob(enrollment_id="e", photo=photo, received_at=NOW)
    gateway.upkeep.enroll.put(message_of(job), None)
    assert "although it was received 1 times" in page(gateway, "/enroll")


def test_more_than_fit_are_counted(gateway: Gateway):
    for number in range(60):
        gateway.upkeep.enroll.put(f"message {number}")
    shown = page(gateway, "/enroll")
    assert "60 failed" in shown
    assert "10 more are shown when these are gone" in shown
