"""Users and tags of collections."""

import threading

import numpy as np
import pytest

from localaws.rekognition.collections import (
    AssociationFailure,
    FaceCollections,
    NewFace,
    QuotaExceededError,
    RelativeBox,
    UnchangedFace,
    UnknownCollectionError,
    UnknownUserError,
    UserExistsError,
    UserRecord,
    UserStatus,
)

DIMENSION = 16
ANY = -1.0


def faces_like(direction, count, spread=0.1, seed=0):
    """Faces of one person: unit vectors around a direction."""
    rng = np.random.default_rng(seed)
    vectors = np.eye(DIMENSION)[direction] + spread * rng.normal(size=(count, DIMENSION))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return [
        NewFace(RelativeBox(0.1, 0.1, 0.001 * (number + 1), 0.2), 99.5, vector)
        for number, vector in enumerate(vectors)
    ]


@pytest.fixture
def data_dir(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def collections(data_dir):
    opened = FaceCollections(data_dir, "1.0", DIMENSION)
    opened.create("people", {})
    yield opened
    opened.close()


def indexed(collections, direction, count, seed=0):
    faces = faces_like(direction, count, seed=seed)
    photo = f"{direction} {seed}".encode()
    return [face.face_id for face in collections.add_faces("people", photo, None, faces)], faces


def mean_of(faces):
    mean = np.mean([face.vector for face in faces], axis=0)
    return mean / np.linalg.norm(mean)


def test_a_user_is_created_without_faces_and_active_with_the_first(collections):
    collections.create_user("people", "ada")
    assert collections.user("people", "ada") == UserRecord("ada", UserStatus.CREATED)
    assert collections.user_vector("people", "ada") is None

    face_ids, _ = indexed(collections, 0, 2)
    association = collections.associate_faces("people", "ada", face_ids, ANY)

    assert association.associated == face_ids
    assert association.unsuccessful == []
    assert association.status is UserStatus.ACTIVE
    assert collections.user("people", "ada").status is UserStatus.ACTIVE
    assert [face.face_id for face in collections.faces_after("people", 0, 9, "ada")] == face_ids
    assert {face.user_id for face in collections.faces_by_id("people", face_ids)} == {"ada"}


def test_a_users_vector_is_the_mean_of_its_faces_of_length_one(collections):
    collections.create_user("people", "ada")
    face_ids, faces = indexed(collections, 0, 5)
    collections.associate_faces("people", "ada", face_ids[:2], ANY)
    collections.associate_faces("people", "ada", face_ids[2:], ANY)

    assert collections.user_vector("people", "ada") == pytest.approx(mean_of(faces), abs=1e-6)

    collections.disassociate_faces("people", "ada", face_ids[:3])
    assert collections.user_vector("people", "ada") == pytest.approx(mean_of(faces[3:]), abs=1e-6)


def test_users_are_found_by_their_vectors_nearest_first(collections):
    for direction, user_id in enumerate(("ada", "grace", "eileen")):
        collections.create_user("people", user_id)
        collections.associate_faces("people", user_id, indexed(collections, direction, 3)[0], ANY)
    collections.create_user("people", "nobody")
    query = np.zeros(DIMENSION, np.float32)
    query[:2] = 0.6, 0.8

    matches = collections.search_users("people", query, 9, 0.4)

    assert [match.user_id for match in matches] == ["grace", "ada"]
    expected = collections.user_vector("people", "grace") @ query
    assert matches[0].cosine == pytest.approx(float(expected), abs=1e-6)
    assert collections.search_users("people", query, 1, ANY)[0].user_id == "grace"


def test_a_face_unlike_the_user_is_not_associated_and_the_cosine_told(collections):
    collections.create_user("people", "ada")
    collections.associate_faces("people", "ada", indexed(collections, 0, 3)[0], 0.9)
    (stranger,), (face,) = indexed(collections, 5, 1)

    association = collections.associate_faces("people", "ada", [stranger], 0.9)

    assert association.associated == []
    (unchanged,) = association.unsuccessful
    assert unchanged.face_id == stranger
    assert unchanged.reasons == (AssociationFailure.LOW_MATCH_CONFIDENCE,)
    expected = collections.user_vector("people", "ada") @ face.vector
    assert unchanged.cosine == pytest.approx(float(expected), abs=1e-6)


def test_the_first_faces_of_a_user_need_resemble_nothing(collections):
    collections.create_user("people", "ada")
    face_ids = indexed(collections, 0, 1)[0] + indexed(collections, 5, 1)[0]

    assert collections.associate_faces("people", "ada", face_ids, 0.9).associated == face_ids


def test_a_face_has_one_user_at_most(collections):
    face_ids, _ = indexed(collections, 0, 2)
    for user_id in ("ada", "grace"):
        collections.create_user("people", user_id)
    collections.associate_faces("people", "ada", face_ids[:1], ANY)

    association = collections.associate_faces("people", "grace", [*face_ids, "unknown", face_ids[1]], ANY)

    assert association.associated == face_ids[1:]
    assert association.unsuccessful == [
        UnchangedFace(face_ids[0], "ada", None, (AssociationFailure.ASSOCIATED_TO_A_DIFFERENT_USER,)),
        UnchangedFace("unknown", None, None, (AssociationFailure.FACE_NOT_FOUND,)),
    ]
    again = collections.associate_faces("people", "grace", face_ids[1:], ANY)
    assert (again.associated, again.unsuccessful, again.status) == ([], [], UserStatus.ACTIVE)


def test_a_user_has_a_hundred_faces_at_most(collections):
    collections.create_user("people", "ada")
    face_ids, _ = indexed(collections, 0, 101)
    collections.associate_faces("people", "ada", face_ids[:99], ANY)

    with pytest.raises(QuotaExceededError, match="100 faces"):
        collections.associate_faces("people", "ada", face_ids[99:], ANY)

    assert len(collections.faces_after("people", 0, 200, "ada")) == 99
    assert collections.associate_faces("people", "ada", face_ids[99:100], ANY).associated


def test_faces_taken_away_leave_a_user_who_is_not_found_any_more(collections):
    for user_id in ("ada", "grace"):
        collections.create_user("people", user_id)
    (hers, free, others), faces = indexed(collections, 0, 3)
    collections.associate_faces("people", "ada", [hers], ANY)
    collections.associate_faces("people", "grace", [others], ANY)

    gone = collections.disassociate_faces("people", "ada", [hers, free, others, "unknown"])

    assert gone.disassociated == [hers]
    assert gone.status is UserStatus.CREATED
    assert gone.unsuccessful == [
        UnchangedFace(others, "grace", None, (AssociationFailure.ASSOCIATED_TO_A_DIFFERENT_USER,)),
        UnchangedFace("unknown", None, None, (AssociationFailure.FACE_NOT_FOUND,)),
    ]
    assert [match.user_id for match in collections.search_users("people", faces[0].vector, 9, ANY)] == [
        "grace"
    ]


def test_a_deleted_face_leaves_its_user(collections):
    collections.create_user("people", "ada")
    face_ids, faces = indexed(collections, 0, 3)
    collections.associate_faces("people", "ada", face_ids, ANY)

    collections.delete_faces("people", face_ids[:2])
    assert collections.user_vector("people", "ada") == pytest.approx(faces[2].vector, abs=1e-6)

    collections.delete_faces("people", face_ids[2:])
    assert collections.user("people", "ada").status is UserStatus.CREATED
    assert collections.search_users("people", faces[0].vector, 9, ANY) == []


def test_a_deleted_user_leaves_the_faces_for_others(collections):
    collections.create_user("people", "ada")
    face_ids, faces = indexed(collections, 0, 2)
    collections.associate_faces("people", "ada", face_ids, ANY)

    collections.delete_user("people", "ada")

    assert collections.search_users("people", faces[0].vector, 9, ANY) == []
    assert {face.user_id for face in collections.faces_by_id("people", face_ids)} == {None}
    with pytest.raises(UnknownUserError):
        collections.user("people", "ada")
    collections.create_user("people", "ada")
    assert collections.user("people", "ada").status is UserStatus.CREATED


def test_a_user_id_is_given_once_a_collection(collections):
    collections.create("others", {})
    collections.create_user("people", "ada")
    collections.create_user("others", "ada")

    with pytest.raises(UserExistsError, match="ada"):
        collections.create_user("people", "ada")


def test_users_are_paged_by_id_and_counted(collections):
    for user_id in ("c", "a", "b"):
        collections.create_user("people", user_id)

    assert [user.user_id for user in collections.users_after("people", "", 2)] == ["a", "b"]
    assert [user.user_id for user in collections.users_after("people", "b", 2)] == ["c"]
    assert collections.describe("people").user_count == 3


def test_users_are_there_after_a_restart(collections, data_dir):
    collections.create_user("people", "ada")
    face_ids, faces = indexed(collections, 0, 4)
    collections.associate_faces("people", "ada", face_ids, ANY)
    collections.disassociate_faces("people", "ada", face_ids[3:])
    collections.close()

    reopened = FaceCollections(data_dir, "1.0", DIMENSION)

    assert reopened.user_vector("people", "ada") == pytest.approx(mean_of(faces[:3]), abs=1e-6)
    assert [match.user_id for match in reopened.search_users("people", faces[3].vector, 9, ANY)] == ["ada"]
    reopened.close()


@pytest.mark.parametrize(
    "use",
    [
        lambda c, collection: c.delete_user(collection, "nobody"),
        lambda c, collection: c.user(collection, "nobody"),
        lambda c, collection: c.associate_faces(collection, "nobody", ["face"], ANY),
        lambda c, collection: c.disassociate_faces(collection, "nobody", ["face"]),
        lambda c, collection: c.user_vector(collection, "nobody"),
        lambda c, collection: c.faces_after(collection, 0, 1, "nobody"),
    ],
)
def test_a_user_or_collection_that_is_not_there_is_named_in_the_error(collections, use):
    with pytest.raises(UnknownUserError, match="nobody"):
        use(collections, "people")
    with pytest.raises(UnknownCollectionError, match="nowhere"):
        use(collections, "nowhere")


def test_a_user_is_found_while_faces_come_and_go(collections):
    collections.create_user("people", "ada")
    face_ids, faces = indexed(collections, 0, 2)
    collections.associate_faces("people", "ada", face_ids[:1], ANY)
    done = threading.Event()
    found = []

    def search():
        while not done.is_set():
            found.append(
                [match.user_id for match in collections.search_users("people", faces[0].vector, 2, ANY)]
            )

    searcher = threading.Thread(target=search)
    searcher.start()
    for _ in range(60):
        collections.associate_faces("people", "ada", face_ids[1:], ANY)
        collections.disassociate_faces("people", "ada", face_ids[1:])
    done.set()
    searcher.join()

    assert found
    assert all(users == ["ada"] for users in found)


def test_tags_are_added_replaced_and_taken_away(collections):
    collections.create("tagged", {"team": "doors"})
    collections.tag("tagged", {"team": "gates", "stage": "test"})
    assert collections.tags("tagged") == {"team": "gates", "stage": "test"}

    collections.untag("tagged", ["team", "unknown"])
    assert collections.tags("tagged") == {"stage": "test"}
    for use in (collections.tags, lambda c: collections.tag(c, {}), lambda c: collections.untag(c, [])):
        with pytest.raises(UnknownCollectionError):
            use("nowhere")


def test_a_collection_has_fifty_tags_at_most(collections):
    collections.tag("people", {str(number): "" for number in range(50)})

    with pytest.raises(QuotaExceededError, match="50 tags"):
        collections.tag("people", {"one more": ""})
    with pytest.raises(QuotaExceededError):
        collections.create("many", {str(number): "" for number in range(51)})
    assert len(collections.tags("people")) == 50
