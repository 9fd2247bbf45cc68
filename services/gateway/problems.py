"""What can go wrong, in words for people and in types for programs (RFC 9457)."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus


@dataclass(frozen=True)
class ProblemType:
    """A kind of problem, named by a stable URI.

    Attributes
    ----------
    slug : str
        Last part of its URI, ``/problems/<slug>``.
    explanation : str
        What it means and the way out; shown by a GET of the URI.
    """

    slug: str
    status: HTTPStatus
    title: str
    explanation: str

    @property
    def uri(self) -> str:
        """The ``type`` member of its problem documents, relative to the gateway."""
        return f"/problems/{self.slug}"


class Problem(Exception):
    """A request that ends in a problem document.

    Parameters
    ----------
    problem_type : ProblemType
        The kind of problem.
    detail : str
        What is wrong in this request, and the way out.
    headers : mapping of str to str, optional
        Response header fields that belong to it, like ``Retry-After``.
    """

    def __init__(
        self, problem_type: ProblemType, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.type = problem_type
        self.detail = detail
        self.headers = dict(headers or {})


NO_TOKEN = ProblemType(
    "no-token",
    HTTPStatus.UNAUTHORIZED,
    "No kiosk token",
    "The request carries no kiosk token. Send a registered kiosk's as 'Authorization: Bearer <token>'.",
)
WRONG_TOKEN = ProblemType(
    "wrong-token",
    HTTPStatus.UNAUTHORIZED,
    "Wrong kiosk token",
    "The token belongs to no registered kiosk, or was revoked. Register the kiosk and use its new token.",
)
NO_FRAME = ProblemType(
    "no-frame",
    HTTPStatus.BAD_REQUEST,
    "No frame in the request",
    "The body is empty or incomplete, or its form has no file 'image'. Send a JPEG or PNG picture.",
)
FRAME_TOO_LARGE = ProblemType(
    "frame-too-large",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "Frame too large",
    "The frame has more bytes than the gateway takes. Send a smaller picture; 640x480 pixels are plenty.",
)
FRAME_TOO_SLOW = ProblemType(
    "frame-too-slow",
    HTTPStatus.REQUEST_TIMEOUT,
    "Frame arrived too slowly",
    "The request's body did not arrive in time. Send it again, or a smaller picture.",
)
UNSUPPORTED_FRAME_TYPE = ProblemType(
    "unsupported-frame-type",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "Unsupported type of frame",
    "Frames are image/jpeg or image/png, as the body or as the file 'image' of multipart/form-data.",
)
UNREADABLE_FRAME = ProblemType(
    "unreadable-frame",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "Frame cannot be read",
    "The frame is not a picture of the type it is sent as, or is damaged or cut off. Take and send it again.",
)
FRAME_DIMENSIONS = ProblemType(
    "frame-dimensions",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "Frame too small or too big in pixels",
    "The picture's width and height are outside of what can be recognised. Send one of about 640x480 pixels.",
)
TOO_MANY_FRAMES = ProblemType(
    "too-many-frames",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "Too many frames",
    "A recognition has up to 5 frames of one visitor, each a file 'image' of one form. Send the best ones.",
)
INVALID_IDEMPOTENCY_KEY = ProblemType(
    "invalid-idempotency-key",
    HTTPStatus.BAD_REQUEST,
    "Invalid Idempotency-Key",
    "The Idempotency-Key is a string in quotes of 1 to 255 ASCII characters. Send a new UUID a capture.",
)
IDEMPOTENCY_KEY_REUSED = ProblemType(
    "idempotency-key-reused",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "Idempotency-Key used for other frames",
    "The kiosk sent other frames with this key within the last day. Send a fresh key for every capture.",
)
UNKNOWN_RECOGNITION = ProblemType(
    "unknown-recognition",
    HTTPStatus.NOT_FOUND,
    "Unknown recognition",
    "No recognition of this kiosk has this id. Ids are those that POST /v1/recognitions answered with.",
)
UNAVAILABLE = ProblemType(
    "unavailable",
    HTTPStatus.SERVICE_UNAVAILABLE,
    "Temporarily unavailable",
    "Something the gateway needs cannot be reached just now. The door stays shut; try again a little later.",
)
OVERLOADED = ProblemType(
    "overloaded",
    HTTPStatus.SERVICE_UNAVAILABLE,
    "Too many frames at once",
    "More frames arrive than can be decided in time, so this one was not taken. Send a new one later.",
)
NOT_READY = ProblemType(
    "not-ready",
    HTTPStatus.SERVICE_UNAVAILABLE,
    "Not ready",
    "The gateway runs but cannot take frames yet or any more: its queue, table or replies are out of reach.",
)
INTERNAL = ProblemType(
    "internal-error",
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "Internal error",
    "Something went wrong on the gateway's side. Its log has the details under the error id of the answer.",
)

PROBLEM_TYPES: Mapping[str, ProblemType] = {
    problem_type.slug: problem_type
    for problem_type in (
        NO_TOKEN,
        WRONG_TOKEN,
        NO_FRAME,
        FRAME_TOO_LARGE,
        FRAME_TOO_SLOW,
        UNSUPPORTED_FRAME_TYPE,
        UNREADABLE_FRAME,
        FRAME_DIMENSIONS,
        TOO_MANY_FRAMES,
        INVALID_IDEMPOTENCY_KEY,
        IDEMPOTENCY_KEY_REUSED,
        UNKNOWN_RECOGNITION,
        UNAVAILABLE,
        OVERLOADED,
        NOT_READY,
        INTERNAL,
    )
}
