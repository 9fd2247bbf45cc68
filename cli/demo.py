"""The demonstration: one person enrolled through S3, one let in, one kept out."""

import io
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PIL import Image
from rich.console import Console

from cli.enrolling import enroll_photo
from cli.kiosk import recognize, register_kiosk
from cli.opening import open_to_everyone
from cli.portraits import eileen_collins, grace_hopper
from services.aws.connection import Aws, AwsSettings
from services.aws.operators import OperatorStore
from services.contracts.domain import EnrollmentStatus
from services.contracts.operators import Operator, Role
from services.contracts.reasons import RejectionReason
from services.contracts.tokens import KioskToken
from services.passwords import Passwords

KIOSK, DOOR, ADMIN = "demo-kiosk", "front-door", "demo"
_NAME = "Grace Hopper"
_PATIENCE_SECONDS = 30


class DemoFailed(Exception):
    """The demonstration did not show what it should."""


@dataclass(frozen=True)
class Ways:
    """How to go on by hand.

    Attributes
    ----------
    kiosk_url : str
        With the kiosk's token in its fragment.
    console_url : str
    password : str
        Of the operator `ADMIN`, made up for this demonstration and known to nobody else.
    """

    kiosk_url: str
    console_url: str
    password: str


def run(gateway_url: str, console: Console) -> Ways:
    """Enrol Grace Hopper, then post her and somebody else.

    Returns
    -------
    Ways
        To the kiosk page, and into the console.

    Raises
    ------
    DemoFailed
        If she is not let in, or somebody else is.
    """
    aws = Aws.connect(AwsSettings())
    open_to_everyone(aws, DOOR)
    kiosk = KioskToken.create(KIOSK)
    register_kiosk(aws, kiosk, DOOR)
    token = str(kiosk)
    _enroll(aws, console)
    granted = _post(gateway_url, token, grace_hopper(), console)
    if granted["outcome"] != "granted" or granted["person"]["full_name"] != _NAME:
        raise DemoFailed(f"{_NAME} was not let in: {granted['reason']}")
    denied = _post(gateway_url, token, eileen_collins(), console)
    if denied["outcome"] != "denied":
        raise DemoFailed("somebody who is not enrolled was let in")
    return Ways(f"{gateway_url}/kiosk#token={token}", f"{gateway_url}/console", _admit_admin(aws))


def _admit_admin(aws: Aws) -> str:
    """Give the demonstration's admin a new password: there is none that somebody might know."""
    password, store, now = secrets.token_urlsafe(12), OperatorStore(aws), datetime.now(UTC)
    password_hash = Passwords().hash(password)
    known = store.get(ADMIN)
    if known is None:
        store.create(
            Operator(operator_id=ADMIN, role=Role.ADMIN, password_hash=password_hash, created_at=now)
        )
    else:
        store.update(known, now, password_hash=password_hash)
    return password


def _enroll(aws: Aws, console: Console) -> None:
    began = time.monotonic()
    enrollment = enroll_photo(aws, grace_hopper(), _NAME, _PATIENCE_SECONDS)
    if enrollment.rejection is RejectionReason.SAME_PHOTO:
        console.print(f"[cyan]enrolled[/] {_NAME} the last time")
        return
    if enrollment.status is not EnrollmentStatus.INDEXED:
        raise DemoFailed(f"the portrait was not indexed: {enrollment.rejection}")
    console.print(
        f"[cyan]enrolled[/] {_NAME} from s3://{enrollment.bucket}/{enrollment.key} "
        f"in {time.monotonic() - began:.1f} s"
    )


def _post(gateway_url: str, token: str, portrait: Path, console: Console) -> dict[str, Any]:
    began = time.monotonic()
    decision = recognize(gateway_url, token, as_frame(portrait), "image/jpeg", wait=8)
    if decision["status"] != "decided":
        raise DemoFailed(f"no decision came for {portrait.name}; is a recognize worker running?")
    ms = (time.monotonic() - began) * 1000
    if decision["outcome"] == "granted":
        name, similarity = decision["person"]["full_name"], decision["similarity"]
        said = f"[bold green]granted[/]  {name}, similarity {similarity:.2f} %"
    else:
        said = f"[bold red]denied[/]   {decision['reason']}: {decision['message']}"
    console.print(f"{said} [dim]({portrait.name}, {ms:.0f} ms)[/]")
    return decision


def as_frame(portrait: Path) -> bytes:
    """Make a portrait what a kiosk's camera would have seen: 640x480, some distance away, JPEG.

    So the frame is another picture than the photo that was enrolled.
    """
    frame = Image.new("RGB", (640, 480), (96, 104, 112))
    with Image.open(portrait) as picture:
        person = picture.convert("RGB")
        person.thumbnail((400, 440))
        frame.paste(person, ((640 - person.width) // 2, 480 - person.height))
    encoded = io.BytesIO()
    frame.save(encoded, "JPEG", quality=85)
    return encoded.getvalue()
