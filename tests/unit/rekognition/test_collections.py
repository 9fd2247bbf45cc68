"""Collections on disk and in memory."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from localaws.rekognition.collections import (
    CollectionExistsError,
    DataInUseError,
    FaceCollections,
    ForeignModelError,
    NewFace,
    RelativeBox,
    UnknownCollectionError,
    UnknownFaceError,
)

DIMENSION = 16


def unit_vectors(count, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(count, DIMENSION)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def new_faces(count, seed=0):
    return [
        NewFace(RelativeBox(0.1, 0.1, 0.001 * (number + 1), 0.2), 99.5, vector)
        for number, vector in enumerate(unit_vectors(count, seed))
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


def test_a_face_added_is_found_by_its_vector(collections):
    faces = new_faces(20)
    records = collections.add_faces("people", b"photo", "ada", faces)

    matches = collections.search("people", faces[7].vector, 3, -1.0)

    assert matches[0].face == records[7]
    assert matches[0].cosine == pytest.approx(1, abs=1e-5)
    assert [match.cosine for match in matches] == sorted((m.cosine for m in matches), reverse=True)


def test_nothing_below_the_threshold_is_found(collections):
    faces = new_faces(1)
    collections.add_faces("people", b"photo", None, faces)

    assert collections.search("people", -faces[0].vector, 10, 0.0) == []


def test_the_same_photo_under_the_same_external_id_is_not_added_twice(collections):
    first = collections.add_faces("people", b"photo", "ada", new_faces(2))
    again = collections.add_faces("people", b"photo", "ada", new_faces(2))
    other = collections.add_faces("people", b"photo", "grace", new_faces(2))

    assert again == first
    assert {face.face_id for face in other}.isdisjoint(face.face_id for face in first)
    assert collections.describe("people").face_count == 4


def test_faces_and_collections_are_there_after_a_restart(collections, data_dir):
    faces = new_faces(5)
    records = collections.add_faces("people", b"photo", "ada", faces)
    collections.delete_faces("people", [records[0].face_id])
    collections.close()

    reopened = FaceCollections(data_dir, "1.0", DIMENSION)

    assert reopened.faces_after("people", 0, 10) == records[1:]
    assert reopened.search("people", faces[3].vector, 1, 0.9)[0].face == records[3]
    reopened.close()


def test_a_deleted_face_is_neither_listed_nor_found(collections):
    faces = new_faces(3)
    records = collections.add_faces("people", b"photo", None, faces)

    deleted = collections.delete_faces("people", [records[1].face_id, "unknown"])

    assert deleted == [records[1].face_id]
    assert collections.faces_after("people", 0, 10) == [records[0], records[2]]
    assert collections.search("people", faces[1].vector, 5, 0.99) == []
    with pytest.raises(UnknownFaceError):
        collections.vector("people", records[1].face_id)


def test_a_deleted_collection_takes_its_faces_with_it(collections):
    faces = new_faces(1)
    collections.add_faces("people", b"photo", None, faces)
    collections.delete("people")

    with pytest.raises(UnknownCollectionError):
        collections.search("people", faces[0].vector, 1, 0)
    collections.create("people", {})
    assert collections.search("people", faces[0].vector, 1, -1) == []


@pytest.mark.parametrize(
    "use",
    [
        lambda c: c.describe("nobody"),
        lambda c: c.delete("nobody"),
        lambda c: c.add_faces("nobody", b"photo", None, new_faces(1)),
        lambda c: c.faces_after("nobody", 0, 1),
        lambda c: c.faces_by_id("nobody", []),
        lambda c: c.delete_faces("nobody", []),
        lambda c: c.vector("nobody", "face"),
        lambda c: c.search("nobody", unit_vectors(1)[0], 1, 0),
    ],
)
def test_a_collection_that_is_not_there_is_named_in_the_error(collections, use):
    with pytest.raises(UnknownCollectionError, match="nobody"):
        use(collections)


def test_an_id_is_given_once(collections):
    with pytest.raises(CollectionExistsError):
        collections.create("people", {})


def test_collections_of_another_model_are_neither_searched_nor_filled(collections, data_dir):
    collections.close()
    other = FaceCollections(data_dir, "2.0", DIMENSION)

    with pytest.raises(ForeignModelError, match=r"version 1\.0.*runs 2\.0"):
        other.search("people", unit_vectors(1)[0], 1, 0)
    with pytest.raises(ForeignModelError):
        other.add_faces("people", b"photo", None, new_faces(1))
    assert other.versions("", 5) == [("people", "1.0")]
    other.close()


def test_a_vector_of_another_length_is_not_stored(collections):
    short = NewFace(RelativeBox(0, 0, 1, 1), 99.0, np.ones(DIMENSION // 2, np.float32))

    with pytest.raises(ValueError, match="16 coordinates"):
        collections.add_faces("people", b"photo", None, [*new_faces(1), short])
    assert collections.describe("people").face_count == 0


def test_collections_are_paged_by_id(collections):
    for name in ("zoo", "art", "bar"):
        collections.create(name, {})

    assert [name for name, _ in collections.versions("", 2)] == ["art", "bar"]
    assert [name for name, _ in collections.versions("bar", 9)] == ["people", "zoo"]


WRITER = """
import sys
from pathlib import Path
import numpy as np
from localaws.rekognition.collections import FaceCollections, NewFace, RelativeBox
collections = FaceCollections(Path(sys.argv[1]), "1.0", 16)
collections.create("people", {})
for number in range(100_000):
    vector = np.full(16, 0.25, np.float32)
    faces = [NewFace(RelativeBox(0, 0, 0.1 * (face + 1), 0.1), 99.0, vector) for face in range(2)]
    for record in collections.add_faces("people", str(number).encode(), None, faces):
        print(record.face_id, flush=True)
"""


def test_killed_in_the_middle_of_writing_it_keeps_every_acknowledged_face(data_dir):
    writer = subprocess.Popen([sys.executable, "-c", WRITER, data_dir], stdout=subprocess.PIPE, text=True)
    acknowledged = [writer.stdout.readline().strip() for _ in range(100)]
    os.kill(writer.pid, signal.SIGKILL)
    acknowledged += [line.strip() for line in writer.stdout if line.endswith("\n")]
    writer.wait()

    collections = FaceCollections(data_dir, "1.0", DIMENSION)
    kept = [face.face_id for face in collections.faces_after("people", 0, 100_000)]

    assert set(acknowledged) <= set(kept)
    assert len(kept) % 2 == 0, "an image's faces are there together or not at all"
    assert len(kept) <= len(acknowledged) + 2
    collections.close()


def test_a_second_process_is_refused_and_told_why(collections, data_dir):
    assert collections.describe("people")
    second = subprocess.run(
        [sys.executable, "-c", WRITER, data_dir], capture_output=True, text=True, check=False
    )

    assert second.returncode != 0
    assert DataInUseError.__name__ in second.stderr
    assert "in use by another process" in second.stderr
