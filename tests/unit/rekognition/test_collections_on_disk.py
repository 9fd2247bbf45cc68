"""Collections whose vectors lie in segments, after restarts, crashes and much coming and going."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter, defaultdict
from contextlib import suppress

import numpy as np
import pytest

from localaws.rekognition.collections import (
    CollectionExistsError,
    DataLayoutError,
    FaceCollections,
    NewFace,
    RelativeBox,
    UserStatus,
)
from localaws.rekognition.collections.segment import Segment

DIMENSION = 16
SEGMENT_ROWS = 40
ANY = -2.0


def vector_of(number):
    """The vector that the number's face has, in whatever process."""
    vector = np.random.default_rng(number).normal(size=DIMENSION)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def new_faces(numbers):
    return [NewFace(RelativeBox(number, 0, 0.1, 0.1), 99.0, vector_of(number)) for number in numbers]


def opened(data_dir, version="1.0"):
    return FaceCollections(data_dir, version, DIMENSION, SEGMENT_ROWS)


@pytest.fixture
def data_dir(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def collections(data_dir):
    collections = opened(data_dir)
    collections.create("people", {})
    yield collections
    collections.close()


def indexed(collections, count):
    records = []
    for start in range(0, count, 10):
        faces = new_faces(range(start, start + 10))
        records += collections.add_faces("people", str(start).encode(), None, faces)
    return records


def segments_in(data_dir):
    return list((data_dir / "segments").iterdir())


def everyone_searched(collections):
    return {match.face.face_id for match in collections.search("people", vector_of(0), 100_000, ANY)}


def test_faces_in_segments_are_searched_listed_and_deleted_like_others(collections, data_dir):
    records = indexed(collections, 210)
    assert len(segments_in(data_dir)) == 6, "five of 40 and one of 10"

    gone = [record.face_id for record in records[::7]]
    assert collections.delete_faces("people", gone) == gone
    kept = [record for record in records if record.face_id not in set(gone)]

    for collections_now in (collections, None):
        if collections_now is None:
            collections.close()
            collections_now = opened(data_dir)  # noqa: PLW2901 - once before and once after a restart
        assert everyone_searched(collections_now) == {record.face_id for record in kept}
        assert collections_now.faces_after("people", 0, 1_000) == kept
        assert len(collections_now.search("people", vector_of(0), len(kept), ANY)) == len(kept)
        for number in (1, 50, 209):
            assert collections_now.search("people", vector_of(number), 1, 0.99)[0].face == records[number]
            vector = collections_now.vector("people", records[number].face_id)
            assert vector == pytest.approx(vector_of(number))
    collections_now.close()


def test_segments_most_of_which_is_deleted_are_put_together(collections, data_dir):
    records = indexed(collections, 200)
    gone = [record.face_id for number, record in enumerate(records) if number % 4]

    for start in range(0, len(gone), 20):
        collections.delete_faces("people", gone[start : start + 20])
        left = {record.face_id for record in records} - set(gone[: start + 20])
        assert everyone_searched(collections) == left

    assert len(segments_in(data_dir)) == 2
    collections.close()
    reopened = opened(data_dir)
    assert everyone_searched(reopened) == left
    reopened.delete_faces("people", list(left))
    assert segments_in(data_dir) == []
    assert reopened.describe("people").face_count == 0
    reopened.close()


def test_a_search_waits_neither_for_a_segment_to_be_written_nor_for_those_who_wait_for_it(
    collections, monkeypatch
):
    records = indexed(collections, SEGMENT_ROWS - 10)
    writing, go_on = threading.Event(), threading.Event()
    write = Segment.write

    def write_slowly(*arguments):
        writing.set()
        assert go_on.wait(60)
        return write(*arguments)

    monkeypatch.setattr(Segment, "write", write_slowly)
    adding = threading.Thread(
        target=collections.add_faces, args=("people", b"last", None, new_faces(range(500, 510)))
    )
    deleting = threading.Thread(target=collections.delete_faces, args=("people", [records[0].face_id]))
    adding.start()
    assert writing.wait(60)
    deleting.start()

    assert collections.search("people", vector_of(7), 1, 0.99)[0].face == records[7]
    assert collections.search("people", vector_of(505), 1, 0.99)

    go_on.set()
    adding.join()
    deleting.join()
    assert len(everyone_searched(collections)) == SEGMENT_ROWS - 1


def test_a_deleted_collection_leaves_no_files(collections, data_dir):
    indexed(collections, 100)
    collections.delete("people")

    assert segments_in(data_dir) == []


def test_a_segment_that_was_not_finished_is_removed(collections, data_dir):
    records = indexed(collections, 100)
    collections.close()
    unfinished = data_dir / "segments" / "unfinished"
    unfinished.mkdir()
    (unfinished / "keys.npy").write_bytes(b"half")

    reopened = opened(data_dir)

    assert unfinished not in segments_in(data_dir)
    assert everyone_searched(reopened) == {record.face_id for record in records}
    reopened.close()


def test_users_in_segments_are_found_by_their_latest_vector(collections, data_dir):
    records = indexed(collections, 100)
    for number, record in enumerate(records[:90]):
        collections.create_user("people", f"user{number}")
        collections.associate_faces("people", f"user{number}", [record.face_id], ANY)
    collections.associate_faces("people", "user3", [records[95].face_id], ANY)
    collections.close()

    reopened = opened(data_dir)

    assert reopened.search_users("people", vector_of(50), 1, 0.99)[0].user_id == "user50"
    assert len(reopened.search_users("people", vector_of(50), 1_000, ANY)) == 90
    mean = vector_of(3) + vector_of(95)
    assert reopened.user_vector("people", "user3") == pytest.approx(mean / np.linalg.norm(mean), abs=1e-6)
    reopened.close()


def test_faces_of_another_model_can_still_be_deleted(collections, data_dir):
    records = indexed(collections, 100)
    collections.close()
    other = FaceCollections(data_dir, "2.0", DIMENSION * 2, SEGMENT_ROWS)

    assert other.delete_faces("people", [records[0].face_id, records[99].face_id])
    other.close()

    reopened = opened(data_dir)
    assert everyone_searched(reopened) == {record.face_id for record in records[1:99]}
    reopened.close()


def test_data_laid_out_otherwise_is_refused_with_the_way_out(data_dir):
    data_dir.mkdir()
    with sqlite3.connect(data_dir / "collections.sqlite3") as old:
        old.execute("CREATE TABLE faces (face_id TEXT, vector BLOB)")

    with pytest.raises(DataLayoutError, match="move the directory away"):
        opened(data_dir)


WRITER = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_collections_on_disk import ANY, new_faces, opened
from localaws.rekognition.collections import CollectionExistsError
collections = opened(Path(sys.argv[2]))
try:
    collections.create("people", {})
except CollectionExistsError:
    pass

def say(**done):
    print(json.dumps(done), flush=True)

for number in range(int(sys.argv[3]), 1_000_000, 2):
    name = str(number)
    faces = collections.add_faces("people", name.encode(), name, new_faces([number, number + 1]))
    face_ids = [face.face_id for face in faces]
    say(added=face_ids, first=number)
    if number % 3 == 0:
        collections.create_user("people", name)
        collections.associate_faces("people", name, face_ids, ANY)
        say(user=name)
    if number % 5 == 0:
        collections.delete_faces("people", face_ids[:1])
        say(deleted=face_ids[:1])
    if number % 9 == 0:
        collections.delete_user("people", name)
        say(deleted_user=name)
"""


INDEXER = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_collections_on_disk import indexing, new_faces
collections = indexing(Path(sys.argv[2]))
for number in range(int(sys.argv[3]), 1_000_000, 10):
    new = new_faces(range(number, number + 3))
    faces = collections.add_faces("people", str(number).encode(), str(number), new)
    print(json.dumps({"first": number, "added": [face.face_id for face in faces]}), flush=True)
"""


def indexing(data_dir):
    """Open, or create, a collection of which every tenth image or so makes a segment."""
    collections = FaceCollections(data_dir, "1.0", DIMENSION, segment_rows=16 * 30)
    with suppress(CollectionExistsError):
        collections.create("people", {})
    return collections


def killed_after(acknowledgements, data_dir, first_number, program=WRITER):
    """Run a writer, kill it in the middle of what comes after so many acknowledgements; return all."""
    folder = os.path.dirname(__file__)
    command = [sys.executable, "-c", program, folder, str(data_dir), str(first_number)]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    lines = [writer.stdout.readline() for _ in range(acknowledgements)]
    os.kill(writer.pid, signal.SIGKILL)
    lines += list(writer.stdout)
    writer.wait()
    return [json.loads(line) for line in lines if line.endswith("\n")]


def test_killed_at_any_moment_it_keeps_what_was_acknowledged_and_nothing_half(data_dir):
    moments = random.Random(20)
    done = []
    for turn in range(4):
        done += killed_after(moments.randint(20, 80), data_dir, first_number=10_000 * turn + 1)
        collections = opened(data_dir)
        added = {
            face_id: step["first"] + place
            for step in done
            for place, face_id in enumerate(step.get("added", []))
        }
        deleted = {face_id for step in done for face_id in step.get("deleted", [])}
        records = {face.face_id: face for face in collections.faces_after("people", 0, 100_000)}

        missing = set(added) - deleted - set(records)
        # The deletion under way when the writer died may be done or not.
        assert len(missing) <= turn + 1
        assert not deleted & set(records)
        assert everyone_searched(collections) == set(records)
        for face_id in list(added)[-20:]:
            if face_id in records:
                match = collections.search("people", vector_of(added[face_id]), 1, 0.999)[0]
                assert match.face == records[face_id]
        # Two faces a photo, of which one is deleted now and then: also of a photo not acknowledged.
        photos = Counter(face.external_image_id for face in records.values())
        assert all(count == 2 or int(photo) % 5 == 0 for photo, count in photos.items())
        check_users(collections, done)
        assert collections.describe("people").face_count == len(records)
        collections.close()


def test_killed_again_and_again_during_a_thousand_images_it_keeps_all_that_were_acknowledged(data_dir):
    moments = random.Random(1960)
    acknowledged = {}
    last = 0
    while len(acknowledged) < 1_000:
        for step in killed_after(moments.randint(60, 300), data_dir, last + 10, INDEXER):
            last = step["first"]
            acknowledged[str(last)] = step["added"]
        # The image under way may be there, too, with all of its faces.
        last += 10
        check_images(data_dir, acknowledged, under_way=str(last))


def check_images(data_dir, acknowledged, under_way):
    collections = indexing(data_dir)
    faces = collections.faces_after("people", 0, 100_000)
    images = defaultdict(list)
    for face in faces:
        images[face.external_image_id].append(face.face_id)
    if under_way in images:
        acknowledged[under_way] = images[under_way]
    assert images == acknowledged
    assert all(len(of_image) == 3 for of_image in images.values())
    assert collections.describe("people").face_count == len(faces)
    assert everyone_searched(collections) == {face.face_id for face in faces}
    for image in list(acknowledged)[-100:]:
        for place, face_id in enumerate(acknowledged[image]):
            (match,) = collections.search("people", vector_of(int(image) + place), 1, 0.999)
            assert match.face.face_id == face_id
    known = {name for (name,) in sqlite3.connect(data_dir / "collections.sqlite3").execute(NAMES)}
    assert {directory.name for directory in segments_in(data_dir)} == known
    collections.close()


NAMES = "SELECT name FROM segments"


def check_users(collections, done):
    users = {user.user_id: user.status for user in collections.users_after("people", "", 100_000)}
    acknowledged = {step["user"] for step in done if "user" in step}
    gone = {step["deleted_user"] for step in done if "deleted_user" in step}
    assert not gone & set(users)
    assert all(int(user) % 9 == 0 for user in acknowledged - gone - set(users))
    found = {match.user_id for match in collections.search_users("people", vector_of(0), 100_000, ANY)}
    assert found == {user for user, status in users.items() if status is UserStatus.ACTIVE}
    for user, status in list(users.items())[-10:]:
        faces = collections.faces_after("people", 0, 10, user)
        assert bool(faces) == (status is UserStatus.ACTIVE)
        if user in acknowledged:
            assert faces
        if faces:
            mean = np.mean([collections.vector("people", face.face_id) for face in faces], axis=0)
            expected = mean / np.linalg.norm(mean)
            assert collections.user_vector("people", user) == pytest.approx(expected, abs=1e-5)
