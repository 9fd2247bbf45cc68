"""Orders by HTTP: signed, bounded, and to where they may go alone."""

import socket
from datetime import UTC, datetime, timedelta

import pytest

from services.contracts.doors import Command, DoorOrder, Webhook, key_of, new_secret
from services.doors import addresses
from services.doors.addresses import UnusableAddress, check_url
from services.doors.errors import Refused, Unreachable
from services.doors.webhooks import WebhookSender, signed_headers
from tests.door_receiver import door_controller

pytestmark = pytest.mark.access
NOW = datetime.now(UTC)
ORDER = DoorOrder(
    order_id="r-1",
    command=Command.OPEN,
    door_id="front",
    ordered_at=NOW,
    valid_until=NOW + timedelta(seconds=5),
    recognition_id="r-1",
    kiosk_id="lobby",
    person_id="ada",
)


@pytest.fixture
def controller():
    with door_controller() as standing:
        yield standing


def send(url: str, secret: str = "", timeout: float = 2, plain_http: bool = True) -> None:
    WebhookSender(plain_http=plain_http).send(ORDER, Webhook(url=url), secret or new_secret(), timeout)


def test_an_order_says_what_to_do_for_how_long_and_is_signed(controller):
    secret = new_secret()
    send(controller.url, secret)
    (received,) = controller.received
    assert received.order["type"] == "door.open"
    assert received.order["data"] == {
        "order_id": "r-1",
        "door_id": "front",
        "valid_until": ORDER.valid_until.isoformat().replace("+00:00", "Z"),
        "recognition_id": "r-1",
        "kiosk_id": "lobby",
        "person_id": "ada",
    }
    assert received.headers["webhook-id"] == "r-1"
    assert abs(int(received.headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 60
    assert received.is_signed_with(secret)
    assert not received.is_signed_with(new_secret())


def test_the_signature_is_that_of_standard_webhooks():
    """The example of its specification's reference libraries."""
    headers = signed_headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        datetime.fromtimestamp(1614265330, UTC),
        b'{"test": 2432232314}',
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("status", [500, 502, 503, 429, 408])
def test_a_door_that_is_not_well_may_be_tried_again(controller, status):
    controller.answers = [status]
    with pytest.raises(Unreachable, match=str(status)):
        send(controller.url)


@pytest.mark.parametrize("status", [301, 302, 307, 308, 304, 400, 401, 404, 410])
def test_a_door_that_says_no_is_not_asked_again_and_leads_nowhere_else(controller, status):
    controller.answers = [status]
    with pytest.raises(Refused, match=str(status)):
        send(controller.url)
    assert len(controller.received) == 1


def test_a_door_that_hangs_up_or_is_not_there_may_be_tried_again(controller):
    controller.answers = [None]
    with pytest.raises(Unreachable):
        send(controller.url)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(Unreachable):
            send(f"http://127.0.0.1:{taken.getsockname()[1]}/")


def test_a_door_that_does_not_answer_is_not_waited_for(controller):
    from threading import Event

    controller.hold = Event()
    try:
        with pytest.raises(Unreachable):
            send(controller.url, timeout=0.2)
    finally:
        controller.hold.set()


def test_plain_http_goes_nowhere_unless_it_is_allowed(controller):
    with pytest.raises(Refused, match="https"):
        send(controller.url, plain_http=False)
    assert controller.received == []


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "https://169.254.169.254/",
        "https://[fe80::1]/",
        "https://[fd00:ec2::254]/",
        "https://[::ffff:169.254.169.254]/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "http://8.8.8.8/",
        "ftp://127.0.0.1/",
        "https://user:password@127.0.0.1/",  # pragma: allowlist secret
        "https:///",
        "https://127.0.0.1:99999/",
    ],
)
def test_where_no_webhook_may_lead(url):
    with pytest.raises(UnusableAddress):
        check_url(url, plain_http=True)


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/", "https://10.1.2.3:8443/x", "http://192.168.0.9/", "http://[::1]:8080/"]
)
def test_where_webhooks_may_lead(url):
    check_url(url, plain_http=True)


def test_a_name_counts_as_what_it_stands_for(monkeypatch):
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in ("10.0.0.1", "169.254.1.1")
    ]
    monkeypatch.setattr(addresses.socket, "getaddrinfo", lambda *_arguments, **_options: found)
    with pytest.raises(UnusableAddress, match=r"door\.example"):
        check_url("https://door.example/", plain_http=False)


def test_secrets_are_of_32_bytes_and_not_shown():
    secret = new_secret()
    assert len(key_of(secret)) == 32
    assert secret != new_secret()
