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
    "No token",
    "The request carries no token. Send a kiosk's or, to the people API, a program's as "
    "'Authorization: Bearer <token>'.",
)
WRONG_TOKEN = ProblemType(
    "wrong-token",
    HTTPStatus.UNAUTHORIZED,
    "Wrong token",
    "The token was revoked or never issued, or is of another kind: kiosks have frames recognised, programs "
    "with API tokens work with people, and neither does the other's. Register the kiosk, or create an API "
    "token, and use the new one.",
)
INSUFFICIENT_SCOPE = ProblemType(
    "insufficient-scope",
    HTTPStatus.FORBIDDEN,
    "This is not allowed",
    "A token allows what it was created for and a role what it is for, and this request is something else. "
    "The answer names the scope that it needs: ask an admin to do it, or create a token with it.",
)
WRONG_CREDENTIALS = ProblemType(
    "wrong-credentials",
    HTTPStatus.UNAUTHORIZED,
    "Wrong login or password",
    "Nobody who may sign in has this login and password. Try again; an admin can set another password.",
)
SESSION_ENDED = ProblemType(
    "session-ended",
    HTTPStatus.UNAUTHORIZED,
    "The session has ended",
    "Sessions end when they are idle or old, and when the operator's password, role or status changes. Sign "
    "in again.",
)
CROSS_SITE = ProblemType(
    "cross-site",
    HTTPStatus.FORBIDDEN,
    "Not sent by a page of ours",
    "What changes something with an operator's session is sent from a page of the same origin, with the "
    "session's CSRF token in X-CSRF-Token. GET /v1/session tells it.",
)
TLS_NEEDED = ProblemType(
    "tls-needed",
    HTTPStatus.FORBIDDEN,
    "Sign in over TLS",
    "Passwords and sessions do not travel a network in the clear. Use https, or the machine itself.",
)
UNUSABLE_PASSWORD = ProblemType(
    "unusable-password",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "The password would be guessed",
    "A password has 12 to 256 characters, is not the login, and is none of those that are guessed first. "
    "Choose another.",
)
TOO_MANY_TRIES = ProblemType(
    "too-many-tries",
    HTTPStatus.TOO_MANY_REQUESTS,
    "Tried too often",
    "Passwords and codes may be tried a few times. Retry-After tells when to try again.",
)
TOO_MANY_SIGN_INS = ProblemType(
    "too-many-sign-ins",
    HTTPStatus.SERVICE_UNAVAILABLE,
    "Too many sign-ins at once",
    "Comparing passwords is slow by intent, and few are compared at a time. Try again a little later.",
)
LAST_ADMIN = ProblemType(
    "last-admin",
    HTTPStatus.CONFLICT,
    "The last admin",
    "Somebody has to be left who may change operators. Make another operator an admin first.",
)
OPERATOR_CHANGED = ProblemType(
    "operator-changed",
    HTTPStatus.PRECONDITION_FAILED,
    "The operator was changed meanwhile",
    "The operator is not as the request supposes: somebody changed or removed them. Read them again.",
)
OPERATOR_EXISTS = ProblemType(
    "operator-exists",
    HTTPStatus.CONFLICT,
    "The login is taken",
    "Another operator has this login. Logins are compared without regard to case.",
)
OWN_ACCOUNT = ProblemType(
    "own-account",
    HTTPStatus.CONFLICT,
    "That is yourself",
    "Nobody changes their own role or status or removes themselves, so that nobody locks themselves out.",
)
UNKNOWN_OPERATOR = ProblemType(
    "unknown-operator",
    HTTPStatus.NOT_FOUND,
    "Unknown operator",
    "No operator has this login. GET /v1/operators lists them.",
)
UNKNOWN_TOKEN = ProblemType(
    "unknown-token",
    HTTPStatus.NOT_FOUND,
    "Unknown token",
    "No token that stands has this id. GET /v1/tokens lists them.",
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
    "The Idempotency-Key is a string in quotes of 1 to 255 ASCII characters, a new UUID for example.",
)
IDEMPOTENCY_KEY_REUSED = ProblemType(
    "idempotency-key-reused",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "Idempotency-Key used for another request",
    "Other frames, or another person, came with this key within the last day. Send a fresh key for each.",
)
INVALID_BODY = ProblemType(
    "invalid-body",
    HTTPStatus.BAD_REQUEST,
    "The body is no JSON object",
    "The request's body is empty, cut off, or not JSON in UTF-8. Send one JSON object.",
)
BODY_TOO_LARGE = ProblemType(
    "body-too-large",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "Body too large",
    "The request's body has more bytes than such a request needs. Send fewer things at once.",
)
BODY_TOO_SLOW = ProblemType(
    "body-too-slow",
    HTTPStatus.REQUEST_TIMEOUT,
    "Body arrived too slowly",
    "The request's body did not arrive in time. Send it again; put large photos into S3 directly.",
)
UNSUPPORTED_BODY_TYPE = ProblemType(
    "unsupported-body-type",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "Unsupported type of body",
    "People are sent as application/json; changes of them as that or as application/merge-patch+json.",
)
INVALID_FIELDS = ProblemType(
    "invalid-fields",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "Fields that cannot be taken",
    "The body has a field that is unknown, missing, too long or of the wrong kind; the answer names each.",
)
INVALID_QUERY = ProblemType(
    "invalid-query",
    HTTPStatus.BAD_REQUEST,
    "Query that cannot be taken",
    "A parameter in the URL's query is of the wrong kind. The answer says which values are taken.",
)
INVALID_PERIOD = ProblemType(
    "invalid-period",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "Period that cannot be taken",
    "A period's days are of this century and in order, and no more than the route takes.",
)
INVALID_CURSOR = ProblemType(
    "invalid-cursor",
    HTTPStatus.BAD_REQUEST,
    "No cursor of this list",
    "A cursor leads on in the list that gave it, with the same search and token. Leave it out to begin anew.",
)
UNKNOWN_PERSON = ProblemType(
    "unknown-person",
    HTTPStatus.NOT_FOUND,
    "Unknown person",
    "No person has this id, or no longer. Ids are those that POST and GET /v1/people answered with.",
)
PERSON_CHANGED = ProblemType(
    "person-changed",
    HTTPStatus.PRECONDITION_FAILED,
    "The person was changed meanwhile",
    "The person is not as the request supposes: somebody changed them. Read the person again, and try again.",
)
PERSON_DELETING = ProblemType(
    "person-deleting",
    HTTPStatus.CONFLICT,
    "The person is being deleted",
    "A person who is being deleted takes neither changes nor photos. Create them anew if need be.",
)
UNKNOWN_DELETION = ProblemType(
    "unknown-deletion",
    HTTPStatus.NOT_FOUND,
    "Unknown deletion",
    "No deletion has this id. Ids are those that DELETE /v1/people/<id> answered with.",
)
UNKNOWN_ENROLLMENT = ProblemType(
    "unknown-enrollment",
    HTTPStatus.NOT_FOUND,
    "Unknown enrollment",
    "No enrollment has this id, or its photo has not arrived yet. Ask again when it was sent.",
)
PHOTO_ON_ITS_WAY = ProblemType(
    "photo-on-its-way",
    HTTPStatus.CONFLICT,
    "The photo is being enrolled",
    "A photo is removed when its enrollment is finished, whatever came of it. Ask for the enrollment, and "
    "try again then.",
)
NOT_HELD = ProblemType(
    "not-held",
    HTTPStatus.CONFLICT,
    "The photo does not wait for a decision",
    "Only a photo that is held, because its face resembles another person's, can be decided about, and once.",
)
NO_PHOTO = ProblemType(
    "no-photo",
    HTTPStatus.BAD_REQUEST,
    "No photo in the request",
    "The body is empty or incomplete, or its form has not exactly one file 'image'. Send one photo.",
)
PHOTO_TOO_LARGE = ProblemType(
    "photo-too-large",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "Photo too large",
    "The photo has more bytes than are taken. Send a smaller one.",
)
UNSUPPORTED_PHOTO_TYPE = ProblemType(
    "unsupported-photo-type",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "Unsupported type of photo",
    "Photos are image/jpeg, image/png, image/webp, image/heic or image/heif.",
)
UNKNOWN_INVITATION = ProblemType(
    "unknown-invitation",
    HTTPStatus.NOT_FOUND,
    "Unknown invitation",
    "The person was not sent an invitation with this id, or it is forgotten, a month after it has ended.",
)
INVITATION_EXPIRED = ProblemType(
    "invitation-expired",
    HTTPStatus.FORBIDDEN,
    "The invitation has expired",
    "An invitation is good for some days. Ask whoever sent it for a new one.",
)
INVITATION_REVOKED = ProblemType(
    "invitation-revoked",
    HTTPStatus.FORBIDDEN,
    "The invitation was taken back",
    "Whoever sent the invitation has ended it, or is about to remove what is kept of the person. Ask them.",
)
INVITATION_USED_UP = ProblemType(
    "invitation-used-up",
    HTTPStatus.CONFLICT,
    "No more photos are taken",
    "An invitation is good for some photos. Remove one to send another, or ask whoever sent the invitation.",
)
CONSENT_NEEDED = ProblemType(
    "consent-needed",
    HTTPStatus.CONFLICT,
    "Nobody agreed yet",
    "No photo is taken before the invited person has agreed to be recognised, or after they withdrew that.",
)
CONSENT_TEXT_CHANGED = ProblemType(
    "consent-text-changed",
    HTTPStatus.CONFLICT,
    "The text is another one by now",
    "What is agreed to is the text that is shown today. Read it again, and agree to that one.",
)
PHOTO_KNOWN = ProblemType(
    "photo-known",
    HTTPStatus.CONFLICT,
    "The photo is there already",
    "The same file was sent for this person before, and not by this invitation. Take another photo.",
)
TOO_MANY_PHOTOS = ProblemType(
    "too-many-photos",
    HTTPStatus.SERVICE_UNAVAILABLE,
    "Too many photos at once",
    "The gateway takes a few photos at a time. Send it again a little later, or put large sets into S3.",
)
UNKNOWN_BATCH = ProblemType(
    "unknown-batch",
    HTTPStatus.NOT_FOUND,
    "Unknown batch",
    "No batch with this id was submitted to the API. Ids are those that POST /v1/batches answered with.",
)
INVALID_BATCH = ProblemType(
    "invalid-batch",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "The batch cannot be read",
    "The body is no ZIP archive, is cut off, or unpacks to far more than it holds. Make it again.",
)
ARCHIVE_TOO_LARGE = ProblemType(
    "archive-too-large",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "Archive too large",
    "The archive has more bytes than the gateway takes itself. Put it into S3 with a form from POST "
    "/v1/batches/uploads, and submit where it lies.",
)
TOO_MANY_ARCHIVES = ProblemType(
    "too-many-archives",
    HTTPStatus.SERVICE_UNAVAILABLE,
    "Too many archives at once",
    "The gateway takes few archives at a time. Send it again a little later, or put it into S3.",
)
FORBIDDEN_SOURCE = ProblemType(
    "forbidden-source",
    HTTPStatus.FORBIDDEN,
    "Batches are not read from there",
    "A batch lies below batches/ in the stack's own bucket, or in a bucket that the operator allowed.",
)
UNKNOWN_RECOGNITION = ProblemType(
    "unknown-recognition",
    HTTPStatus.NOT_FOUND,
    "Unknown recognition",
    "No recognition of this kiosk has this id. Ids are those that POST /v1/recognitions answered with.",
)
UNKNOWN_KIOSK = ProblemType(
    "unknown-kiosk",
    HTTPStatus.NOT_FOUND,
    "Unknown kiosk",
    "No kiosk has this id, or no longer. Ids are those that POST and GET /v1/kiosks answered with.",
)
KIOSK_EXISTS = ProblemType(
    "kiosk-exists",
    HTTPStatus.CONFLICT,
    "There is such a kiosk",
    "A kiosk with this id is registered. Change it, give it a new pairing code, or choose another id.",
)
KIOSK_CHANGED = ProblemType(
    "kiosk-changed",
    HTTPStatus.PRECONDITION_FAILED,
    "The kiosk was changed meanwhile",
    "The kiosk is not as the request supposes: somebody changed it. Read it again, and try again.",
)
WRONG_PAIRING_CODE = ProblemType(
    "wrong-pairing-code",
    HTTPStatus.FORBIDDEN,
    "The pairing code does not work",
    "The code was mistyped, used, replaced by a newer one, or is older than 15 minutes. Have a new one made.",
)
TOKEN_CHANGED = ProblemType(
    "token-changed",
    HTTPStatus.CONFLICT,
    "The token was changed meanwhile",
    "The kiosk was paired anew, or another request changed its token. Use the newest one that it was given.",
)
UNSIGNED_FRAME = ProblemType(
    "unsigned-frame",
    HTTPStatus.FORBIDDEN,
    "The frame is not signed",
    "This kiosk's frames count only with time, nonce and signature. docs/kiosk-api.md says how to sign.",
)
WRONG_SIGNATURE = ProblemType(
    "wrong-signature",
    HTTPStatus.FORBIDDEN,
    "The signature is wrong",
    "The frame's signature does not fit its time, nonce and body, or one of them has not the form it should.",
)
STALE_FRAME = ProblemType(
    "stale-frame",
    HTTPStatus.FORBIDDEN,
    "The frame is not fresh",
    "The time in the frame's signature is too far from the gateway's. Set the kiosk's clock, and send a new "
    "frame.",
)
REPLAYED_FRAME = ProblemType(
    "replayed-frame",
    HTTPStatus.CONFLICT,
    "The frame came before",
    "A signed request counts once. Whoever repeats one signs it anew, with a new nonce.",
)
UNKNOWN_ACCESS_RECORD = ProblemType(
    "unknown-access-record",
    HTTPStatus.NOT_FOUND,
    "Unknown zone, door, rule or holiday calendar",
    "There is none with this id, or not any more. Ids are those that were given when it was added.",
)
ACCESS_RECORD_EXISTS = ProblemType(
    "access-record-exists",
    HTTPStatus.CONFLICT,
    "The id is taken",
    "There is a zone, door, rule or holiday calendar with this id already. Change that one, or give another.",
)
ACCESS_RECORD_CHANGED = ProblemType(
    "access-record-changed",
    HTTPStatus.PRECONDITION_FAILED,
    "It was changed meanwhile",
    "It is not as the request supposes: somebody changed it, or something else at the same time. Read it "
    "again, and try again.",
)
ACCESS_RECORD_IN_USE = ProblemType(
    "access-record-in-use",
    HTTPStatus.CONFLICT,
    "Something else needs it",
    "A zone with doors, and whatever a rule names, cannot be removed, nor what is locked. The answer names "
    "what needs it.",
)
UNKNOWN_REFERENCE = ProblemType(
    "unknown-reference",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "It names what is not there",
    "A door names its zone, and a rule doors, zones and holiday calendars. The answer says which of them is "
    "not there. Add it first.",
)
TOO_MANY_ACCESS_RECORDS = ProblemType(
    "too-many-access-records",
    HTTPStatus.CONFLICT,
    "As many as can be",
    "There are as many zones, doors, rules or holiday calendars as are taken. Remove one first, or let one "
    "rule name more groups, doors and zones.",
)
NO_ACTION = ProblemType(
    "no-action",
    HTTPStatus.NOT_FOUND,
    "The door does nothing",
    "No webhook, queue or event bus was set for the door. Set one with PUT /v1/doors/<id>/action.",
)
ACTION_CHANGED = ProblemType(
    "action-changed",
    HTTPStatus.PRECONDITION_FAILED,
    "What the door does was changed meanwhile",
    "The action is not as the request supposes: somebody changed it. Read it again, and try again.",
)
UNUSABLE_TARGET = ProblemType(
    "unusable-target",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "No webhook may lead there",
    "Webhooks are https, or http to a private network where that is allowed, and lead to no address that "
    "clouds keep for themselves. The host's name has to be known.",
)
UNKNOWN_EMERGENCY = ProblemType(
    "unknown-emergency",
    HTTPStatus.NOT_FOUND,
    "Unknown emergency",
    "No emergency with this id was confirmed. Ids are those that POST /v1/emergencies answered with.",
)
WRONG_CONFIRMATION = ProblemType(
    "wrong-confirmation",
    HTTPStatus.FORBIDDEN,
    "This confirms nothing",
    "An emergency is confirmed within a minute, by the token or session that asked for it, with what it got.",
)
UNKNOWN_QUEUE = ProblemType(
    "unknown-queue",
    HTTPStatus.NOT_FOUND,
    "Unknown queue",
    "No job queue has this name. GET /v1/dead-letters lists those that have dead letters.",
)
UNKNOWN_DEAD_LETTER = ProblemType(
    "unknown-dead-letter",
    HTTPStatus.NOT_FOUND,
    "Unknown dead letter",
    "The message was sent again, deleted, or has expired; or somebody else has it just now. List them again.",
)
NOT_REDRIVABLE = ProblemType(
    "not-redrivable",
    HTTPStatus.CONFLICT,
    "Sending it again would do nothing",
    "What the message asks for has been of no use for long, or it asks for nothing. It can be deleted.",
)
DRIFT_CHECK_RUNNING = ProblemType(
    "drift-check-running",
    HTTPStatus.CONFLICT,
    "A check is running",
    "One check for drift runs at a time. GET /v1/drift-checks/latest tells how far it is.",
)
NO_DRIFT_CHECK = ProblemType(
    "no-drift-check",
    HTTPStatus.NOT_FOUND,
    "Nobody has looked yet",
    "No check for drift was started yet. POST /v1/drift-checks starts one.",
)
UNAVAILABLE = ProblemType(
    "unavailable",
    HTTPStatus.SERVICE_UNAVAILABLE,
    "Temporarily unavailable",
    "Something the gateway needs cannot be reached just now. Doors stay shut; try again a little later.",
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

TOO_MANY_WATCHERS = ProblemType(
    "too-many-watchers",
    HTTPStatus.SERVICE_UNAVAILABLE,
    "Too many watch",
    "A process tells so many pages of decisions as they are made. Ask for the list now and then.",
)

#: Every type above, by slug: none can be left out.
PROBLEM_TYPES: Mapping[str, ProblemType] = {
    defined.slug: defined for defined in tuple(globals().values()) if isinstance(defined, ProblemType)
}
