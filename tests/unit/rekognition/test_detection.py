"""Finding faces of all sizes, in pictures of all sizes."""

import cv2
import numpy as np
import pytest

from localaws.rekognition.engine.detection import FaceDetector, prior_boxes
from localaws.rekognition.engine.packs.preparation import verify_pack


def _canvas(width, height):
    """A wall with soft lights, on which nothing looks like a face."""
    lights = np.random.default_rng(9).integers(80, 180, (4, 6, 3)).astype(np.uint8)
    return cv2.resize(lights, (width, height), interpolation=cv2.INTER_CUBIC)


def _pasted(canvas, portrait, left, top, scale):
    small = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    height, width = small.shape[:2]
    canvas[top : top + height, left : left + width] = small
    return canvas


@pytest.fixture(scope="module")
def detector(pack_dir):
    return FaceDetector(pack_dir, verify_pack(pack_dir).detection)


@pytest.fixture(scope="module")
def face_side(engine, grace):
    """Side of Grace Hopper's face in her portrait, pixels."""
    return engine.analyze(grace)[0].box.side


def test_a_face_of_24_pixels_is_found_in_a_camera_frame(engine, grace, face_side):
    frame = _pasted(_canvas(640, 480), grace, 300, 200, 24 / face_side)

    faces = engine.analyze(frame)

    assert len(faces) == 1
    assert faces[0].box.side == pytest.approx(24, abs=4)


def test_small_faces_of_a_large_group_picture_are_found(engine, grace, eileen, face_side):
    picture = _canvas(2400, 1800)
    places = [(100, 200), (900, 700), (1700, 1300), (2000, 150)]
    for (left, top), portrait in zip(places, (grace, eileen, grace, eileen), strict=True):
        _pasted(picture, portrait, left, top, 50 / face_side)

    assert len(engine.analyze(picture)) == 4
    assert next(engine.prominent_faces(picture), None) is not None


def test_where_the_first_look_finds_nobody_a_second_is_taken(detector, grace, face_side):
    picture = _pasted(_canvas(2400, 1800), grace, 900, 700, 50 / face_side)

    assert len(detector.detect(picture, small_faces=False)) == 1


def test_a_face_that_fills_a_large_photo_is_one_face(engine, grace, eileen):
    for portrait in (grace, eileen):
        large = cv2.resize(portrait, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)

        assert len(engine.analyze(large)) == 1


def test_both_looks_place_a_face_where_it_is(engine, grace):
    small, large = (
        engine.analyze(cv2.resize(grace, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))[0]
        for scale in (0.5, 3.0)
    )

    assert large.box.left / 3.0 == pytest.approx(small.box.left / 0.5, abs=12)
    assert large.box.width / 3.0 == pytest.approx(small.box.width / 0.5, rel=0.1)


@pytest.mark.parametrize("brightness", [0.3, 0.15])
def test_faces_in_the_dark_are_found(engine, grace, eileen, brightness):
    for portrait in (grace, eileen):
        frame = _pasted(_canvas(640, 480), portrait, 60, 10, 0.7)

        assert len(engine.analyze((frame * brightness).astype(np.uint8))) == 1


def test_an_empty_wall_shows_nobody(engine):
    assert engine.analyze(_canvas(640, 480)) == []
    assert engine.analyze(_canvas(2000, 1500)) == []


def test_priors_stand_in_the_middle_of_their_cells_and_end_at_the_picture():
    priors = prior_boxes(64, 32, (16, 64), ((10.0, 20.0), (100.0,)))

    assert priors.shape == (4 * 2 * 2 + 1, 4)
    np.testing.assert_array_equal(priors[0], [8, 8, 10, 10])
    np.testing.assert_array_equal(priors[1], [8, 8, 20, 20])
    np.testing.assert_array_equal(priors[2], [24, 8, 10, 10])
    np.testing.assert_array_equal(priors[-1], [32, 16, 64, 32])
