"""Frames that are signed with their time and a nonce are taken once, and while they are fresh."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC
from werkzeug.datastructures import Headers
from werkzeug.test import TestResponse

from services.contracts.kiosk_signatures import NONCE, SIGNATURE, TIME, signed_headers
from services.contracts.tokens import KioskToken
from services.gateway.kiosk_signatures import FrameSignatures
from services.gateway.problems import Problem
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.in_memory import picture
from tests.unit.gateway.in_memory_kiosks import InMemoryNonces

pytestmark = pytest.mark.access
FRAME = picture()


@pytest.fixture(autouse=True)
def _the_lobby_signs(gateway: Gateway) -> None:
    kiosk = gateway.kiosks.kiosks["lobby"]
    gateway.kiosks.kiosks["lobby"] = kiosk.model_copy(update={"signed_frames_only": True})


def post(gateway: Gateway, headers: dict[str, str], token: KioskToken | None = None) -> TestResponse:
    shown = {"Authorization": f"Bearer {token or gateway.token}", "Content-Type": "image/jpeg"}
    return gateway.client.post("/v1/recognitions", headers=shown | headers, data=FRAME)


def refusal(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["type"].removeprefix("/problems/")


def signed(gateway: Gateway, at: datetime | None = None, body: bytes = FRAME) -> dict[str, str]:
    return signed_headers(gateway.token, body, at or datetime.now(UTC))


def test_a_signed_frame_is_taken_and_the_same_again_is_refused(gateway: Gateway):
    headers = signed(gateway)
    assert post(gateway, headers).status_code == 202
    assert refusal(post(gateway, headers)) == (409, "replayed-frame")
    assert len(gateway.jobs.sent) == 1


def test_the_signature_is_what_another_implementation_makes_of_it(gateway: Gateway):
    time, nonce = f"{datetime.now(UTC).timestamp():.0f}", "0123456789abcdef"
    mac = HMAC(hashlib.sha256(str(gateway.token).encode()).digest(), hashes.SHA256())
    mac.update(f"{time}.{nonce}.{hashlib.sha256(FRAME).hexdigest()}".encode())
    headers = {TIME: time, NONCE: nonce, SIGNATURE: f"v1={mac.finalize().hex()}"}
    assert post(gateway, headers).status_code == 202


@pytest.mark.parametrize("lacking", [TIME, NONCE, SIGNATURE])
def test_a_frame_without_all_of_it_is_refused(gateway: Gateway, lacking: str):
    headers = signed(gateway)
    del headers[lacking]
    assert refusal(post(gateway, headers)) == (403, "unsigned-frame")
    assert gateway.jobs.sent == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (TIME, "1"),
        (TIME, "1e3"),
        (TIME, "nan"),
        (NONCE, "fedcba9876543210"),
        (NONCE, "short"),
        (SIGNATURE, "v1=" + "0" * 64),
        (SIGNATURE, "v1=é"),
    ],
)
def test_a_signature_of_something_else_is_refused(gateway: Gateway, name: str, value: str):
    assert refusal(post(gateway, signed(gateway) | {name: value})) == (403, "wrong-signature")


def test_another_body_or_another_token_has_another_signature(gateway: Gateway):
    assert refusal(post(gateway, signed(gateway, body=b"other"))) == (403, "wrong-signature")
    others = signed_headers(gateway.other_token, FRAME, datetime.now(UTC))
    assert refusal(post(gateway, others)) == (403, "wrong-signature")


@pytest.mark.parametrize("seconds", [-40, 40])
def test_a_frame_of_another_time_is_refused_with_the_difference(gateway: Gateway, seconds: int):
    answer = post(gateway, signed(gateway, datetime.now(UTC) + timedelta(seconds=seconds)))
    assert refusal(answer) == (403, "stale-frame")
    assert f"{seconds:+d}"[:2] in answer.get_json()["detail"]


def test_a_frame_of_a_clock_that_is_a_little_off_is_taken(gateway: Gateway):
    assert post(gateway, signed(gateway, datetime.now(UTC) + timedelta(seconds=20))).status_code == 202
    assert post(gateway, signed(gateway, datetime.now(UTC) - timedelta(seconds=20))).status_code == 202


def test_a_kiosk_that_need_not_sign_may_and_its_signature_counts_then(gateway: Gateway):
    assert post(gateway, {}, gateway.other_token).status_code == 202
    headers = signed_headers(gateway.other_token, FRAME, datetime.now(UTC))
    assert post(gateway, headers, gateway.other_token).status_code == 202
    assert refusal(post(gateway, headers, gateway.other_token)) == (409, "replayed-frame")


def test_all_kiosks_have_to_sign_where_the_setting_says_so(gateway: Gateway):
    garage = gateway.kiosks.kiosks["garage"]
    signatures = FrameSignatures(InMemoryNonces(), required=True)
    check = signatures.check_of(garage, lambda: gateway.other_token, Headers())
    assert check is not None
    with pytest.raises(Problem) as refused:
        check(FRAME)
    assert refused.value.type.slug == "unsigned-frame"


def test_a_form_is_signed_as_it_is_sent(gateway: Gateway):
    boundary = "b0undary"
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="f.jpg"\r\n'
    body = f"{head}Content-Type: image/jpeg\r\n\r\n".encode() + FRAME + f"\r\n--{boundary}--\r\n".encode()
    headers = gateway.headers(**{"Content-Type": f"multipart/form-data; boundary={boundary}"})
    answer = gateway.client.post("/v1/recognitions", headers=headers | signed(gateway, body=body), data=body)
    assert answer.status_code == 202
