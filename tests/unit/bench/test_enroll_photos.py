import hashlib

import pytest
from PIL import Image

from bench.enroll.memory import growth
from bench.enroll.photos import make_photos, make_thumbnails
from services.batches.items import BatchItem
from services.batches.source import open_source


@pytest.fixture(autouse=True)
def no_faces(monkeypatch):
    monkeypatch.delenv("FACEGATE_FACES", raising=False)


def digests(folder):
    return {hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*.*")}


def test_no_two_photos_are_alike_and_every_run_has_the_same(tmp_path):
    for run in ("one", "two"):
        photos = make_photos(tmp_path / run, (320, 240), 12)
        assert {Image.open(photo).size for photo in photos} == {(320, 240)}
        assert len(digests(tmp_path / run)) == 12
    others = make_photos(tmp_path / "others", (320, 240), 12, seed="others")
    assert len(others) == 12
    assert not digests(tmp_path / "others") & digests(tmp_path / "one")


def test_the_folders_are_people_to_the_command_line(tmp_path):
    make_photos(tmp_path / "photos", (320, 240), 4)
    make_thumbnails(tmp_path / "thumbnails", 3, 5)
    for folder, number in (("photos", 4), ("thumbnails", 5 * 3)):
        with open_source(tmp_path / folder) as source:
            items = list(source)
        assert len(items) == number
        assert all(isinstance(item, BatchItem) for item in items)
    assert len(digests(tmp_path / "thumbnails")) == 15


def test_memory_grows_by_what_comes_after_the_first_thousand_jobs():
    assert growth([(0, 10), (999, 50), (1000, 60), (1001, 61), (5000, 75), (10_000, 70)]) == 15
