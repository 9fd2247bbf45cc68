"""Programs create, find and change people."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from services.contracts.domain import Person, PersonStatus, Scope
from services.contracts.tokens import ApiToken
from services.gateway.cursors import Cursors
from services.gateway.principals import Principal, PrincipalKind
from services.gateway.problems import Problem
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.in_memory import NOW, issued


def create(gateway: Gateway, **fields: Any) -> TestResponse:
    return gateway.client.post("/v1/people", headers=gateway.as_program(), json=fields)


def get(gateway: Gateway, path: str, **query: str | int) -> TestResponse:
    return gateway.client.get(path, headers=gateway.as_program(), query_string=query)


def change(gateway: Gateway, path: str, fields: Any, if_match: str | None = None) -> TestResponse:
    headers = gateway.as_program(**{"If-Match": if_match} if if_match else {})
    return gateway.client.patch(path, headers=headers, json=fields)


def refusal(answer: TestResponse) -> tuple[int, str]:
    assert answer.mimetype == "application/problem+json"
    return answer.status_code, answer.get_json()["type"].removeprefix("/problems/")


def known(gateway: Gateway, *names: str, **fields: Any) -> None:
    for name in names:
        gateway.people.create(Person(person_id=name.lower(), full_name=name, created_at=NOW, **fields))


def test_a_person_is_created_and_found_where_the_answer_says(gateway: Gateway):
    created = create(
        gateway, full_name="  Ada \t Lovelace ", groups=["staff", "staff", "night"], external_id="7"
    )
    assert created.status_code == 201
    person = created.get_json()
    assert person["full_name"] == "Ada Lovelace"
    assert person["groups"] == ["staff", "night"]
    assert (person["external_id"], person["status"], person["photos"]) == ("7", "active", 0)

    found = get(gateway, created.headers["Location"])
    assert (found.status_code, found.get_json()) == (200, person)
    assert found.headers["ETag"] == created.headers["ETag"] == '"1"'
    assert found.headers["Cache-Control"] == "no-store"


def test_two_people_of_one_name_are_two_people(gateway: Gateway):
    first, second = (create(gateway, full_name="Ada Lovelace").get_json() for _ in range(2))
    assert first["person_id"] != second["person_id"]


@pytest.mark.parametrize(("photos", "words"), [(0, "no photo"), (1, "1 photo"), (2, "2 photos"), (3, None)])
def test_a_person_with_few_photos_wants_more(gateway: Gateway, photos: int, words: str | None):
    known(gateway, "Ada", photos=photos)
    wish = get(gateway, "/v1/people/ada").get_json()["wants_more_photos"]
    assert wish is None if words is None else f"Ada has {words}; with 3 or more" in wish


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({}, "full_name"),
        ({"full_name": ""}, "full_name"),
        ({"full_name": " "}, "full_name"),
        ({"full_name": None}, "full_name"),
        ({"full_name": 7}, "full_name"),
        ({"full_name": "A" * 201}, "full_name"),
        ({"full_name": "A\x00B"}, "full_name"),
        ({"full_name": "Ada", "groups": "staff"}, "groups"),
        ({"full_name": "Ada", "groups": ["a,b"]}, "groups.0"),
        ({"full_name": "Ada", "groups": ["ok", " "]}, "groups.1"),
        ({"full_name": "Ada", "groups": [str(n) for n in range(51)]}, "groups"),
        ({"full_name": "Ada", "external_id": "x" * 201}, "external_id"),
        ({"full_name": "Ada", "valid_until": "2027-01-31T08:00:00"}, "valid_until"),
        ({"full_name": "Ada", "valid_from": "9999-12-31T00:00:00Z"}, "valid_from"),
        (
            {"full_name": "Ada", "valid_from": "2027-02-01T00:00Z", "valid_until": "2027-01-01T00:00Z"},
            "the body",
        ),
        ({"full_name": "Ada", "status": "disabled"}, "status"),
        ({"full_name": "Ada", "person_id": "mine"}, "person_id"),
        (["Ada"], "the body"),
        ("Ada", "the body"),
    ],
)
def test_a_person_that_makes_no_sense_is_refused_naming_the_field(
    gateway: Gateway, fields: Any, complaint: str
):
    answer = gateway.client.post("/v1/people", headers=gateway.as_program(), json=fields)
    assert refusal(answer) == (422, "invalid-fields")
    assert answer.get_json()["detail"].startswith(f"{complaint}: ")
    assert gateway.people.people == {}


@pytest.mark.parametrize(
    ("body", "content_type", "status", "slug"),
    [
        (b"", "application/json", 400, "invalid-body"),
        (b"{", "application/json", 400, "invalid-body"),
        (b'{"full_name": "\xff"}', "application/json", 400, "invalid-body"),
        (b"[" * 60_000, "application/json", 400, "invalid-body"),
        (b'{"full_name": "Ada"}', "text/plain", 415, "unsupported-body-type"),
        (b" " * 70_000, "application/json", 413, "body-too-large"),
    ],
)
def test_a_body_that_is_no_json_is_refused(
    gateway: Gateway, body: bytes, content_type: str, status: int, slug: str
):
    answer = gateway.client.post(
        "/v1/people", headers=gateway.as_program(), data=body, content_type=content_type
    )
    assert refusal(answer) == (status, slug)


def test_a_long_field_name_is_not_repeated_whole(gateway: Gateway):
    answer = create(gateway, full_name="Ada", **{"x" * 10_000: 1})
    assert refusal(answer) == (422, "invalid-fields")
    assert len(answer.get_json()["detail"]) < 200


@pytest.mark.parametrize("person_id", ["nobody", "..", "x" * 5000, "%00", "%F0%9F%A6%86"])
def test_an_unknown_person_is_not_found_whatever_the_id(gateway: Gateway, person_id: str):
    assert refusal(get(gateway, f"/v1/people/{person_id}"))[0] == 404
    assert refusal(change(gateway, f"/v1/people/{person_id}", {}))[0] == 404
    assert refusal(gateway.client.delete(f"/v1/people/{person_id}", headers=gateway.as_program()))[0] == 404
    assert refusal(get(gateway, f"/v1/deletions/{person_id}"))[0] == 404
    assert refusal(get(gateway, f"/v1/people/{person_id}/photos"))[0] == 404


def test_people_are_listed_by_name_page_by_page(gateway: Gateway):
    known(gateway, "Cleo", "Ada", "Bob", "Eve", "Dan")
    names, query = [], {"limit": 2}
    while True:
        page = get(gateway, "/v1/people", **query).get_json()
        names.append([person["full_name"] for person in page["people"]])
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert names == [["Ada", "Bob"], ["Cleo", "Dan"], ["Eve"]]


def test_people_are_searched_by_how_their_name_begins(gateway: Gateway):
    known(gateway, "Ada", "Adam", "Bob")
    found = get(gateway, "/v1/people", search="ad").get_json()["people"]
    assert [person["full_name"] for person in found] == ["Ada", "Adam"]


@pytest.mark.parametrize("limit", ["0", "-1", "201", "1e9", "ten", "", "9" * 5000, "\u0665"])
def test_a_limit_that_is_none_is_refused(gateway: Gateway, limit: str):
    assert refusal(get(gateway, "/v1/people", limit=limit)) == (400, "invalid-query")


def test_a_search_of_any_length_is_not_taken(gateway: Gateway):
    assert refusal(get(gateway, "/v1/people", search="a" * 201)) == (400, "invalid-query")


def test_a_cursor_leads_on_in_its_own_list_alone(gateway: Gateway):
    known(gateway, "Ada", "Adam", "Bob")
    cursor = get(gateway, "/v1/people", limit=1, search="a").get_json()["next_cursor"]
    assert get(gateway, "/v1/people", limit=1, search="a", cursor=cursor).status_code == 200
    assert refusal(get(gateway, "/v1/people", limit=1, cursor=cursor)) == (400, "invalid-cursor")
    assert refusal(get(gateway, "/v1/people/ada/photos", cursor=cursor)) == (400, "invalid-cursor")

    other = ApiToken.issue()
    gateway.programs.tokens[other.token_id] = issued(other, Scope.PEOPLE_READ)
    answer = gateway.client.get(
        "/v1/people",
        headers={"Authorization": f"Bearer {other}"},
        query_string={"cursor": cursor, "search": "a"},
    )
    assert refusal(answer) == (400, "invalid-cursor")


@given(st.text(max_size=200), st.integers(0, 200), st.text(min_size=1, max_size=3))
@settings(max_examples=200, deadline=None)
def test_a_cursor_that_was_made_up_or_changed_is_refused(made_up: str, at: int, inserted: str):
    cursors = Cursors(
        Principal(PrincipalKind.TOKEN, "t", frozenset(), secret=ApiToken.issue().sha256), "people"
    )
    good = cursors.write("ada#1")
    assert cursors.read(good) == "ada#1"
    for bad in (made_up, good[:at] + inserted + good[at:]):
        with pytest.raises(Problem) as refused:
            cursors.read(bad)
        assert refused.value.type.slug == "invalid-cursor"


def test_a_change_changes_what_it_names_and_nothing_else(gateway: Gateway):
    location = create(gateway, full_name="Ada", groups=["staff"], external_id="7").headers["Location"]
    answer = change(gateway, location, {"full_name": "Ada King", "external_id": None})
    assert answer.status_code == 200
    person = answer.get_json()
    assert (person["full_name"], person["external_id"], person["groups"]) == ("Ada King", None, ["staff"])
    assert answer.headers["ETag"] == '"2"'
    assert get(gateway, location).get_json() == person


def test_from_when_until_when_doors_open_to_a_person_is_set_and_taken_away(gateway: Gateway):
    created = create(gateway, full_name="Ada", valid_until="2027-01-31T08:00:00+01:00")
    assert created.get_json()["valid_until"] == "2027-01-31T08:00:00+01:00"
    location = created.headers["Location"]
    answer = change(gateway, location, {"valid_from": "2026-12-01T00:00:00Z", "valid_until": None})
    person = answer.get_json()
    assert (person["valid_from"], person["valid_until"]) == ("2026-12-01T00:00:00Z", None)


def test_a_person_is_disabled_and_enabled_and_no_more_than_that(gateway: Gateway):
    known(gateway, "Ada")
    assert change(gateway, "/v1/people/ada", {"status": "disabled"}).get_json()["status"] == "disabled"
    assert change(gateway, "/v1/people/ada", {"groups": ["x"]}).get_json()["status"] == "disabled"
    assert change(gateway, "/v1/people/ada", {"status": "active"}).get_json()["status"] == "active"
    assert refusal(change(gateway, "/v1/people/ada", {"status": "deleting"})) == (422, "invalid-fields")


@pytest.mark.parametrize("fields", [{"photos": 3}, {"full_name": None}, {"version": 7}, {"full_name": " "}])
def test_a_change_of_what_cannot_be_changed_is_refused(gateway: Gateway, fields: dict[str, Any]):
    known(gateway, "Ada")
    assert refusal(change(gateway, "/v1/people/ada", fields)) == (422, "invalid-fields")
    assert gateway.people.people["ada"].version == 1


def test_a_merge_patch_is_taken_as_such(gateway: Gateway):
    known(gateway, "Ada")
    answer = gateway.client.patch(
        "/v1/people/ada",
        headers=gateway.as_program(),
        data=json.dumps({"groups": ["staff"]}),
        content_type="application/merge-patch+json",
    )
    assert answer.get_json()["groups"] == ["staff"]


@pytest.mark.parametrize(
    ("if_match", "status"),
    [('"1"', 200), ("*", 200), ('"2"', 412), ('W/"1"', 412), ("1", 412), ('"' + "9" * 400 + '"', 412)],
)
def test_a_change_of_a_version_changes_that_version_alone(gateway: Gateway, if_match: str, status: int):
    known(gateway, "Ada")
    answer = change(gateway, "/v1/people/ada", {"groups": ["x"]}, if_match)
    assert answer.status_code == status
    if status == 412:
        assert refusal(answer) == (412, "person-changed")
        assert gateway.people.people["ada"].groups == ()


def test_a_change_that_another_forestalls_is_made_again_unless_it_names_a_version(gateway: Gateway):
    known(gateway, "Ada")

    def forestall(person: Person) -> None:
        gateway.people.interfere = lambda _person: None
        standing = gateway.people.people["ada"]
        gateway.people.people["ada"] = standing.model_copy(
            update={"external_id": "7", "version": standing.version + 1}
        )

    gateway.people.interfere = forestall
    merged = change(gateway, "/v1/people/ada", {"groups": ["x"]}).get_json()
    assert (merged["groups"], merged["external_id"]) == (["x"], "7")

    gateway.people.interfere = forestall
    assert refusal(change(gateway, "/v1/people/ada", {"groups": []}, '"3"')) == (412, "person-changed")
    assert gateway.people.people["ada"].groups == ("x",)


def test_somebody_who_is_being_deleted_is_shown_and_not_changed(gateway: Gateway):
    known(gateway, "Ada", status=PersonStatus.DELETING)
    assert get(gateway, "/v1/people/ada").get_json()["status"] == "deleting"
    assert refusal(change(gateway, "/v1/people/ada", {"status": "active"})) == (409, "person-deleting")


def test_a_deletion_has_a_receipt_that_can_be_asked_for(gateway: Gateway):
    known(gateway, "Ada")
    accepted = gateway.client.delete("/v1/people/ada", headers=gateway.as_program())
    assert accepted.status_code == 202
    receipt = get(gateway, accepted.headers["Location"]).get_json()
    assert receipt == accepted.get_json()
    assert (receipt["person_id"], receipt["finished_at"], receipt["faces"]) == ("ada", None, 0)
    assert receipt["requested_by"] == f"token {gateway.program.token_id}"
    assert get(gateway, "/v1/people/ada").get_json()["status"] == "deleting"

    again = gateway.client.delete("/v1/people/ada", headers=gateway.as_program())
    assert (again.status_code, again.headers["Location"]) == (202, accepted.headers["Location"])


def test_what_nobody_knows_is_not_deleted(gateway: Gateway):
    answer = gateway.client.delete("/v1/people/nobody", headers=gateway.as_program())
    assert refusal(answer) == (404, "unknown-person")
    assert refusal(get(gateway, "/v1/deletions/nothing")) == (404, "unknown-deletion")


def test_what_is_not_offered_is_a_problem_too(gateway: Gateway):
    known(gateway, "Ada")
    answer = gateway.client.put("/v1/people/ada", headers=gateway.as_program())
    assert answer.status_code == 405
    assert answer.mimetype == "application/problem+json"
