"""Real networks on the portraits that dependencies ship."""

import cv2
import numpy as np
import pytest

from localaws.rekognition.engine import Box
from localaws.rekognition.engine.detection import Detection, lift_shadows
from localaws.rekognition.engine.embedding import FaceEmbedder
from localaws.rekognition.engine.face_engine import prominence
from localaws.rekognition.engine.landmarks import five_points
from localaws.rekognition.engine.packs.preparation import verify_pack


def _similarity(engine, one, other):
    vectors = [engine.analyze(picture)[0].embedding.vector for picture in (one, other)]
    return engine.similarity(float(vectors[0] @ vectors[1]))


def _rotated(picture):
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 15, 1)
    return cv2.warpAffine(picture, turn, (width, height))


def _jpeg_quality_30(picture):
    encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 30])[1]
    return cv2.imdecode(encoded, cv2.IMREAD_COLOR)


VARIATIONS = {
    "half size": lambda picture: cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "dark": lambda picture: (picture * 0.15).astype(np.uint8),
    "blurred": lambda picture: cv2.GaussianBlur(picture, (0, 0), 2),
    "rotated": _rotated,
    "strongly compressed": _jpeg_quality_30,
}


@pytest.mark.parametrize("vary", VARIATIONS.values(), ids=VARIATIONS.keys())
def test_a_varied_portrait_is_the_same_person_and_no_other(engine, grace, eileen, vary):
    assert _similarity(engine, grace, vary(grace)) >= 99
    assert _similarity(engine, eileen, vary(eileen)) >= 99
    assert _similarity(engine, grace, vary(eileen)) < 80


@pytest.mark.parametrize("scale", [0.4, 0.6, 1.0, 1.4])
def test_a_cat_is_no_face(engine, chelsea, scale):
    picture = cv2.resize(chelsea, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)

    assert engine.analyze(picture) == []


def test_the_networks_are_fed_red_green_blue(engine, pack_dir, grace):
    """Swapped channels pass accuracy tests; so the vector is compared with one made by hand."""
    import onnxruntime

    model = verify_pack(pack_dir).embedding
    face = engine.analyze(grace)[0]
    chip = FaceEmbedder(pack_dir, model).align(grace, face.landmarks)
    # Skin is redder than blue: the chip itself is RGB.
    assert chip[40:80, 40:80, 0].mean() > chip[40:80, 40:80, 2].mean() + 10
    session = onnxruntime.InferenceSession(pack_dir / model.file, providers=["CPUExecutionProvider"])
    rgb = ((chip.astype(np.float32) - 127) / 128).transpose(2, 0, 1)[None]
    by_hand = session.run(None, {session.get_inputs()[0].name: rgb})[0][0]
    swapped = session.run(None, {session.get_inputs()[0].name: rgb[:, ::-1].copy()})[0][0]

    cosines = [vector @ face.embedding.vector / np.linalg.norm(vector) for vector in (by_hand, swapped)]
    assert cosines[0] > 0.99999
    assert cosines[1] < 0.999


def test_aligned_features_stand_where_the_network_learned_them(engine, pack_dir, grace):
    model = verify_pack(pack_dir).embedding
    landmarks = engine.analyze(grace)[0].landmarks
    transform = FaceEmbedder(pack_dir, model).alignment(landmarks)

    aligned = five_points(landmarks) @ transform[:, :2].T + transform[:, 2]

    template = np.array([[anchor.x, anchor.y] for anchor in model.anchors])
    assert np.linalg.norm(aligned - template, axis=1).max() < 6


def test_a_vector_has_unit_length_and_the_packs_dimension(engine, grace):
    vector = engine.analyze(grace)[0].embedding.vector

    assert vector.shape == (engine.dimension,) == (512,)
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_a_face_at_the_edge_of_the_picture_is_still_turned_into_a_vector(engine, grace):
    cut = np.ascontiguousarray(grace[150:, 200:])

    faces = engine.analyze(cut)

    assert all(np.isfinite(face.embedding.vector).all() for face in faces)


def test_the_mirrored_portrait_turns_to_the_other_side(engine, eileen):
    tilted = _rotated(eileen)  # counterclockwise
    pose = engine.analyze(tilted)[0].pose
    mirrored = engine.analyze(np.ascontiguousarray(tilted[:, ::-1]))[0].pose

    assert pose.roll < -8
    assert mirrored.roll > 8
    assert pose.yaw == pytest.approx(-mirrored.yaw, abs=6)


def test_a_blurred_face_is_less_sharp_and_a_dark_one_less_bright(engine, grace):
    face = engine.analyze(grace)[0]
    blurred = engine.analyze(cv2.GaussianBlur(grace, (0, 0), 5))[0]
    dark = engine.analyze((grace * 0.3).astype(np.uint8))[0]

    assert face.shortcomings("AUTO") == []
    assert blurred.quality.sharpness < face.quality.sharpness - 20
    assert dark.quality.brightness == pytest.approx(0.3 * face.quality.brightness, rel=0.05)
    assert "LOW_BRIGHTNESS" in engine.analyze((grace * 0.1).astype(np.uint8))[0].shortcomings("AUTO")


def test_a_tiny_face_falls_below_the_quality_filter_but_counts_without(engine, grace):
    canvas = np.full((480, 640, 3), 127, np.uint8)
    small = cv2.resize(grace, None, fx=0.17, fy=0.17, interpolation=cv2.INTER_AREA)
    canvas[200 : 200 + small.shape[0], 300 : 300 + small.shape[1]] = small

    face = engine.analyze(canvas)[0]

    assert "SMALL_BOUNDING_BOX" in face.shortcomings("AUTO")
    assert face.shortcomings("NONE") == []


def test_a_centred_face_goes_before_a_bystander_of_nearly_the_same_size():
    visitor = Detection(Box(260, 160, 120, 160), 0.99)
    bystander = Detection(Box(0, 10, 130, 170), 0.999)

    assert prominence(visitor, 640, 480) > prominence(bystander, 640, 480)


def test_a_face_much_larger_goes_before_a_small_one_in_the_middle():
    passer_by = Detection(Box(305, 225, 30, 40), 0.99)
    visitor = Detection(Box(380, 120, 200, 260), 0.99)

    assert prominence(visitor, 640, 480) > prominence(passer_by, 640, 480)


def test_of_two_people_the_one_in_the_middle_is_first(engine, grace, eileen):
    canvas = np.full((600, 1400, 3), 127, np.uint8)
    canvas[:, 450:962] = grace
    canvas[:512, :420] = cv2.resize(eileen, None, fx=1.6, fy=1.6)[:512, 130:550]

    faces = engine.analyze(canvas)

    assert len(faces) == 2
    alone = engine.analyze(grace)[0].embedding.vector
    assert float(faces[0].embedding.vector @ alone) > 0.8


def test_a_dark_picture_is_lifted_and_a_lit_face_before_black_is_not():
    dark = np.full((80, 80, 3), 20, np.uint8)
    spotlit = np.zeros((80, 80, 3), np.uint8)
    spotlit[32:48, 32:48] = 250

    assert lift_shadows(dark).mean() == pytest.approx(100, abs=2)
    assert (lift_shadows(spotlit) <= 255).all()
    np.testing.assert_allclose(lift_shadows(spotlit).astype(int), spotlit, atol=6)
