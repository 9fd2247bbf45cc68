"""Programs send photos of people, and ask what becomes of them."""

from hashlib import sha256
from io import BytesIO
from typing import Any

import pytest
from werkzeug.test import TestResponse

from services.aws.errors import AwsUnavailable
from services.contracts.domain import Enrollment, EnrollmentStatus, Person, PersonStatus, Resemblance
from services.contracts.ids import photo_enrollment_id, upload_key
from services.contracts.reasons import RejectionReason
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.in_memory import NOW, picture
from tests.unit.gateway.test_people_api import get, known, refusal

PHOTOS = "/v1/people/ada/photos"


def send(gateway: Gateway, data: bytes, content_type: str = "image/jpeg", path: str = PHOTOS) -> TestResponse:
    return gateway.client.post(path, headers=gateway.as_program(), data=data, content_type=content_type)


def enrollment_of_ada(number: int, status: EnrollmentStatus, **fields: Any) -> Enrollment:
    return Enrollment(
        enrollment_id=f"e-{number}",
        status=status,
        bucket="photos",
        key="k",
        received_at=NOW,
        person_id="ada",
        full_name="Ada",
        **fields,
    )


@pytest.fixture
def ada(gateway: Gateway) -> Person:
    known(gateway, "Ada")
    return gateway.people.people["ada"]


@pytest.mark.usefixtures("ada")
def test_a_photo_goes_into_the_bucket_and_its_enrollment_can_be_asked_for_at_once(gateway: Gateway):
    photo = picture()
    answer = send(gateway, photo)
    assert answer.status_code == 202
    enrollment_id = photo_enrollment_id("ada", sha256(photo).hexdigest())
    assert gateway.uploads.stored == {upload_key(enrollment_id, "photo.jpg"): photo}

    asked = get(gateway, answer.headers["Location"])
    assert asked.get_json() == answer.get_json()
    assert asked.get_json()["enrollment_id"] == enrollment_id
    assert (asked.get_json()["status"], asked.get_json()["person_id"]) == ("received", "ada")
    assert asked.get_json()["message"] == "The photo is waiting for its turn."


@pytest.mark.usefixtures("ada")
def test_a_photo_may_come_as_a_form(gateway: Gateway):
    photo = picture("PNG")
    answer = gateway.client.post(
        PHOTOS, headers=gateway.as_program(), data={"image": (BytesIO(photo), "me.png", "image/png")}
    )
    assert answer.status_code == 202
    assert list(gateway.uploads.stored.values()) == [photo]


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "heic", "heif"])
def test_every_kind_of_photo_is_taken_that_the_worker_reads(gateway: Gateway, kind: str):
    assert send(gateway, b"photo", f"image/{kind}").status_code == 202


@pytest.mark.usefixtures("ada")
def test_the_same_photo_again_is_the_same_enrollment_and_is_not_put_again_once_done(gateway: Gateway):
    first = send(gateway, picture()).get_json()["enrollment_id"]
    again = send(gateway, picture())
    assert (again.status_code, again.get_json()["enrollment_id"]) == (202, first)

    standing = gateway.enrollments.enrollments[first]
    gateway.enrollments.enrollments[first] = standing.model_copy(update={"status": EnrollmentStatus.INDEXED})
    gateway.uploads.stored.clear()
    done = send(gateway, picture())
    assert (done.status_code, done.get_json()["status"]) == (200, "indexed")
    assert gateway.uploads.stored == {}


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    "since",
    [{"status": EnrollmentStatus.FAILED}, {"status": EnrollmentStatus.INDEXED, "person_id": None}],
    ids=["given up", "deleted with the person, who is back"],
)
def test_a_photo_that_gave_no_face_that_stands_is_tried_again_when_it_is_sent_again(
    gateway: Gateway, since: dict[str, Any]
):
    enrollment_id = send(gateway, picture()).get_json()["enrollment_id"]
    standing = gateway.enrollments.enrollments[enrollment_id]
    gateway.enrollments.enrollments[enrollment_id] = standing.model_copy(update=since)
    gateway.uploads.stored.clear()
    again = send(gateway, picture())
    assert (again.status_code, again.get_json()["status"]) == (202, "received")
    assert len(gateway.uploads.stored) == 1


