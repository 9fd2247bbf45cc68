import struct
import zlib
from io import BytesIO

import numpy as np
import pillow_heif
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from services.contracts.reasons import RejectionReason
from services.enroll.preprocessing import PhotoLimits, UnusablePhoto, normalize, without_metadata

LIMITS = PhotoLimits(max_pixels=2_000_000, longest_side=640)
GPS, ORIENTATION, MAKER = 0x8825, 0x0112, 0x010F
SECRET = b"Secret Camera"


def scene(width=400, height=300):
    """Red above, blue to the right below, green to the left: tells how it is turned."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2] = (220, 30, 30)
    pixels[height // 2 :, : width // 2] = (30, 220, 30)
    pixels[height // 2 :, width // 2 :] = (30, 30, 220)
    return Image.fromarray(pixels)


def exif(orientation=1):
    tags = Image.Exif()
    tags[ORIENTATION], tags[MAKER] = orientation, SECRET.decode()
    tags.get_ifd(GPS)[2] = (52.0, 31.0, 12.0)
    return tags


def encoded(image, kind="JPEG", **options):
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def shown(jpeg):
    with Image.open(BytesIO(jpeg)) as image:
        assert image.format == "JPEG"
        image.load()
        return image


def is_the_scene(jpeg):
    image = shown(jpeg)
    width, height = image.size
    corners = [(width // 4, height // 4), (width // 4, height * 3 // 4), (width * 3 // 4, height * 3 // 4)]
    return [int(np.argmax(image.getpixel(corner))) for corner in corners] == [0, 1, 2]


def says_nothing(jpeg):
    image = shown(jpeg)
    return SECRET not in jpeg and not image.getexif() and not {"exif", "xmp", "comment"} & image.info.keys()


#: How a camera stores the scene when it was held so.
STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("orientation", STORED)
def test_a_photo_becomes_upright_and_says_nothing_of_where_it_was_taken(orientation):
    turned = scene() if STORED[orientation] is None else scene().transpose(STORED[orientation])
    photo = normalize(encoded(turned, exif=exif(orientation)), LIMITS)
    assert (photo.width, photo.height) == shown(photo.jpeg).size == (400, 300)
    assert is_the_scene(photo.jpeg)
    assert says_nothing(photo.jpeg)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
@pytest.mark.parametrize("size", [(400, 300), (1200, 900)])
def test_every_kind_of_picture_becomes_a_jpeg_as_large_as_needed_without_metadata(kind, size):
    pillow_heif.register_heif_opener()
    photo = normalize(encoded(scene(*size), kind, exif=exif().tobytes()), LIMITS)
    # a JPEG's decoder halves it, which is small enough
    smaller = (600, 450) if kind == "JPEG" else (640, 480)
    assert (photo.width, photo.height) == shown(photo.jpeg).size == min(size, smaller)
    assert is_the_scene(photo.jpeg)
    assert says_nothing(photo.jpeg)


def test_a_small_upright_jpeg_keeps_its_pixels_and_loses_what_is_said_beside_them():
    data = encoded(
        scene(), exif=exif(), comment=SECRET, xmp=b"<x:xmpmeta>Secret Camera</x:xmpmeta>", quality=90
    )
    photo = normalize(data + b"trailer: " + SECRET, LIMITS)
    assert says_nothing(photo.jpeg)
    assert len(photo.jpeg) < len(data)
    assert np.array_equal(np.asarray(shown(photo.jpeg)), np.asarray(shown(data)))


@pytest.mark.parametrize("options", [{"progressive": True}, {"restart_marker_blocks": 4}, {"subsampling": 0}])
def test_cutting_metadata_out_leaves_every_kind_of_jpeg_its_pixels(options):
    noise = Image.fromarray(np.random.default_rng(7).integers(0, 255, (96, 128, 3), np.uint8))
    data = encoded(noise, exif=exif(), quality=95, **options)
    clean = without_metadata(data)
    assert SECRET in data
    assert SECRET not in clean
    assert np.array_equal(np.asarray(shown(clean)), np.asarray(shown(data)))


def test_the_same_upload_makes_the_same_photo_each_time():
    for kind in ("JPEG", "PNG"):
        data = encoded(scene(1200, 900), kind)
        assert normalize(data, LIMITS) == normalize(data, LIMITS)


def test_a_grey_a_transparent_and_a_four_colour_picture_are_taken():
    assert normalize(encoded(scene().convert("L")), LIMITS).width == 400
    assert is_the_scene(normalize(encoded(scene().convert("CMYK")), LIMITS).jpeg)
    see_through = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
    white = shown(normalize(encoded(see_through, "PNG"), LIMITS).jpeg)
    assert white.getpixel((50, 50)) == (255, 255, 255)


def test_what_a_png_says_in_its_chunks_is_gone():
    said = PngInfo()
    said.add_text("Comment", SECRET.decode())
    assert says_nothing(normalize(encoded(scene(), "PNG", pnginfo=said), LIMITS).jpeg)


def bomb():
    """A PNG of 60,000 pixels a side in about a kilobyte."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100_000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + data


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"Dear Sir or Madam, here is my photo", RejectionReason.INVALID_IMAGE),
        (b"", RejectionReason.INVALID_IMAGE),
        (encoded(scene())[:1500], RejectionReason.INVALID_IMAGE),
        (encoded(scene(), "PNG")[:-400], RejectionReason.INVALID_IMAGE),
        (encoded(scene(1200, 900))[:3000], RejectionReason.INVALID_IMAGE),
        (encoded(scene(), "GIF"), RejectionReason.INVALID_IMAGE),
        (bomb(), RejectionReason.TOO_LARGE),
        (encoded(scene(2000, 1001)), RejectionReason.TOO_LARGE),
        (encoded(scene(400, 79)), RejectionReason.TOO_SMALL),
    ],
    ids=["text", "nothing", "cut", "cut PNG", "cut and large", "GIF", "bomb", "large", "small"],
)
def test_what_is_no_usable_photo_is_refused_with_the_reason(data, reason):
    with pytest.raises(UnusablePhoto) as refused:
        normalize(data, LIMITS)
    assert refused.value.reason is reason
    assert refused.value.detail.endswith(".")


@pytest.mark.parametrize(
    ("size", "kept"),
    [
        ((960, 720), (480, 360)),
        ((950, 700), (640, 472)),
        ((1278, 720), (639, 360)),
        ((1290, 720), (640, 357)),
    ],
)
def test_a_jpeg_is_not_made_smaller_once_more_where_its_decoder_did_enough(size, kept):
    photo = normalize(encoded(scene(*size)), LIMITS)
    assert (photo.width, photo.height) == kept


def test_a_picture_that_hardly_compresses_still_fits_into_the_call():
    noise = Image.fromarray(np.random.default_rng(7).integers(0, 255, (1900, 1900, 3), np.uint8))
    limits = PhotoLimits(max_pixels=4_000_000, longest_side=1900)
    assert len(normalize(encoded(noise, quality=100, subsampling=0), limits).jpeg) <= 5_000_000
