"""A kiosk as a program: registered, and posting frames to the gateway."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import requests
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_before_delay,
    wait_random_exponential,
)

from services.aws.connection import Aws
from services.aws.kiosks import KioskStore
from services.contracts.kiosks import Kiosk
from services.contracts.tokens import KioskToken

#: As long as the gateway itself finds a frame worth deciding about, unless it is told otherwise.
FRAME_WORTH_SECONDS = 8
_PAUSES = wait_random_exponential(multiplier=0.2, max=2)


class GatewayRefused(Exception):
    """The gateway did not take the frame; the message is its problem's detail."""


class GatewayBusy(GatewayRefused):
    """The gateway did not take the frame now.

    Parameters
    ----------
    message : str
        Its problem's detail.
    retry_after : int
        Seconds after which it may.
    """

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def register_kiosk(aws: Aws, token: KioskToken, door_id: str) -> None:
    """Register the kiosk that the token names at a door; an earlier token of it ends.

    Raises
    ------
    AwsError
        If the table cannot be written.
    """
    KioskStore(aws).put(
        Kiosk(
            kiosk_id=token.kiosk_id,
            door_id=door_id,
            token_sha256=token.sha256,
            created_at=datetime.now(UTC),
        )
    )


def recognize(gateway_url: str, token: str, frame: bytes, content_type: str, wait: int) -> dict[str, Any]:
    """Post a frame and wait for the decision.

    While the frame is worth anything it is posted again, with the same Idempotency-Key, when the gateway
    cannot be reached or is busy: it is decided about once.

    Parameters
    ----------
    wait : int
        Seconds to wait for the decision.

    Returns
    -------
    dict
        The gateway's answer; its ``status`` is ``decided`` or ``pending``.

    Raises
    ------
    GatewayRefused
        If the gateway answers with a problem.
    requests.RequestException
        If it cannot be reached.
    """
    attempts = Retrying(
        retry=retry_if_exception_type((GatewayBusy, requests.ConnectionError, requests.Timeout)),
        wait=_pause,
        stop=stop_before_delay(FRAME_WORTH_SECONDS),
        reraise=True,
    )
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": content_type,
        "Idempotency-Key": f'"{uuid4()}"',
        "Prefer": f"wait={wait}",
    }
    return attempts(_post, f"{gateway_url}/v1/recognitions", frame, headers, timeout=wait + 10)


def _post(url: str, frame: bytes, headers: dict[str, str], *, timeout: int) -> dict[str, Any]:
    answer = requests.post(url, data=frame, headers=headers, timeout=timeout)
    if answer.ok:
        return answer.json()
    problem = answer.json() if "json" in answer.headers.get("Content-Type", "") else {}
    refused = f"{answer.status_code} {problem.get('title', answer.reason)}: {problem.get('detail', '')}"
    advice = answer.headers.get("Retry-After", "")
    if answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE and advice.isdecimal():
        raise GatewayBusy(refused, int(advice))
    raise GatewayRefused(refused)


def _pause(attempt: RetryCallState) -> float:
    error = attempt.outcome.exception() if attempt.outcome else None
    advice = error.retry_after if isinstance(error, GatewayBusy) else 0
    # programs that failed together should not come back together
    return advice + _PAUSES(attempt)
