"""Photos and everything about a person: shown to whoever may look, and each look on record."""

from datetime import UTC, datetime

import pytest

from services.contracts.audit import AuditKind
from services.contracts.domain import Enrollment, EnrollmentStatus, Person
from tests.unit.gateway.conftest import Gateway

pytestmark = pytest.mark.access

NOW = datetime(2026, 1, 2, tzinfo=UTC)
IMAGE = "/v1/people/ada/photos/e-1/image"


@pytest.fixture
def house(gateway: Gateway) -> Gateway:
    """Ada with a photo that is kept."""
    gateway.people.create(Person(person_id="ada", full_name="Ada Lovelace", created_at=NOW))
    enroll(gateway, key="photos/ada/e-1.jpg")
    gateway.kept_photos.photos["photos/ada/e-1.jpg"] = b"jpeg"
    return gateway


def enroll(gateway: Gateway, person_id="ada", **changes):
    gateway.enrollments.enrollments["e-1"] = Enrollment(
        enrollment_id="e-1",
        status=EnrollmentStatus.INDEXED,
        bucket="photos",
        received_at=NOW,
        person_id=person_id,
        **changes,
    )


def get(gateway: Gateway, path: str):
    return gateway.client.get(path, headers=gateway.as_program())


def test_a_photo_is_shown_and_nobody_on_the_way_keeps_it(house: Gateway):
    answer = get(house, IMAGE)
    assert (answer.status_code, answer.mimetype, answer.get_data()) == (200, "image/jpeg", b"jpeg")
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_each_look_at_a_photo_is_on_record_before_it_is_shown(house: Gateway):
    get(house, IMAGE)
    look, outcome = house.audit.entries
    assert (look.kind, look.personal) == (AuditKind.LOOK, {"person_id": "ada"})
    assert (look.what, look.details["path"]) == (
        "GET /v1/people/<person_id>/photos/<enrollment_id>/image",
        {"enrollment_id": "e-1"},
    )
    assert outcome.outcome == "200"


@pytest.mark.parametrize("path", [IMAGE, "/v1/people/ada/export"])
def test_nothing_is_shown_that_cannot_be_recorded(house: Gateway, path):
    house.audit.out_of_reach = True
    assert get(house, path).status_code == 503


def test_a_photo_of_somebody_else_is_not_shown_as_this_persons(house: Gateway):
    assert get(house, "/v1/people/bob/photos/e-1/image").status_code == 404


@pytest.mark.parametrize("key", ["index/uploads/e-1/photo.jpg", "frames/lobby/1.jpg", ""])
def test_what_is_not_kept_is_not_shown(house: Gateway, key):
    enroll(house, key=key)
    house.kept_photos.photos[key] = b"jpeg"
    assert get(house, IMAGE).status_code == 404


def test_a_photo_that_was_removed_a_moment_ago_is_not_there(house: Gateway):
    house.kept_photos.photos.clear()
    assert get(house, IMAGE).get_json()["type"] == "/problems/unknown-enrollment"


def test_everything_about_a_person_is_exported_and_that_is_on_record(house: Gateway):
    answer = get(house, "/v1/people/ada/export")
    assert (answer.mimetype, answer.get_data()) == ("application/zip", b"everything about Ada Lovelace")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert house.audit.entries[0].personal == {"person_id": "ada"}


def test_nothing_is_exported_of_nobody(house: Gateway):
    assert get(house, "/v1/people/nobody/export").status_code == 404
