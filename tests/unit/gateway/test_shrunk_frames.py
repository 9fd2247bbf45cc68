from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from services.gateway.frames import FrameLimits, read_frame

LIMITS = FrameLimits(max_bytes=5_000_000, max_pixels=10_000_000, min_side=80, needed_side=640)


def red_then_blue(size, file_format="JPEG", mode="RGB", orientation=None):
    """A picture whose left half is red and whose right half is blue."""
    image = Image.new("RGB", size, (220, 30, 30))
    image.paste((30, 30, 220), (size[0] // 2, 0, *size))
    exif = Image.Exif()
    if orientation:
        exif[0x0112] = orientation
    file = BytesIO()
    image.convert(mode).save(file, file_format, exif=exif)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "content_type", "size"),
    [
        (red_then_blue((1920, 1080)), "image/jpeg", (640, 360)),
        (red_then_blue((900, 1800)), "image/jpeg", (320, 640)),
        (red_then_blue((1300, 700), "PNG"), "image/png", (640, 345)),
        (red_then_blue((1300, 700), "PNG", "RGBA"), "image/png", (640, 345)),
        (red_then_blue((1300, 700), "PNG", "P"), "image/png", (640, 345)),
        (red_then_blue((1300, 700), "JPEG", "L"), "image/jpeg", (640, 345)),
        (red_then_blue((1300, 700), "JPEG", "CMYK"), "image/jpeg", (640, 345)),
    ],
    ids=["landscape", "portrait", "png", "rgba", "palette", "grey", "cmyk"],
)
def test_a_frame_larger_than_needed_becomes_a_smaller_jpeg(data, content_type, size):
    frame = read_frame(data, content_type, LIMITS)
    assert frame.content_type == "image/jpeg"
    with Image.open(BytesIO(frame.data)) as image:
        assert image.format == "JPEG"
        assert image.size == (frame.width, frame.height) == size


def test_a_frame_no_larger_than_needed_is_passed_on_byte_for_byte():
    data = red_then_blue((640, 480))
    assert read_frame(data, "image/jpeg", LIMITS).data == data


def test_a_frame_that_lay_on_its_side_stands_up_when_it_is_made_smaller():
    # orientation 6: to be turned a quarter clockwise, so that red, on the left, comes on top
    frame = read_frame(red_then_blue((1800, 900), orientation=6), "image/jpeg", LIMITS)
    with Image.open(BytesIO(frame.data)) as image:
        assert image.size == (320, 640)
        assert image.getexif().get(0x0112) is None
        top, bottom = image.getpixel((160, 100)), image.getpixel((160, 540))
    assert top[0] > 150 > top[2]
    assert bottom[2] > 150 > bottom[0]


def test_where_the_picture_was_taken_is_not_passed_on_with_a_smaller_one():
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    file = BytesIO()
    Image.new("RGB", (1300, 700)).save(file, "JPEG", exif=exif)
    assert b"a camera" not in read_frame(file.getvalue(), "image/jpeg", LIMITS).data


@pytest.mark.parametrize(
    ("size", "orientation", "smaller"),
    [((4000, 200), None, (1600, 80)), ((200, 4000), None, (80, 1600)), ((4000, 204), 6, (80, 1569))],
    ids=["wide", "high", "wide, lying on its side"],
)
def test_a_very_long_frame_is_made_smaller_only_as_far_as_its_short_side_allows(size, orientation, smaller):
    frame = read_frame(red_then_blue(size, orientation=orientation), "image/jpeg", LIMITS)
    assert (frame.width, frame.height) == smaller
    with Image.open(BytesIO(frame.data)) as image:
        assert image.size == smaller


def test_a_very_long_frame_whose_short_side_is_the_least_is_passed_on_byte_for_byte():
    data = red_then_blue((4000, 80))
    assert read_frame(data, "image/jpeg", LIMITS).data == data


@given(width=st.integers(80, 3000), height=st.integers(80, 3000))
@settings(max_examples=30, deadline=None)
def test_no_frame_is_made_smaller_than_what_is_taken(width, height):
    frame = read_frame(red_then_blue((width, height)), "image/jpeg", LIMITS)
    assert min(frame.width, frame.height) >= LIMITS.min_side
    assert frame.width <= width
    assert frame.height <= height
