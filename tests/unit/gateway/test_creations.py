"""A program may create a person with an Idempotency-Key, and try again without fear."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from services.aws.errors import AwsUnavailable
from services.contracts.domain import Scope
from services.contracts.tokens import ApiToken
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.in_memory import issued
from tests.unit.gateway.test_people_api import change, create, get, refusal

KEY = '"8e03978e-40d5-43e8-bc93-6894a57f9324"'


def create_with(gateway: Gateway, key: str = KEY, **fields: Any) -> TestResponse:
    headers = gateway.as_program(**{"Idempotency-Key": key})
    return gateway.client.post("/v1/people", headers=headers, json={"full_name": "Ada"} | fields)


def test_the_same_request_with_the_same_key_makes_one_person(gateway: Gateway):
    first, again = create_with(gateway), create_with(gateway)
    assert first.status_code == again.status_code == 201
    assert first.get_json() == again.get_json()
    assert first.headers["Location"] == again.headers["Location"]
    assert len(gateway.people.people) == 1


def test_white_space_and_order_make_no_other_request(gateway: Gateway):
    first = create_with(gateway, groups=["a"], external_id="7")
    again = create_with(gateway, external_id=" 7", groups=["a", "a"], full_name=" Ada ")
    assert first.get_json() == again.get_json()


@pytest.mark.parametrize("fields", [{"full_name": "Eve"}, {"groups": ["staff"]}, {"external_id": "7"}])
def test_another_person_with_the_same_key_is_refused(gateway: Gateway, fields: dict[str, Any]):
    create_with(gateway)
    assert refusal(create_with(gateway, **fields)) == (422, "idempotency-key-reused")
    assert len(gateway.people.people) == 1


def test_other_keys_other_programs_and_no_key_make_other_people(gateway: Gateway):
    create_with(gateway)
    create_with(gateway, '"another"')
    create(gateway, full_name="Ada")
    gateway.program = ApiToken.issue()
    gateway.programs.tokens[gateway.program.token_id] = issued(gateway.program, Scope.PEOPLE_WRITE)
    create_with(gateway)
    assert len(gateway.people.people) == 4


def test_a_gateway_that_died_before_it_answered_leaves_one_person(gateway: Gateway):
    gateway.creations.error = AwsUnavailable("DynamoDB is away")
    assert refusal(create_with(gateway)) == (503, "unavailable")
    gateway.creations.error = None
    assert create_with(gateway).status_code == 201
    assert len(gateway.people.people) == 1


def test_who_was_changed_since_is_answered_as_they_are(gateway: Gateway):
    place = create_with(gateway).headers["Location"]
    changed = change(gateway, place, {"full_name": "Ada King"}).get_json()
    assert create_with(gateway).get_json() == changed == get(gateway, place).get_json()


def test_who_was_deleted_since_is_not_brought_back(gateway: Gateway):
    create_with(gateway)
    gateway.people.people.clear()
    assert refusal(create_with(gateway)) == (404, "unknown-person")
    assert gateway.people.people == {}


@pytest.mark.parametrize("key", ["", "unquoted", '""', '"a" "b"', '"' + "x" * 300 + '"'])
def test_what_is_no_key_is_refused(gateway: Gateway, key: str):
    assert refusal(create_with(gateway, key)) == (400, "invalid-idempotency-key")
    assert gateway.people.people == {}
