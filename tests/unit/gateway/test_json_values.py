"""JSON values are what they are: none is taken for another type."""

import json

import pytest

from tests.unit.gateway.conftest import Gateway


@pytest.mark.parametrize(
    "body",
    [
        {"full_name": 7},
        {"full_name": "Ada", "groups": "staff"},
        {"full_name": "Ada", "groups": [1]},
        {"full_name": "Ada", "external_id": 4711},
        {"full_name": "Ada", "external_id": True},
    ],
)
def test_a_value_of_another_type_is_refused(gateway: Gateway, body: dict[str, object]):
    answer = gateway.client.post(
        "/v1/people", data=json.dumps(body), content_type="application/json", headers=gateway.as_program()
    )
    assert (answer.status_code, answer.get_json()["type"]) == (422, "/problems/invalid-fields")


@pytest.mark.parametrize("number", [0, 1])
def test_a_number_is_no_truth_value(gateway: Gateway, number: int):
    body = {"door_id": "front-door", "signed_frames_only": number}
    answer = gateway.client.post("/v1/kiosks", json=body, headers=gateway.as_program())
    assert (answer.status_code, answer.get_json()["type"]) == (422, "/problems/invalid-fields")
