"""What the gateway reads from the environment."""

from datetime import timedelta
from typing import Annotated, Any

from limits import parse as parse_rate_limit
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from services.contracts.sessions import SessionTimes

KIBIBYTE = 1024
#: All frames of a message together. In base64 they are 1,000 KiB, which leaves 24 KiB of SQS's largest
#: message, 1 MiB, for the job around them.
MOST_INLINE_FRAME_BYTES = 750 * KIBIBYTE
#: Whoever needs longer for a frame has a network on which no visitor waits.
_BODY_TIMEOUT_SECONDS = 5.0


def _body_timeout(settings: dict[str, Any]) -> float:
    return min(_BODY_TIMEOUT_SECONDS, settings["recognition_deadline"])


def _rate_limit(text: str) -> str:
    parse_rate_limit(text)
    return text


def _divided(value: object) -> object:
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


def _form_bytes(settings: dict[str, Any]) -> int:
    return 2 * settings["max_frame_bytes"]


class GatewaySettings(BaseSettings):
    """Settings of the gateway, each ``FACEGATE_`` plus its name in capitals.

    Attributes
    ----------
    max_frame_bytes : int
        Largest frame taken. Rekognition itself takes 5 MB as bytes.
    max_form_bytes : int
        Most bytes of all frames of a form together; twice `max_frame_bytes` if left out.
    max_frame_pixels : int
        Most pixels (width times height) a frame may have, read from its header before decoding.
    min_frame_side : int
        Fewest pixels a side may have; Rekognition's own limit is 80.
    needed_frame_side : int
        Longest side in pixels that recognition gains from; larger frames are made smaller before they are
        queued. At 1280 a face that Rekognition can find still has its 40 pixels.
    inline_frame_bytes : int
        Frames up to this size travel in their message, base64 in JSON, larger ones through S3; several of one
        visitor if they have it on average and fit into one message.
    recognition_deadline : float
        Seconds after which an answer has lost its worth to the person at the door.
    tolerable_delay : float
        Seconds that a decision may take before the gateway has fewer frames under way and refuses more.
    max_wait : int
        Most seconds a request may wait for its decision, whatever ``Prefer: wait`` asks.
    body_timeout : float
        Seconds within which a request's body has to arrive; 5 if left out, or the deadline if that is less.
    frames_read_at_once : int
        Frames decoded at the same time by a process; one of the most pixels takes 70 MB.
    max_photo_bytes : int
        Largest enrolment photo taken, also by S3 with a form of ours; the enroll worker's own limit is
        ``FACEGATE_ENROLL_MAX_BYTES``.
    photos_taken_at_once : int
        Photos on their way in at the same time in a process, each held in memory whole.
    photo_timeout : float
        Seconds within which a photo, or the JSON of a program, has to arrive.
    max_archive_bytes : int
        Largest ZIP archive that the gateway takes itself, in memory.
    max_uploaded_archive_bytes : int
        Largest one that a form of ours puts into S3; S3 takes 5 GB of a form.
    archives_taken_at_once : int
        Archives on their way in at the same time in a process, each held in memory whole.
    archive_timeout : float
        Seconds within which an archive has to arrive.
    batch_buckets : tuple of str
        Buckets, divided by commas, that programs may have batches read from, beside the stack's own; the
        enroll worker needs the right to read them.
    pairing_limit, pairing_limit_of_all : str
        How often pairing codes may be tried from one address, and by all together, at a process; as
        ``10/minute`` or ``5 per 10 seconds``.
    signed_frames_only : bool
        Whether all kiosks have to sign their frames, and not only those that are registered so.
    invitation_limit : str
        How many wrong tokens of invitations an address may show, at a process, before none is looked up.
    invited_photos_at_once : int
        Photos of the invited on their way in at the same time in a process, each held in memory whole.
    sign_in_limit : str
        How often signing in may be tried from one address, at a process; as ``30/minute`` or ``5 per 10
        seconds``.
    sign_in_limit_of_login : str
        The same for one login.
    passwords_at_once : int
        Passwords compared at the same time by a process; each takes 64 MiB and a core.
    session_idle : float
        Seconds without a request after which an operator's session ends.
    session_longest : float
        Seconds from sign-in after which it ends in any case.
    watchers : int
        Most pages of the console that a process tells of decisions as they are made; each holds a thread.
    proxies : int
        How many proxies stand before the gateway, each of which adds to ``X-Forwarded-For`` and
        ``X-Forwarded-Proto``. 0 if none: what clients say there counts for nothing then.
    hsts_seconds : int
        How long browsers that came by TLS are to come by it alone (Strict-Transport-Security). 0 if they are
        not told; 31536000, a year, is usual where TLS stays.
    reply_queue_abandoned_after : float
        Seconds of silence after which a gateway counts as killed and another removes its reply queue. Longer
        than the half hour that clocks may differ by.
    """

    model_config = SettingsConfigDict(env_prefix="FACEGATE_", frozen=True)

    max_frame_bytes: Annotated[int, Field(gt=0)] = 5_000_000
    max_form_bytes: Annotated[int, Field(gt=0)] = Field(default_factory=_form_bytes)
    max_frame_pixels: Annotated[int, Field(gt=0)] = 4096 * 4096
    min_frame_side: Annotated[int, Field(gt=0)] = 80
    needed_frame_side: Annotated[int, Field(ge=640)] = 1280
    inline_frame_bytes: Annotated[int, Field(ge=0, le=MOST_INLINE_FRAME_BYTES)] = 256 * KIBIBYTE
    recognition_deadline: Annotated[float, Field(gt=0)] = 8.0
    tolerable_delay: Annotated[float, Field(gt=0)] = 0.8
    max_wait: Annotated[int, Field(ge=0)] = 10
    body_timeout: Annotated[float, Field(gt=0)] = Field(default_factory=_body_timeout)
    frames_read_at_once: Annotated[int, Field(gt=0)] = 4
    max_photo_bytes: Annotated[int, Field(gt=0)] = 30_000_000
    photos_taken_at_once: Annotated[int, Field(gt=0)] = 8
    photo_timeout: Annotated[float, Field(gt=0)] = 30.0
    max_archive_bytes: Annotated[int, Field(gt=0)] = 50_000_000
    max_uploaded_archive_bytes: Annotated[int, Field(gt=0, le=5_000_000_000)] = 5_000_000_000
    archives_taken_at_once: Annotated[int, Field(gt=0)] = 2
    archive_timeout: Annotated[float, Field(gt=0)] = 120.0
    batch_buckets: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_divided)] = ()
    pairing_limit: Annotated[str, AfterValidator(_rate_limit)] = "10/minute"
    pairing_limit_of_all: Annotated[str, AfterValidator(_rate_limit)] = "60/minute"
    signed_frames_only: bool = False
    invitation_limit: Annotated[str, AfterValidator(_rate_limit)] = "20/minute"
    invited_photos_at_once: Annotated[int, Field(gt=0)] = 4
    sign_in_limit: Annotated[str, AfterValidator(_rate_limit)] = "30/minute"
    sign_in_limit_of_login: Annotated[str, AfterValidator(_rate_limit)] = "10/minute"
    passwords_at_once: Annotated[int, Field(gt=0)] = 1
    session_idle: Annotated[float, Field(gt=0)] = 30 * 60.0
    session_longest: Annotated[float, Field(gt=0)] = 12 * 3600.0
    watchers: Annotated[int, Field(ge=0)] = 64
    proxies: Annotated[int, Field(ge=0)] = 0
    hsts_seconds: Annotated[int, Field(ge=0)] = 0
    reply_queue_abandoned_after: Annotated[float, Field(gt=0)] = 3600.0

    @property
    def session_times(self) -> SessionTimes:
        """How long operators' sessions last."""
        return SessionTimes(timedelta(seconds=self.session_idle), timedelta(seconds=self.session_longest))


class ServerSettings(BaseSettings):
    """How gunicorn serves the gateway, each ``FACEGATE_GATEWAY_`` plus its name in capitals.

    Attributes
    ----------
    bind : str
        Address and port it listens on.
    workers : int
        Processes; each has a reply queue of its own.
    threads : int
        Requests served at the same time by a process; every kiosk that waits holds one.
    head_timeout : float
        Seconds within which a client has to send a request's headers, all in all.
    client_silence : float
        Seconds within which a client has to send its next bytes, or it would hold a thread for ever.
    """

    model_config = SettingsConfigDict(env_prefix="FACEGATE_GATEWAY_", frozen=True)

    bind: str = "127.0.0.1:8000"
    workers: Annotated[int, Field(gt=0)] = 1
    threads: Annotated[int, Field(gt=0)] = 256
    head_timeout: Annotated[float, Field(gt=0)] = 5.0
    client_silence: Annotated[float, Field(gt=0)] = 5.0
