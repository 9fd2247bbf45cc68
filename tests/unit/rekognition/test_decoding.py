"""Files that are pictures, and files that only look like some."""

import resource
import struct
import zlib

import cv2
import numpy as np
import pytest
import simplejpeg

from localaws.rekognition.engine import ImageDimensionsError, InvalidImageError, decode_image
from localaws.rekognition.engine.decoding import MAX_PIXELS


def _picture(height=120, width=160):
    """Red on top, blue below left, green below right."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[: height // 2] = (255, 0, 0)
    picture[height // 2 :, : width // 2] = (0, 0, 255)
    picture[height // 2 :, width // 2 :] = (0, 255, 0)
    return picture


def _jpeg(picture):
    return simplejpeg.encode_jpeg(np.ascontiguousarray(picture), quality=95)


def _png(picture):
    return cv2.imencode(".png", picture[..., ::-1])[1].tobytes()


def _with_orientation(jpeg, orientation, order="<"):
    mark = b"II" if order == "<" else b"MM"
    tiff = (
        mark
        + struct.pack(f"{order}HIH", 42, 8, 1)
        + struct.pack(f"{order}HHIHHI", 0x112, 3, 1, orientation, 0, 0)
    )
    payload = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(payload) + 2) + payload + jpeg[2:]


def _png_header(width, height):
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


@pytest.mark.parametrize("encode", [_jpeg, _png])
def test_channels_come_in_the_order_red_green_blue(encode):
    pixels = decode_image(encode(_picture()))

    assert pixels.dtype == np.uint8
    for (row, column), colour in {(20, 80): 0, (100, 120): 1, (100, 40): 2}.items():
        assert pixels[row, column].argmax() == colour
        assert pixels[row, column, colour] > 200


def test_a_grey_jpeg_is_decoded_to_three_channels():
    grey = cv2.imencode(".jpg", np.full((90, 100), 77, np.uint8))[1].tobytes()

    pixels = decode_image(grey)

    assert pixels.shape == (90, 100, 3)
    assert abs(int(pixels.mean()) - 77) <= 1


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_that_the_camera_noted_is_undone(orientation, order):
    upright = _picture()
    # What a camera held that way stores: the inverse of what a viewer does.
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]

    pixels = decode_image(_with_orientation(_jpeg(stored), orientation, order))

    assert pixels.shape == upright.shape
    assert np.abs(pixels.astype(int) - upright).mean() < 8


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_a_nonsensical_orientation_is_taken_as_upright(orientation):
    assert decode_image(_with_orientation(_jpeg(_picture()), orientation)).shape == (120, 160, 3)


def test_a_truncated_exif_header_does_no_harm():
    whole = _with_orientation(_jpeg(_picture()), 6)
    broken = whole[:12] + b"II" + b"\xff" * 8 + whole[22:]

    assert decode_image(broken).shape == (120, 160, 3)


def test_a_very_large_jpeg_is_scaled_down_while_decoding():
    assert decode_image(_jpeg(_picture(2400, 3300))).shape == (1200, 1650, 3)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a",
        b"\xff\xd8\xff" + b"\0" * 100,
        b"\x89PNG\r\n\x1a\n",
        _jpeg(_picture())[:200],
        _jpeg(_picture())[:-400],
        _png(_picture())[:-30],
        _png(_picture())[:40] + b"\0" * 200 + b"IEND",
    ],
    ids=["nothing", "gif", "jpeg mark", "png mark", "jpeg header", "cut jpeg", "cut png", "broken png"],
)
def test_what_is_no_whole_picture_is_refused(data):
    with pytest.raises(InvalidImageError):
        decode_image(data)


def test_a_webcams_padding_behind_the_picture_is_forgiven():
    jpeg = _jpeg(_picture())

    assert decode_image(jpeg[:-2] + b"\0" * 16 + jpeg[-2:]).shape == (120, 160, 3)


def test_a_png_that_unfolds_to_too_many_pixels_is_refused_by_its_header_alone():
    with pytest.raises(ImageDimensionsError, match="50000 x 50000"):
        decode_image(_png_header(50_000, 50_000))


def test_a_png_whose_chunk_claims_to_be_huge_is_refused_before_memory_is_taken():
    png = bytearray(_png(_picture()))
    data = png.index(b"IDAT")
    png[data - 4 : data] = struct.pack(">I", 900_000_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(InvalidImageError):
        decode_image(bytes(png))

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kilobytes


def test_a_jpeg_whose_header_names_too_many_pixels_is_refused():
    jpeg = bytearray(_jpeg(_picture()))
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = struct.pack(">HH", 60_000, 60_000)

    with pytest.raises(ImageDimensionsError, match=str(MAX_PIXELS)):
        decode_image(bytes(jpeg))