@pytest.mark.usefixtures("ada")
def test_a_photo_that_s3_does_not_take_is_taken_when_it_is_sent_again(gateway: Gateway):
    gateway.uploads.error = AwsUnavailable("S3 is away")
    assert refusal(send(gateway, picture())) == (503, "unavailable")
    gateway.uploads.error = None
    assert send(gateway, picture()).status_code == 202
    assert len(gateway.uploads.stored) == 1


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    ("data", "content_type", "status", "slug"),
    [
        (b"", "image/jpeg", 400, "no-photo"),
        (b"x" * 50_001, "image/jpeg", 413, "photo-too-large"),
        (b"GIF89a", "image/gif", 415, "unsupported-photo-type"),
        (b"%PDF", "application/pdf", 415, "unsupported-photo-type"),
        (b"x", "", 415, "unsupported-photo-type"),
        (b"no form", "multipart/form-data; boundary=x", 400, "no-photo"),
    ],
)
def test_what_is_no_photo_is_refused_and_not_stored(
    gateway: Gateway, data: bytes, content_type: str, status: int, slug: str
):
    assert refusal(send(gateway, data, content_type)) == (status, slug)
    assert gateway.uploads.stored == {}
    assert gateway.enrollments.enrollments == {}


@pytest.mark.usefixtures("ada")
def test_a_form_has_one_photo(gateway: Gateway):
    images = [(BytesIO(picture()), f"{number}.jpg", "image/jpeg") for number in range(2)]
    answer = gateway.client.post(PHOTOS, headers=gateway.as_program(), data={"image": images})
    assert refusal(answer) == (400, "no-photo")
    assert gateway.uploads.stored == {}


def test_photos_of_nobody_are_refused_unread(gateway: Gateway):
    read: list[bytes] = []

    class Body(BytesIO):
        def read(self, *arguments: Any) -> bytes:
            read.append(chunk := super().read(*arguments))
            return chunk

    answer = gateway.client.post(
        "/v1/people/nobody/photos",
        headers=gateway.as_program(**{"Content-Type": "image/jpeg", "Content-Length": "7"}),
        input_stream=Body(b"picture"),
    )
    assert refusal(answer) == (404, "unknown-person")
    assert read == []
    assert refusal(get(gateway, "/v1/people/nobody/photos")) == (404, "unknown-person")


def test_somebody_who_is_being_deleted_gets_no_photos_any_more(gateway: Gateway):
    known(gateway, "Ada", status=PersonStatus.DELETING)
    assert refusal(send(gateway, picture())) == (409, "person-deleting")
    assert gateway.uploads.stored == {}


@pytest.mark.usefixtures("ada")
def test_photos_are_listed_page_by_page_whatever_became_of_them(gateway: Gateway):
    statuses = list(EnrollmentStatus)
    for number, status in enumerate(statuses):
        gateway.enrollments.enrollments[f"e-{number}"] = enrollment_of_ada(number, status)
    gateway.enrollments.enrollments["x"] = enrollment_of_ada(9, EnrollmentStatus.INDEXED).model_copy(
        update={"person_id": "bob"}
    )
    first = get(gateway, PHOTOS, limit=3).get_json()
    rest = get(gateway, PHOTOS, limit=3, cursor=first["next_cursor"]).get_json()
    assert [photo["status"] for photo in first["photos"] + rest["photos"]] == statuses
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    ("enrollment", "message"),
    [
        (
            enrollment_of_ada(
                1, EnrollmentStatus.REJECTED, rejection=RejectionReason.TOO_SMALL, detail="40 px."
            ),
            "The face is too small. Take the photo from nearer, or send a larger one. 40 px.",
        ),
        (
            enrollment_of_ada(
                1,
                EnrollmentStatus.HELD,
                held_for=Resemblance(person_id="bob", full_name="Bob", similarity=99.5),
                detail="The face resembles Bob with 99.5 %.",
            ),
            "The face resembles another person's. An operator has to say who it is. "
            "The face resembles Bob with 99.5 %.",
        ),
        (
            enrollment_of_ada(1, EnrollmentStatus.FAILED),
            "The photo was given up after several attempts. Send it again.",
        ),
    ],
)
def test_an_enrollment_says_in_a_sentence_how_it_stands(
    gateway: Gateway, enrollment: Enrollment, message: str
):
    gateway.enrollments.enrollments["e-1"] = enrollment
    body = get(gateway, "/v1/enrollments/e-1").get_json()
    assert (body["status"], body["message"]) == (enrollment.status, message)
    assert body["reason"] == enrollment.rejection
    assert (body["held_for"] or {}).get("full_name") == ("Bob" if enrollment.held_for else None)
    assert "bucket" not in body


