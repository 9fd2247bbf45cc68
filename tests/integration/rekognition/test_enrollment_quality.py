"""What the default limits make of real photos, where FACEGATE_FACES names a folder of them."""

import os
from collections import Counter
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image, ImageEnhance, ImageFilter

from services.aws.face_index import FaceIndex
from services.contracts.reasons import RejectionReason
from services.enroll.preprocessing import normalize
from services.enroll.quality import judge
from services.enroll.settings import EnrollSettings

FACES = os.environ.get("FACEGATE_FACES")
SETTINGS = EnrollSettings()
GREY = (120, 120, 120)

pytestmark = pytest.mark.skipif(not FACES, reason="FACEGATE_FACES names no folder of photos")


@pytest.fixture(scope="module")
def photos():
    found = [Image.open(path).convert("RGB") for path in sorted(Path(FACES or "").glob("*/*.jpg"))]
    assert found, FACES
    return found


@pytest.fixture
def reasons(client, collection, photos):
    """Why so many of the photos are refused, each changed in the same way; None of those that are taken."""
    index = FaceIndex(SimpleNamespace(rekognition=client, outputs=SimpleNamespace(collection_id=collection)))

    def refused(change=lambda photo: photo, every=1):
        counted = Counter()
        for number, photo in enumerate(photos[::every]):
            file = BytesIO()
            change(photo).save(file, "JPEG", quality=92)
            normal = normalize(file.getvalue(), SETTINGS.photo)
            indexed = index.index(normal.jpeg, f"person-{number}")
            refusal = judge(indexed, (normal.width, normal.height), SETTINGS.quality)
            counted[refusal and refusal.reason] += 1
        return counted

    return refused


def far_away(photo):
    wide = Image.new("RGB", (250, 250), GREY)
    wide.paste(photo.resize((100, 100)))
    return wide


def test_of_a_hundred_good_photos_97_are_taken(reasons):
    counted = reasons()
    assert counted[None] >= 0.97 * counted.total(), counted


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda photo: ImageEnhance.Brightness(photo).enhance(0.25), RejectionReason.TOO_DARK),
        (lambda photo: photo.filter(ImageFilter.GaussianBlur(4)), RejectionReason.BLURRED),
        (far_away, RejectionReason.TOO_SMALL),
        (lambda photo: photo.rotate(45, fillcolor=GREY), RejectionReason.TURNED_AWAY),
    ],
    ids=["dark", "blurred", "far away", "turned"],
)
def test_nineteen_of_twenty_poor_ones_are_refused_mostly_for_what_is_wrong(reasons, change, reason):
    counted = reasons(change, every=5)
    assert counted[None] <= 0.05 * counted.total(), counted
    told = counted[reason] + counted[RejectionReason.NO_FACE]
    assert told >= 0.7 * counted.total(), counted
