"""The enroll worker's adapter against a real server: faces become users, and leave again."""

from io import BytesIO
from types import SimpleNamespace

import pytest
from PIL import Image

from services.aws.collection import UnreadableImage
from services.aws.errors import AwsUnavailable
from services.aws.face_index import FaceIndex, UnlikeUser
from services.enroll.quality import judge
from services.enroll.settings import EnrollSettings

THRESHOLD = 75


@pytest.fixture
def index(client, collection):
    return FaceIndex(SimpleNamespace(rekognition=client, outputs=SimpleNamespace(collection_id=collection)))


@pytest.fixture
def jpeg():
    def make(portrait, quality=90):
        file = BytesIO()
        Image.open(BytesIO(portrait)).convert("RGB").save(file, "JPEG", quality=quality)
        return file.getvalue()

    return make


def users(client, collection):
    return {user["UserId"] for user in client.list_users(CollectionId=collection)["Users"]}


def faces_of(client, collection, person_id):
    found = client.list_faces(CollectionId=collection, UserId=person_id)["Faces"]
    return {face["FaceId"] for face in found}


def test_one_call_indexes_the_face_and_tells_what_the_quality_policy_needs(index, grace, jpeg):
    photo = index.index(jpeg(grace), "grace")
    assert photo.face_id
    assert 0.2 < photo.face.width < 0.6
    assert photo.face.confidence > 99
    assert judge(photo, (512, 600), EnrollSettings().quality) is None
    assert index.index(jpeg(grace), "grace").face_id == photo.face_id


def test_without_a_face_nothing_goes_in_and_what_is_no_picture_is_said(index, chelsea, jpeg):
    assert index.index(jpeg(chelsea), "cat").face_id is None
    with pytest.raises(UnreadableImage):
        index.index(b"no picture", "nobody")


def test_two_people_on_a_photo_are_told(index, both, jpeg):
    photo = index.index(jpeg(both), "grace")
    assert len(photo.others) >= 1


def test_the_photos_of_a_person_become_one_user_and_again_changes_nothing(
    index, client, collection, grace, jpeg
):
    face_ids = {index.index(jpeg(grace, quality), "grace").face_id for quality in (60, 90)}
    for _ in range(2):
        for face_id in face_ids:
            index.associate(face_id, "grace", THRESHOLD)
    assert users(client, collection) == {"grace"}
    assert faces_of(client, collection, "grace") == face_ids


def test_a_face_unlike_the_user_s_is_not_taken(index, grace, eileen, jpeg):
    index.associate(index.index(jpeg(grace), "grace").face_id, "grace", THRESHOLD)
    stranger = index.index(jpeg(eileen), "grace").face_id
    with pytest.raises(UnlikeUser) as unlike:
        index.associate(stranger, "grace", THRESHOLD)
    assert unlike.value.similarity < THRESHOLD


def test_the_same_face_under_another_name_is_found(index, grace, eileen, jpeg):
    first = index.index(jpeg(grace), "grace").face_id
    index.index(jpeg(eileen), "eileen")
    second = index.index(jpeg(grace, 60), "somebody").face_id
    [match] = index.resembling(second, 99)
    assert (match.face_id, match.external_id, match.user_id) == (first, "grace", None)
    assert match.similarity > 99
    index.associate(first, "grace", THRESHOLD)
    [match] = index.resembling(second, 99)
    assert match.user_id == "grace"


def test_a_face_that_is_gone_is_to_be_indexed_again(index, grace, jpeg):
    face_id = index.index(jpeg(grace), "grace").face_id
    index.delete([face_id])
    with pytest.raises(AwsUnavailable):
        index.resembling(face_id, 99)
    with pytest.raises(AwsUnavailable):
        index.associate(face_id, "grace", THRESHOLD)


def test_a_user_s_face_is_kept_when_deleted_and_gone_when_removed(index, client, collection, grace, jpeg):
    face_id = index.index(jpeg(grace), "grace").face_id
    index.associate(face_id, "grace", THRESHOLD)
    index.delete([face_id])
    assert faces_of(client, collection, "grace") == {face_id}
    for _ in range(2):
        index.remove(face_id, "grace")
    assert client.list_faces(CollectionId=collection)["Faces"] == []


def test_removing_a_face_of_nobody_needs_no_user(index, client, collection, grace, jpeg):
    face_id = index.index(jpeg(grace), "grace").face_id
    index.remove(face_id, "grace")
    assert client.list_faces(CollectionId=collection)["Faces"] == []
