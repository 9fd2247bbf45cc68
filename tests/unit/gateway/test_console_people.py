"""The pages of people: what each role sees of them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from services.contracts.access import EVERYONE, Rule
from services.contracts.domain import (
    Consent,
    Deletion,
    Enrollment,
    EnrollmentStatus,
    Person,
    PersonStatus,
    Resemblance,
)
from services.contracts.ids import kept_photo_key
from services.contracts.invitations import invite
from services.contracts.reasons import RejectionReason
from services.gateway.page_files import STATIC
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.in_memory import NOW
from tests.unit.gateway.in_memory_operators import signed_in

ADA = Person(person_id="ada", full_name="Ada Lovelace", groups=("staff",), created_at=NOW, photos=1)


def photo(enrollment_id: str, status: EnrollmentStatus, person_id: str = "ada", **more: object) -> Enrollment:
    kept = status in {EnrollmentStatus.INDEXED, EnrollmentStatus.HELD}
    fields = {
        "enrollment_id": enrollment_id,
        "status": status,
        "bucket": "photos",
        "key": kept_photo_key(person_id, enrollment_id)
        if kept
        else f"index/uploads/{enrollment_id}/photo.jpg",
        "received_at": NOW,
        "person_id": person_id,
        "full_name": "Ada Lovelace",
    }
    return Enrollment.model_validate(fields | more)


def add(gateway: Gateway, *photos: Enrollment) -> None:
    for each in photos:
        gateway.enrollments.enrollments[each.enrollment_id] = each


@pytest.fixture
def enroller(gateway: Gateway) -> FlaskClient:
    signed_in(gateway.client, "enroller")
    return gateway.client


@pytest.fixture
def viewer(gateway: Gateway) -> FlaskClient:
    signed_in(gateway.client, "viewer")
    return gateway.client


def shown(client: FlaskClient, path: str, **headers: str) -> str:
    answer = client.get(f"/console/{path}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_where_nobody_is_enrolled_the_page_says_what_to_do_next(enroller: FlaskClient):
    page = shown(enroller, "people")
    assert "Nobody is enrolled yet" in page
    assert 'data-api="POST /v1/people"' in page


def test_who_may_not_add_people_is_not_offered_to(viewer: FlaskClient):
    page = shown(viewer, "people")
    assert "Nobody is enrolled yet" in page
    assert "data-opens" not in page


def test_people_are_found_by_name_group_and_status(gateway: Gateway, enroller: FlaskClient):
    gateway.people.create(ADA)
    gateway.people.create(
        Person(person_id="bob", full_name="Bob", status=PersonStatus.DISABLED, created_at=NOW)
    )
    assert "Bob" not in shown(enroller, "people?group=staff")
    assert "Ada Lovelace" not in shown(enroller, "people/rows?status=disabled")
    assert "Nobody found" in shown(enroller, "people/rows?search=ada&status=disabled")
    assert enroller.get("/console/people?status=gone").status_code == 400
    assert enroller.get(f"/console/people?search={'x' * 201}").status_code == 400


def test_a_search_is_kept_in_the_address_and_going_on_in_its_list_is_not(
    gateway: Gateway, enroller: FlaskClient
):
    for number in range(51):
        gateway.people.create(
            Person(person_id=f"p-{number}", full_name=f"Person {number:02}", created_at=NOW)
        )
    answer = enroller.get("/console/people/rows?search=person&status=", headers={"HX-Request": "true"})
    assert answer.headers["HX-Replace-Url"] == "/console/people?search=person"
    assert "Person 49" in answer.text
    assert "Person 50" not in answer.text
    more = answer.text.split('hx-get="')[-1].split('"')[0].replace("&amp;", "&")
    rest = enroller.get(more, headers={"HX-Request": "true"})
    assert "Person 50" in rest.text
    assert "HX-Replace-Url" not in rest.headers
    assert enroller.get(more.replace("search=person", "search=")).status_code == 400


def test_a_name_is_text_wherever_it_stands(gateway: Gateway, enroller: FlaskClient):
    name = "<script>alert('\"1')</script>"
    gateway.people.create(
        ADA.model_copy(update={"full_name": name, "groups": ("<b>",), "external_id": '"><i>'})
    )
    add(gateway, photo("e-1", EnrollmentStatus.INDEXED, file="<u>.jpg", full_name=name))
    for page in ("people", "people/ada", "people/ada/photos/e-1"):
        text = shown(enroller, page)
        assert not [tag for tag in ("<script>alert", "<b>", "<i>", "<u>") if tag in text], page
    assert "&lt;script&gt;alert(" in shown(enroller, "people/ada")


def test_a_person_is_shown_with_what_can_be_changed(gateway: Gateway, enroller: FlaskClient):
    gateway.people.create(ADA.model_copy(update={"valid_until": NOW + timedelta(days=1)}))
    page = shown(enroller, "people/ada")
    for change in (
        'data-api="PATCH /v1/people/ada" data-etag=\'"1"\'',
        'data-api="PUT /v1/people/ada/consent"',
        'data-api="DELETE /v1/people/ada"',
        'href="/v1/people/ada/export"',
        'data-moment="2026-01-03T03:04:05+00:00"',
    ):
        assert change in page, change
    assert 'data-api="DELETE /v1/people/ada/consent"' not in page


def test_a_viewer_sees_a_person_without_photos_and_changes_nothing(gateway: Gateway, viewer: FlaskClient):
    gateway.people.create(ADA)
    add(gateway, photo("e-1", EnrollmentStatus.INDEXED), photo("e-2", EnrollmentStatus.REJECTED))
    page = shown(viewer, "people/ada")
    assert "Ada Lovelace" in page
    main = page.split("<main", 1)[1]
    assert "data-api" not in main
    assert "/image" not in main
    assert "/export" not in main
    assert "Choose files" not in main


def test_photos_tell_how_they_stand_and_what_to_do_the_newest_first(gateway: Gateway, enroller: FlaskClient):
    gateway.people.create(ADA)
    add(
        gateway,
        photo("e-1", EnrollmentStatus.INDEXED),
        photo(
            "e-2",
            EnrollmentStatus.REJECTED,
            rejection=RejectionReason.NO_FACE,
            detail="0 faces",
            received_at=NOW + timedelta(minutes=1),
        ),
        photo("e-3", EnrollmentStatus.RECEIVED, received_at=NOW + timedelta(minutes=2)),
        photo(
            "e-4",
            EnrollmentStatus.HELD,
            received_at=NOW + timedelta(minutes=3),
            held_for=Resemblance(person_id="bob", full_name="Bob", similarity=99.5),
        ),
    )
    photos = shown(enroller, "people/ada/photos").split("<article")[1:]
    held, received, rejected, indexed = photos
    assert 'src="/v1/people/ada/photos/e-1/image"' in indexed
    assert "No face was found" in rejected
    assert "0 faces" in rejected
    assert 'data-replaces="e-2"' in rejected
    assert "<img" not in rejected
    assert "every 1s" in received
    assert "data-api" not in received
    assert 'href="/console/held"' in held
    assert all("every" not in finished for finished in (indexed, rejected, held))


def test_a_photo_that_was_waited_for_tells_the_page_when_it_is_done(gateway: Gateway, enroller: FlaskClient):
    gateway.people.create(ADA)
    add(gateway, photo("e-1", EnrollmentStatus.RECEIVED))
    place = "/console/people/ada/photos/e-1?waited=yes"
    assert "HX-Trigger" not in enroller.get(place).headers
    add(gateway, photo("e-1", EnrollmentStatus.INDEXED))
    assert enroller.get(place).headers["HX-Trigger"] == "photos-changed"
    add(gateway, photo("e-1", EnrollmentStatus.REMOVED, person_id=None))
    gone = enroller.get(place)
    assert (gone.status_code, gone.text, gone.headers["HX-Trigger"]) == (200, "", "photos-changed")
    assert enroller.get("/console/people/bob/photos/e-1").status_code == 404


def test_every_reason_for_rejection_is_in_words():
    for language in ("en", "de"):
        texts = json.loads((Path(STATIC) / f"texts/{language}/people.json").read_text(encoding="utf-8"))
        assert {f"people.rejected.{reason}" for reason in RejectionReason} <= texts.keys()


def test_consent_that_was_withdrawn_is_told_wherever_the_person_is(gateway: Gateway, enroller: FlaskClient):
    consent = Consent(given_at=NOW, text_version="2026-01", recorded_by="operator enroller", withdrawn_at=NOW)
    gateway.people.create(ADA.model_copy(update={"consent": consent}))
    assert "Consent withdrawn" in shown(enroller, "people")
    page = shown(enroller, "people/ada/details")
    assert "No door opens to them." in page
    assert 'data-api="DELETE /v1/people/ada/consent"' not in page


def test_who_is_being_deleted_is_not_changed_any_more_and_the_receipt_is_followed(
    gateway: Gateway, enroller: FlaskClient
):
    gateway.people.create(ADA)
    csrf = signed_in(enroller, "enroller")
    assert enroller.delete("/v1/people/ada", headers=csrf).status_code == 202
    page = shown(enroller, "people/ada")
    main = page.split("<main", 1)[1]
    assert "Being deleted" in main
    assert "data-api" not in main
    assert 'hx-get="/console/deletions/d-ada"' in main
    assert "every 1s" in shown(enroller, "deletions/d-ada")


def test_a_finished_receipt_says_what_was_removed(gateway: Gateway, enroller: FlaskClient):
    gateway.register.deletions.deletions["d-1"] = Deletion(  # type: ignore[attr-defined]  # the one in memory
        deletion_id="d-1",
        person_id="ada",
        requested_at=NOW,
        requested_by="operator enroller",
        finished_at=NOW,
        faces=3,
    )
    receipt = shown(enroller, "deletions/d-1")
    assert "Everything has been removed" in receipt
    assert "<dt>Faces removed</dt><dd>3</dd>" in receipt
    assert "every" not in receipt


def test_groups_that_rules_name_are_proposed(gateway: Gateway, enroller: FlaskClient):
    for number, group in enumerate(("night shift", "<staff>", EVERYONE)):
        rule = Rule(rule_id=f"r-{number}", name=group, groups=(group,), doors=("front",))
        gateway.control.create(rule)
    page = shown(enroller, "people")
    proposed = page.split('<datalist id="groups">')[1].split("</datalist>")[0]
    assert proposed == '<option value="&lt;staff&gt;"></option><option value="night shift"></option>'


def test_an_unknown_person_is_told_of_in_words(enroller: FlaskClient):
    answer = enroller.get("/console/people/nobody", headers={"Accept-Language": "de"})
    assert answer.status_code == 404
    assert answer.mimetype == "text/html"


def test_invitations_are_listed_and_taken_back_while_they_are_open(gateway: Gateway, enroller: FlaskClient):
    gateway.people.create(ADA)
    assert 'data-api="POST /v1/people/ada/invitations"' in shown(enroller, "people/ada")
    assert shown(enroller, "people/ada/invitations").strip() == ""
    for number in range(11):
        invitation, _ = invite(ADA, "operator enroller", datetime.now(UTC) - timedelta(days=number))
        gateway.invitations.add(invitation)
    listed = shown(enroller, "people/ada/invitations")
    assert (listed.count(">Open<"), listed.count(">Expired<"), listed.count("data-api")) == (7, 3, 7)
    more = listed.rsplit('hx-get="', 1)[1].split('"')[0]
    rest = enroller.get(more).text
    assert (rest.count("<tr"), rest.count("<table")) == (1, 0)


def test_a_viewer_takes_no_invitation_back(gateway: Gateway, viewer: FlaskClient):
    gateway.people.create(ADA)
    gateway.invitations.add(invite(ADA, "operator enroller", datetime.now(UTC))[0])
    listed = shown(viewer, "people/ada/invitations")
    assert ">Open<" in listed
    assert "data-api" not in listed
