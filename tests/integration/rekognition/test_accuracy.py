"""Real people, where FACEGATE_FACES names a folder with one folder of photos for each person."""

import os
from pathlib import Path

import numpy as np
import pytest

from localaws.rekognition.engine import FaceEngine, decode_image

FACES = os.environ.get("FACEGATE_FACES")

pytestmark = pytest.mark.skipif(not FACES, reason="FACEGATE_FACES names no folder of photos")


@pytest.fixture(scope="module")
def photos() -> list[tuple[str, Path]]:
    found = [(path.parent.name, path) for path in sorted(Path(FACES or "").glob("*/*.jpg"))]
    assert found, FACES
    return found


@pytest.fixture(scope="module")
def engine(pack_dir) -> FaceEngine:
    return FaceEngine.load(pack_dir)


@pytest.fixture(scope="module")
def pairs(engine, photos):
    """Similarities of all genuine and all impostor pairs."""
    vectors = np.array(
        [engine.analyze(decode_image(path.read_bytes()))[0].embedding.vector for _, path in photos]
    )
    names = np.array([name for name, _ in photos])
    upper = np.triu_indices(len(names), 1)
    cosines, same = (vectors @ vectors.T)[upper], (names[:, None] == names)[upper]
    similarities = np.array([engine.similarity(float(cosine)) for cosine in cosines])
    return similarities[same], similarities[~same]


def test_no_impostor_pair_reaches_99_and_nearly_all_genuine_pairs_do(pairs):
    genuine, impostor = pairs

    assert impostor.max() < 99
    assert (genuine >= 99).mean() >= 0.98


def test_at_80_one_impostor_pair_in_two_hundred_passes_at_most(pairs):
    genuine, impostor = pairs

    assert (impostor >= 80).mean() <= 0.005
    assert (genuine >= 80).mean() >= 0.995


def test_every_photo_shows_a_face_also_at_15_percent_brightness(engine, photos):
    dark = [(decode_image(path.read_bytes()) * 0.15).astype(np.uint8) for _, path in photos]

    assert all(engine.analyze(picture) for picture in dark)


def test_one_photo_each_of_ten_people_recognises_the_others_and_mistakes_nobody(client, collection, photos):
    enrolled: set[str] = set()
    right = wrong = 0
    for name, path in photos:
        image = {"Bytes": path.read_bytes()}
        if name not in enrolled:
            enrolled.add(name)
            indexed = client.index_faces(
                CollectionId=collection, Image=image, ExternalImageId=name, MaxFaces=1
            )
            assert len(indexed["FaceRecords"]) == 1
    first = {name: next(path for other, path in photos if other == name) for name in enrolled}
    for name, path in photos:
        if path == first[name]:
            continue
        found = client.search_faces_by_image(
            CollectionId=collection, Image={"Bytes": path.read_bytes()}, FaceMatchThreshold=99
        )
        names = {match["Face"]["ExternalImageId"] for match in found["FaceMatches"]}
        right += names == {name}
        wrong += bool(names - {name})

    assert wrong == 0
    assert right >= 0.96 * (len(photos) - len(enrolled))
