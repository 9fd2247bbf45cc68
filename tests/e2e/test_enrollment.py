"""A photo's way through the whole house: kept without metadata, held when it is somebody else's face."""

from io import BytesIO
from uuid import uuid4

import pytest
from PIL import Image

from cli.portraits import grace_hopper
from services.aws.enrollments import EnrollmentStore
from services.aws.held import HeldPhotos, Resolution
from services.aws.people import PeopleStore
from services.contracts.domain import EnrollmentStatus
from services.contracts.ids import person_id_of
from services.contracts.reasons import RejectionReason
from tests.conftest import enrolled


def photo(picture, **options):
    file = BytesIO()
    picture.convert("RGB").save(file, "JPEG", **options)
    return file.getvalue()


def portrait(path):
    with Image.open(path) as opened:
        return opened.convert("RGB")


def versions(facegate, prefix):
    bucket = facegate.aws.outputs.photo_bucket_name
    listed = facegate.aws.s3.list_object_versions(Bucket=bucket, Prefix=prefix)
    return [version["Key"] for version in listed.get("Versions", [])]


def test_what_a_camera_wrote_into_a_photo_is_gone_and_so_is_the_upload(facegate, grace_is_enrolled):
    tags = Image.Exif()
    tags[0x010F], tags[0x0112] = "Secret Camera", 6
    tags.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    lying = portrait(grace_hopper()).transpose(Image.Transpose.ROTATE_90)
    name = f"{uuid4().hex}.jpg"
    enrollment = enrolled(facegate, photo(lying, exif=tags, quality=93), name, grace_is_enrolled)
    assert enrollment.status is EnrollmentStatus.INDEXED, enrollment
    assert versions(facegate, f"index/{name}") == []
    kept = facegate.aws.s3.get_object(Bucket=enrollment.bucket, Key=enrollment.key)["Body"].read()
    assert b"Secret Camera" not in kept
    with Image.open(BytesIO(kept)) as upright:
        assert upright.size == portrait(grace_hopper()).size
        assert not upright.getexif()


def test_the_photos_of_a_person_are_one_user_and_counted(facegate, grace_is_enrolled):
    person_id = person_id_of(grace_is_enrolled)
    people = PeopleStore(facegate.aws)
    before = people.get(person_id).photos
    flipped = portrait(grace_hopper()).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    added = enrolled(facegate, photo(flipped, quality=91), f"{uuid4().hex}.jpg", grace_is_enrolled)
    again = enrolled(facegate, photo(flipped, quality=91), f"{uuid4().hex}.jpg", grace_is_enrolled)
    assert (added.status, again.rejection) == (EnrollmentStatus.INDEXED, RejectionReason.SAME_PHOTO)
    assert people.get(person_id).photos == before + 1
    faces = facegate.aws.rekognition.list_faces(
        CollectionId=facegate.aws.outputs.collection_id, UserId=person_id
    )["Faces"]
    assert len(faces) == before + 1


@pytest.mark.parametrize(("width", "resolution"), [(500, Resolution.MERGE), (490, Resolution.REJECT)])
def test_a_face_that_belongs_to_somebody_else_waits_for_an_operator(
    facegate, grace_is_enrolled, width, resolution
):
    name = f"Somebody Else {uuid4().hex}"
    smaller = portrait(grace_hopper()).resize((width, 586))
    held = enrolled(facegate, photo(smaller), f"{uuid4().hex}.jpg", name)
    assert (held.status, held.held_for.full_name) == (EnrollmentStatus.HELD, grace_is_enrolled)
    assert versions(facegate, held.key) == [held.key]
    waiting = HeldPhotos.connect(facegate.aws)
    assert held in waiting.all()
    done = waiting.resolve(held.enrollment_id, resolution)
    assert done == EnrollmentStore(facegate.aws).get(held.enrollment_id)
    assert held not in waiting.all()
    assert versions(facegate, held.key) == []
    assert PeopleStore(facegate.aws).get(person_id_of(name)) is None
    if resolution is Resolution.REJECT:
        assert done.rejection is RejectionReason.OTHER_PERSON
    else:
        assert done.person_id == person_id_of(grace_is_enrolled)
        assert versions(facegate, done.key) == [done.key]