@pytest.mark.parametrize("enrollment_id", ["e-1", "x" * 5000, "%00"])
def test_an_unknown_enrollment_is_not_found(gateway: Gateway, enrollment_id: str):
    assert refusal(get(gateway, f"/v1/enrollments/{enrollment_id}")) == (404, "unknown-enrollment")


def remove(gateway: Gateway, path: str) -> TestResponse:
    return gateway.client.delete(path, headers=gateway.as_program())


@pytest.mark.usefixtures("ada")
def test_a_photo_is_removed_and_the_receipt_tells_when_it_is_done(gateway: Gateway):
    gateway.enrollments.save(enrollment_of_ada(1, EnrollmentStatus.INDEXED))
    answer = remove(gateway, f"{PHOTOS}/e-1")
    assert answer.status_code == 202
    assert answer.headers["Location"] == "/v1/deletions/d-e-1"
    receipt = get(gateway, answer.headers["Location"]).get_json()
    assert (receipt["person_id"], receipt["enrollment_id"], receipt["finished_at"]) == ("ada", "e-1", None)
    assert receipt["requested_by"] == f"token {gateway.program.token_id}"
    assert remove(gateway, f"{PHOTOS}/e-1").get_json() == answer.get_json()


@pytest.mark.usefixtures("ada")
def test_a_photo_that_is_another_s_unknown_or_on_its_way_is_not_removed(gateway: Gateway):
    known(gateway, "Eve")
    gateway.enrollments.save(enrollment_of_ada(1, EnrollmentStatus.INDEXED))
    gateway.enrollments.save(enrollment_of_ada(2, EnrollmentStatus.RECEIVED))
    assert refusal(remove(gateway, "/v1/people/eve/photos/e-1")) == (404, "unknown-enrollment")
    assert refusal(remove(gateway, f"{PHOTOS}/e-9")) == (404, "unknown-enrollment")
    assert refusal(remove(gateway, f"{PHOTOS}/{'x' * 3000}")) == (404, "unknown-enrollment")
    assert refusal(remove(gateway, "/v1/people/nobody/photos/e-1")) == (404, "unknown-person")
    assert refusal(remove(gateway, f"{PHOTOS}/e-2")) == (409, "photo-on-its-way")


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"status": EnrollmentStatus.REMOVED}, "was removed"),
        ({"status": EnrollmentStatus.INDEXED, "person_id": None}, "removed when its person was deleted"),
    ],
)
def test_what_was_removed_is_not_said_to_count(gateway: Gateway, fields: dict[str, Any], words: str):
    gateway.enrollments.save(enrollment_of_ada(1, EnrollmentStatus.INDEXED).model_copy(update=fields))
    assert words in get(gateway, "/v1/enrollments/e-1").get_json()["message"]


@pytest.mark.usefixtures("ada")
def test_large_sets_go_into_s3_with_forms_of_ours(gateway: Gateway):
    wanted = [{"sha256": f"{number:064x}", "content_type": "image/jpeg"} for number in range(3)]
    answer = gateway.client.post(f"{PHOTOS}/uploads", headers=gateway.as_program(), json={"photos": wanted})
    body = answer.get_json()
    assert (answer.status_code, body["max_bytes"]) == (200, 50_000)
    for photo, upload in zip(wanted, body["uploads"], strict=True):
        enrollment_id = photo_enrollment_id("ada", photo["sha256"])
        assert upload["enrollment_id"] == enrollment_id
        assert upload["enrollment"] == f"/v1/enrollments/{enrollment_id}"
        assert upload["fields"] == {"key": upload_key(enrollment_id, "photo.jpg"), "policy": "50000 900"}


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    ("photos", "status"),
    [
        ([], 422),
        ([{"sha256": "x", "content_type": "image/jpeg"}], 422),
        ([{"sha256": "A" * 64, "content_type": "image/jpeg"}], 422),
        ([{"sha256": "a" * 64}], 422),
        ([{"sha256": "a" * 64, "content_type": "image/jpeg", "key": "frames/x"}], 422),
        ([{"sha256": "a" * 64, "content_type": "image/jpeg"}] * 101, 422),
        ([{"sha256": "a" * 64, "content_type": "text/html"}], 415),
    ],
)
def test_forms_are_made_for_photos_alone(gateway: Gateway, photos: list[dict[str, str]], status: int):
    answer = gateway.client.post(f"{PHOTOS}/uploads", headers=gateway.as_program(), json={"photos": photos})
    assert refusal(answer)[0] == status
