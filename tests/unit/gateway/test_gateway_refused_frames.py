"""What a frame must not be, and what the kiosk is told then."""

import logging
import struct
import zlib
from io import BytesIO

import pytest

from services.aws.errors import AwsUnavailable
from services.contracts.tokens import KioskToken
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.in_memory import picture

JPEG, PNG = "image/jpeg", "image/png"
SECRET = b"these-bytes-are-a-face"


def png_header(width: int, height: int) -> bytes:
    """A PNG that says it is huge and brings a few bytes."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(SECRET)), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


BAD_FRAMES = {
    "not an image": (SECRET * 20, JPEG, 422, "unreadable-frame"),
    "an image only by its first bytes": (b"\xff\xd8\xff\xe0" + SECRET * 20, JPEG, 422, "unreadable-frame"),
    "a truncated JPEG": (picture()[:-200], JPEG, 422, "unreadable-frame"),
    "a JPEG cut within its header": (picture()[:40], JPEG, 422, "unreadable-frame"),
    "a truncated PNG": (picture("PNG")[:-40], PNG, 422, "unreadable-frame"),
    "0 bytes": (b"", JPEG, 400, "no-frame"),
    "20 MB": (SECRET * 1_000_000, JPEG, 413, "frame-too-large"),
    "10x10 pixels": (picture(size=(10, 10)), JPEG, 422, "frame-dimensions"),
    "79 pixels high": (picture(size=(200, 79)), JPEG, 422, "frame-dimensions"),
    "a PNG bomb": (png_header(30_000, 30_000), PNG, 422, "frame-dimensions"),
    "a PNG bomb that even its header's reader refuses": (
        png_header(60_000, 60_000),
        PNG,
        422,
        "frame-dimensions",
    ),
    "too many pixels": (picture(size=(2001, 1000)), JPEG, 422, "frame-dimensions"),
    "a PNG that says it is a JPEG": (picture("PNG"), JPEG, 422, "unreadable-frame"),
    "a GIF": (picture("GIF"), "image/gif", 415, "unsupported-frame-type"),
    "text": (SECRET, "text/plain", 415, "unsupported-frame-type"),
    "no content type": (picture(), None, 415, "unsupported-frame-type"),
}


@pytest.mark.parametrize("bad", BAD_FRAMES.values(), ids=BAD_FRAMES)
def test_a_bad_frame_is_refused_with_a_problem_and_nothing_is_queued_stored_or_logged(
    gateway: Gateway,
    caplog: pytest.LogCaptureFixture,
    bad: tuple[bytes, str | None, int, str],
):
    body, content_type, status, slug = bad
    with caplog.at_level(logging.DEBUG):
        answer = gateway.client.post(
            "/v1/recognitions", data=body, content_type=content_type, headers=gateway.headers(Prefer="wait=5")
        )

    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    problem = answer.get_json()
    assert problem["type"] == f"/problems/{slug}"
    assert problem["status"] == status
    assert problem["instance"] == "/v1/recognitions"
    assert len(problem["detail"]) > 20
    assert gateway.client.get(problem["type"]).status_code == 200
    assert gateway.jobs.sent == []
    assert gateway.frames.stored == {}
    assert SECRET.decode() not in caplog.text
    assert gateway.token.secret not in caplog.text


@pytest.mark.parametrize(
    ("form", "status", "slug"),
    [
        ({}, 400, "no-frame"),
        ({"photo": (BytesIO(picture()), "a.jpg", JPEG)}, 400, "no-frame"),
        ({"image": "just text"}, 400, "no-frame"),
        ({"image": (BytesIO(SECRET), "a.jpg", JPEG)}, 422, "unreadable-frame"),
        ({"image": (BytesIO(SECRET), "a.pdf", "application/pdf")}, 415, "unsupported-frame-type"),
        ({"image": (BytesIO(b""), "a.jpg", JPEG)}, 400, "no-frame"),
        ({"image": (BytesIO(SECRET * 50_000), "a.png", PNG)}, 413, "frame-too-large"),
        ({f"field{number}": "x" for number in range(50)}, 422, "too-many-frames"),
    ],
    ids=[
        "empty",
        "another field",
        "not a file",
        "not an image",
        "a PDF",
        "0 bytes",
        "too large",
        "many fields",
    ],
)
def test_a_bad_form_is_refused(gateway: Gateway, form: dict[str, object], status: int, slug: str):
    answer = gateway.client.post(
        "/v1/recognitions", data=form, content_type="multipart/form-data", headers=gateway.headers()
    )

    assert (answer.status_code, answer.get_json()["type"]) == (status, f"/problems/{slug}")
    assert gateway.jobs.sent == []


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=x"])
def test_a_form_that_cannot_be_parsed_is_refused(gateway: Gateway, content_type: str):
    answer = gateway.client.post(
        "/v1/recognitions", data=b"--y\r\nno form", content_type=content_type, headers=gateway.headers()
    )

    assert answer.status_code == 400


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Basic bG9iYnk6c2VjcmV0"],
)
def test_without_a_token_a_frame_is_refused(gateway: Gateway, authorization: str | None):
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = gateway.client.post("/v1/recognitions", data=picture(), content_type=JPEG, headers=headers)

    assert (answer.status_code, answer.get_json()["type"]) == (401, "/problems/no-token")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert gateway.jobs.sent == []


@pytest.mark.parametrize(
    "token",
    ["nonsense", str(KioskToken.create("lobby")), str(KioskToken.create("unregistered"))],
    ids=["not a token", "an older token of the kiosk", "a token of no kiosk"],
)
def test_with_a_wrong_token_a_frame_is_refused(
    gateway: Gateway, token: str, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.DEBUG):
        answer = gateway.client.post(
            "/v1/recognitions",
            data=picture(),
            content_type=JPEG,
            headers={"Authorization": f"Bearer {token}"},
        )

    assert (answer.status_code, answer.get_json()["type"]) == (401, "/problems/wrong-token")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert gateway.jobs.sent == []
    assert token not in caplog.text


def test_the_token_is_checked_before_the_body_is_read(gateway: Gateway):
    class Untouched(BytesIO):
        reads = 0

        def readinto(self, buffer):
            Untouched.reads += 1
            return super().readinto(buffer)

        def read(self, size=-1):
            Untouched.reads += 1
            return super().read(size)

    answer = gateway.client.post(
        "/v1/recognitions",
        input_stream=Untouched(picture()),
        content_length=len(picture()),
        content_type=JPEG,
        buffered=False,
    )

    assert answer.status_code == 401
    assert Untouched.reads == 0


def test_when_the_queue_is_out_of_reach_the_kiosk_is_told_to_come_back(gateway: Gateway):
    gateway.jobs.error = AwsUnavailable("sending job: throttled")
    answer = gateway.client.post(
        "/v1/recognitions", data=picture(), content_type=JPEG, headers=gateway.headers(Prefer="wait=5")
    )

    assert (answer.status_code, answer.get_json()["type"]) == (503, "/problems/unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert "throttled" not in answer.get_data(as_text=True)


def test_when_the_kiosks_are_out_of_reach_nobody_is_let_in(gateway: Gateway):
    gateway.kiosks.error = AwsUnavailable("reading kiosk: no connection")
    answer = gateway.client.post(
        "/v1/recognitions", data=picture(), content_type=JPEG, headers=gateway.headers()
    )

    assert answer.status_code == 503
    assert gateway.jobs.sent == []
