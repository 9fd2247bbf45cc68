import json
from base64 import b64decode
from datetime import UTC, datetime

from services.aws.enrollments import EnrollmentStore
from services.aws.photo_uploads import PhotoUpload, PhotoUploadStore
from services.contracts.domain import Enrollment, EnrollmentStatus
from services.contracts.ids import photo_enrollment_id, upload_key
from services.contracts.names import from_metadata

SHA256 = "a" * 64


def upload(full_name="Zoë 李"):
    return PhotoUpload(
        enrollment_id=photo_enrollment_id("p-1", SHA256),
        person_id="p-1",
        full_name=full_name,
        content_type="image/png",
        file="photo.png",
        submitted_at=datetime(2026, 1, 2, tzinfo=UTC),
    )


def test_a_photo_is_put_where_the_lambda_finds_its_enrollment_and_says_whose_it_is(aws):
    PhotoUploadStore(aws).put(upload(), b"picture")
    stored = aws.s3.get_object(Bucket="photos", Key=upload_key(upload().enrollment_id, "photo.png"))
    metadata = {name.lower(): from_metadata(value) for name, value in stored["Metadata"].items()}
    assert metadata == {
        "fullname": "Zoë 李",
        "person-id": "p-1",
        "submitted-at": "2026-01-02T00:00:00+00:00",
    }
    assert (stored["Body"].read(), stored["ContentType"]) == (b"picture", "image/png")


def test_a_form_is_good_for_one_photo_of_one_person_and_a_while(aws):
    form = PhotoUploadStore(aws).form(upload(), max_bytes=1000, seconds=900)
    policy = json.loads(b64decode(form.fields["policy"]))
    assert ["content-length-range", 1, 1000] in policy["conditions"]
    assert {"bucket": "photos"} in policy["conditions"]
    signed = ("key", "Content-Type", *(f"x-amz-meta-{name.lower()}" for name in upload().metadata))
    for name in signed:
        assert {name: form.fields[name]} in policy["conditions"]
    assert form.fields["key"] == upload().key
    assert form.fields["x-amz-algorithm"] == "AWS4-HMAC-SHA256"
    left = datetime.fromisoformat(policy["expiration"]) - datetime.now(UTC)
    assert 0 < left.total_seconds() <= 900


def test_the_longest_name_of_any_script_fits_into_what_s3_takes_of_metadata():
    metadata = upload("𠜎" * 200).metadata
    assert sum(len(name) + len(value) for name, value in metadata.items()) <= 2048


def test_a_person_s_photos_are_listed_page_by_page(aws):
    store = EnrollmentStore(aws)
    for number in range(5):
        store.save(
            Enrollment(
                enrollment_id=f"e-{number}",
                status=EnrollmentStatus.RECEIVED,
                bucket="photos",
                key="k",
                received_at=datetime(2026, 1, 2, tzinfo=UTC),
                person_id="other" if number == 2 else "p-1",
            )
        )
    listed, position, pages = [], None, 0
    while pages == 0 or position is not None:
        page, position = store.of_person("p-1", position, limit=3)
        listed += [enrollment.enrollment_id for enrollment in page]
        pages += 1
    assert sorted(listed) == ["e-0", "e-1", "e-3", "e-4"]
    assert pages == 2
    assert store.of_person("nobody") == ([], None)
