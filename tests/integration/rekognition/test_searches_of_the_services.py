"""What the services search for, against the embedded Rekognition."""

from types import SimpleNamespace

import pytest

from cli.demo import as_frame
from cli.portraits import cat, eileen_collins, grace_hopper
from services.aws.collection import FaceCollection, NoFaceInImage, UnreadableImage
from services.contracts.messages import InlineFrame

PEOPLE = {"grace": grace_hopper, "eileen": eileen_collins}
OF_BOTH_KINDS = pytest.mark.parametrize("search", ["search", "search_users"])


@pytest.fixture
def one_photo_each(client, collection):
    """A user of one face for each person; their face ids."""
    face_ids = {}
    for person_id, portrait in PEOPLE.items():
        image = {"Bytes": portrait().read_bytes()}
        indexed = client.index_faces(CollectionId=collection, Image=image, ExternalImageId=person_id)
        face_ids[person_id] = indexed["FaceRecords"][0]["Face"]["FaceId"]
        client.create_user(CollectionId=collection, UserId=person_id)
        client.associate_faces(CollectionId=collection, UserId=person_id, FaceIds=[face_ids[person_id]])
    return face_ids


@pytest.fixture
def faces(client, collection):
    outputs = SimpleNamespace(collection_id=collection)
    return FaceCollection(SimpleNamespace(rekognition=client, outputs=outputs))


@pytest.mark.parametrize("person_id", PEOPLE)
def test_a_user_of_one_photo_resembles_a_frame_as_much_as_that_photo_does(faces, one_photo_each, person_id):
    frame = InlineFrame(data=as_frame(PEOPLE[person_id]()))
    users, matches = faces.search_users(frame, 0), faces.search(frame, 0)
    assert [user.person_id for user in users] == [match.external_id for match in matches]
    assert users[0].person_id == person_id
    assert [user.similarity for user in users] == pytest.approx([match.similarity for match in matches])


def test_only_what_reaches_the_threshold_is_found(faces, one_photo_each):
    frame = InlineFrame(data=as_frame(grace_hopper()))
    assert [user.person_id for user in faces.search_users(frame, 99)] == ["grace"]


def test_a_face_tells_its_user_as_long_as_it_has_one(faces, client, collection, one_photo_each):
    frame = InlineFrame(data=as_frame(grace_hopper()))
    assert [match.user_id for match in faces.search(frame, 99)] == ["grace"]
    client.delete_user(CollectionId=collection, UserId="grace")
    assert [match.user_id for match in faces.search(frame, 99)] == [None]
    assert faces.search_users(frame, 99) == []


@OF_BOTH_KINDS
def test_a_picture_without_a_face_is_told_apart_from_a_stranger(faces, search):
    with pytest.raises(NoFaceInImage):
        getattr(faces, search)(InlineFrame(data=cat().read_bytes()), 99)
    assert getattr(faces, search)(InlineFrame(data=grace_hopper().read_bytes()), 99) == []


@OF_BOTH_KINDS
def test_what_is_no_picture_is_unreadable(faces, search):
    with pytest.raises(UnreadableImage):
        getattr(faces, search)(InlineFrame(data=b"no picture"), 99)
