"""That a person agreed to be recognised is recorded with them, and its withdrawal counts at once."""

from datetime import UTC, datetime

import pytest

from services.contracts.domain import Person
from tests.unit.gateway.conftest import Gateway

pytestmark = pytest.mark.access

NOW = datetime(2026, 1, 2, tzinfo=UTC)
CONSENT = "/v1/people/ada/consent"


@pytest.fixture
def house(gateway: Gateway) -> Gateway:
    gateway.people.create(Person(person_id="ada", full_name="Ada Lovelace", created_at=NOW))
    return gateway


def give(gateway: Gateway, **headers: str):
    body = {"text_version": "v2", "given_at": "2026-01-02T03:04:05Z"}
    return gateway.client.put(CONSENT, json=body, headers=gateway.as_program(**headers))


def withdraw(gateway: Gateway):
    return gateway.client.delete(CONSENT, headers=gateway.as_program())


def test_consent_is_shown_with_the_person_and_who_recorded_it(house: Gateway):
    answer = give(house)
    assert answer.status_code == 200
    assert answer.get_json()["consent"] == {
        "given_at": "2026-01-02T03:04:05Z",
        "text_version": "v2",
        "recorded_by": f"token {house.program.token_id}",
        "withdrawn_at": None,
    }
    assert answer.headers["ETag"] == '"2"'
    assert house.people.people["ada"].may_be_recognised


def test_who_withdraws_is_recognised_no_more_and_the_first_withdrawal_stands(house: Gateway):
    give(house)
    first = withdraw(house).get_json()["consent"]["withdrawn_at"]
    assert first is not None
    assert not house.people.people["ada"].may_be_recognised
    assert withdraw(house).get_json()["consent"]["withdrawn_at"] == first


def test_consent_may_be_given_again(house: Gateway):
    withdraw(house)
    give(house)
    assert house.people.people["ada"].may_be_recognised


def test_consent_that_was_never_recorded_can_be_withdrawn(house: Gateway):
    consent = withdraw(house).get_json()["consent"]
    assert (consent["given_at"], consent["text_version"]) == (None, None)
    assert not house.people.people["ada"].may_be_recognised


def test_two_operators_do_not_overwrite_each_other(house: Gateway):
    assert give(house, **{"If-Match": '"1"'}).status_code == 200
    assert give(house, **{"If-Match": '"1"'}).status_code == 412


@pytest.mark.parametrize("body", [{}, {"text_version": ""}, {"text_version": "v1", "given_at": "soon"}])
def test_a_consent_names_its_text(house: Gateway, body):
    answer = house.client.put(CONSENT, json=body, headers=house.as_program())
    assert answer.status_code == 422
