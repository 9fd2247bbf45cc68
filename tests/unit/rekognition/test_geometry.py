"""Letterboxing, suppression of doubles, crops and the similarity transform."""

import numpy as np
import pytest

from localaws.rekognition.engine.geometry import (
    Box,
    Square,
    crop_grey_square,
    letterbox,
    non_maximum_suppression,
    similarity_transform,
    square_around,
)


@pytest.mark.parametrize(("width", "height"), [(640, 480), (250, 250), (100, 1000), (3, 2000)])
def test_a_letterboxed_picture_keeps_its_proportions_and_the_rest_is_grey(width, height):
    fitted = letterbox(np.full((height, width, 3), 255, np.uint8), 320, 240)

    assert fitted.pixels.shape == (240, 320, 3)
    filled_width, filled_height = round(width / fitted.scale_x), round(height / fitted.scale_y)
    assert filled_width == 320 or filled_height == 240
    assert (fitted.pixels[:filled_height, :filled_width] == 255).all()
    assert (fitted.pixels[filled_height:] == 127).all()
    assert (fitted.pixels[:, filled_width:] == 127).all()


def test_a_point_found_in_the_letterbox_leads_back_to_the_picture():
    picture = np.zeros((480, 640, 3), np.uint8)
    picture[398:402, 498:502] = 255
    fitted = letterbox(picture, 320, 240)

    row, column = np.argwhere(fitted.pixels[..., 0] > 128).mean(axis=0)

    assert (column + 0.5) * fitted.scale_x == pytest.approx(500, abs=1)
    assert (row + 0.5) * fitted.scale_y == pytest.approx(400, abs=1)


def test_of_boxes_that_overlap_the_best_is_kept():
    corners = np.array([[0, 0, 10, 10], [1, 1, 11, 11], [50, 50, 60, 60]], np.float32)

    assert non_maximum_suppression(corners, np.array([0.8, 0.9, 0.7], np.float32), 0.4) == [1, 2]


def test_boxes_side_by_side_are_both_kept():
    corners = np.array([[0, 0, 10, 10], [8, 0, 18, 10]], np.float32)

    assert non_maximum_suppression(corners, np.array([0.8, 0.9], np.float32), 0.4) == [1, 0]


def test_the_transform_found_is_the_similarity_that_was_applied():
    rng = np.random.default_rng(5)
    points = rng.uniform(0, 100, (5, 2))
    angle, scale, shift = 0.4, 1.7, np.array([12.0, -3.0])
    rotation = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])

    transform = similarity_transform(points, points @ rotation.T + shift)

    np.testing.assert_allclose(transform, np.column_stack([rotation, shift]), atol=1e-9)


def test_the_transform_never_shears_or_mirrors():
    rng = np.random.default_rng(6)
    for _ in range(20):
        transform = similarity_transform(rng.uniform(0, 100, (5, 2)), rng.uniform(0, 100, (5, 2)))
        (a, b), (c, d) = transform[:, :2]
        assert a == pytest.approx(d)
        assert b == pytest.approx(-c)
        assert a * d - b * c > 0


def test_the_square_around_a_box_is_centred_scaled_and_moved_down():
    square = square_around(Box(10, 20, 30, 50), scale=1.5, shift_down=0.1)

    assert square == Square(left=25 - 30, top=45 - 30 + 6, side=60)


@pytest.mark.parametrize("side", [40, 300])
def test_a_crop_beyond_the_picture_is_black_there(side):
    white = np.full((100, 100, 3), 255, np.uint8)

    crop = crop_grey_square(white, Square(-side / 2, 0, side), 64)

    assert (crop[:20, :30] == 0).all()
    assert (crop[2:20, 34:40] == 255).all()
