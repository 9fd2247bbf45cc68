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
from services.contracts.kiosk_signatures import TIME, signed_headers
from services.contracts.kiosks import Kiosk
from services.contracts.tokens import KioskToken

#: As long as the gateway itself finds a frame worth deciding about, unless it is told otherwise.
FRAME_WORTH_SECONDS = 8
_PATIENCE_SECONDS = 10
_PAUSES = wait_random_exponential(multiplier=0.2, max=2)


class GatewayRefused(Exception):
    """The gateway did not take a request; the message is its problem's title and detail."""


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


def register_kiosk(
    aws: Aws,
    token: KioskToken | None,
    door_id: str,
    kiosk_id: str | None = None,
    *,
    name: str | None = None,
    signed: bool | None = None,
) -> None:
    """Register a kiosk at a door; an earlier token of it ends.

    Parameters
    ----------
    token : KioskToken, optional
        None if the kiosk is to be paired.
    kiosk_id : str, optional
        The token's if left out.
    name, signed : optional
        What to call it, and whether its frames count only when they are signed; as they were if left out.

    Raises
    ------
    ValueError
        If neither token nor id is given.
    AwsError
        If the table cannot be written.
    """
    registered_as = kiosk_id or (token.kiosk_id if token else "")
    if not registered_as:
        raise ValueError("a kiosk without a token needs an id")
    store = KioskStore(aws)
    before = store.get(registered_as)
    store.put(
        Kiosk(
            kiosk_id=registered_as,
            name=name or (before.name if before else None),
            door_id=door_id,
            token_sha256=token.sha256 if token else None,
            signed_frames_only=before.signed_frames_only if before and signed is None else bool(signed),
            created_at=before.created_at if before else datetime.now(UTC),
            version=before.version + 1 if before else 1,
        )
    )


def pair(gateway_url: str, code: str) -> dict[str, Any]:
    """Exchange a pairing code for a token.

    Returns
    -------
    dict
        The gateway's answer, with ``kiosk_id``, ``door_id`` and ``token``.

    Raises
    ------
    GatewayRefused
        If the code does not work.
    requests.RequestException
        If the gateway cannot be reached.
    """
    return _answered(
        requests.post(f"{gateway_url}/v1/kiosks/pairing", json={"code": code}, timeout=_PATIENCE_SECONDS)
    )


def rotate(gateway_url: str, token: str) -> dict[str, Any]:
    """Get a new token for a kiosk's token.

    Returns
    -------
    dict
        The gateway's answer, with ``token`` and ``previous_token_until``.

    Raises
    ------
    GatewayRefused
        If the token is no kiosk's any more.
    requests.RequestException
        If the gateway cannot be reached.
    """
    headers = {"Authorization": f"Bearer {token}"}
    return _answered(
        requests.post(f"{gateway_url}/v1/kiosk/token", headers=headers, timeout=_PATIENCE_SECONDS)
    )


def recognize(
    gateway_url: str, token: str, frame: bytes, content_type: str, wait: int, *, sign: bool = False
) -> dict[str, Any]:
    """Post a frame and wait for the decision.

    While the frame is worth anything it is posted again, with the same Idempotency-Key, when the gateway
    cannot be reached or is busy: it is decided about once.

    Parameters
    ----------
    wait : int
        Seconds to wait for the decision.
    sign : bool
        Whether to sign the frame, so that it counts once and while it is fresh.

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
    signer = KioskToken.parse(token) if sign else None

    def post() -> dict[str, Any]:
        # each time anew: a signature counts once
        now = datetime.now(UTC)
        said = signed_headers(signer, frame, now) if signer else {TIME: f"{now.timestamp():.3f}"}
        url = f"{gateway_url}/v1/recognitions"
        # bandit does not see the timeout of a sum
        answer = requests.post(url, data=frame, headers=headers | said, timeout=wait + 10)  # nosec B113
        return _answered(answer)

    return attempts(post)


def _answered(answer: requests.Response) -> dict[str, Any]:
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
