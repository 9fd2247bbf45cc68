"""Orders by HTTP, signed as Standard Webhooks has it (https://www.standardwebhooks.com)."""

import hmac
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy

import requests

from services.contracts.doors import DoorOrder, Webhook, key_of
from services.doors.addresses import UnusableAddress, check_url
from services.doors.errors import Refused, Unreachable

#: Whoever answers so may take the same order a little later.
_PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})


def signed_headers(secret: str, message_id: str, sent_at: datetime, body: bytes) -> dict[str, str]:
    """Sign a body: ``webhook-id``, ``webhook-timestamp`` and ``webhook-signature``."""
    timestamp = str(int(sent_at.timestamp()))
    message = f"{message_id}.{timestamp}.".encode() + body
    signature = b64encode(hmac.new(key_of(secret), message, sha256).digest()).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{signature}",
    }


class WebhookSender:
    """Posts orders.

    Parameters
    ----------
    plain_http : bool
        Whether to post over http, to this machine and private networks.
    """

    def __init__(self, *, plain_http: bool, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._plain_http = plain_http
        self._now = now
        self._session = requests.Session()
        # neither a proxy nor a password of the environment belongs into a call to a door
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def send(self, order: DoorOrder, webhook: Webhook, secret: str, timeout: float) -> None:
        """Post an order once.

        Parameters
        ----------
        timeout : float
            Seconds to wait for a connection, and for each part of the answer.

        Raises
        ------
        Unreachable
            If it was not taken, and may be when it is sent again.
        Refused
            If it will not be taken.
        """
        body = order.text().encode()
        headers = {"Content-Type": "application/json", "User-Agent": "Facegate"}
        headers |= signed_headers(secret, order.order_id, self._now(), body)
        try:
            # again, because a name may stand for something else than when it was typed
            check_url(webhook.url, plain_http=self._plain_http)
            answer = self._session.post(
                webhook.url, body, headers=headers, timeout=timeout, allow_redirects=False, stream=True
            )
        except UnusableAddress as error:
            raise Refused(str(error)) from error
        except (requests.RequestException, OSError) as error:
            raise Unreachable(type(error).__name__) from error
        # the status says it all; what else comes is not read
        answer.close()
        if answer.status_code in _PASSING or answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Unreachable(f"it answered {answer.status_code}")
        if not answer.ok or answer.is_redirect or answer.status_code >= HTTPStatus.MULTIPLE_CHOICES:
            raise Refused(f"it answered {answer.status_code}")
