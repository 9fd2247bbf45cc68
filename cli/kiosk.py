"""A kiosk as a program: registered, and posting frames to the gateway."""

from datetime import UTC, datetime
from typing import Any

import requests

from services.aws.connection import Aws
from services.aws.kiosks import KioskStore
from services.contracts.domain import Kiosk
from services.contracts.tokens import KioskToken


class GatewayRefused(Exception):
    """The gateway did not take the frame; the message is its problem's detail."""


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
    answer = requests.post(
        f"{gateway_url}/v1/recognitions",
        data=frame,
        headers={
            "Authorization": f"Bearer {token}",
            "Content-Type": content_type,
            "Prefer": f"wait={wait}",
        },
        timeout=wait + 10,
    )
    if not answer.ok:
        problem = answer.json() if "json" in answer.headers.get("Content-Type", "") else {}
        raise GatewayRefused(
            f"{answer.status_code} {problem.get('title', answer.reason)}: {problem.get('detail', '')}"
        )
    return answer.json()
