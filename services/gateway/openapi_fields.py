"""Parameters and header fields that several routes declare."""

from services.gateway.cursors import LONGEST_CURSOR, MOST_ON_A_PAGE, USUAL_ON_A_PAGE
from services.gateway.openapi import Field, Parameter
from services.gateway.problems import CROSS_SITE, INVALID_CURSOR, INVALID_IDEMPOTENCY_KEY, INVALID_QUERY

CURSOR = Parameter(
    "cursor",
    "query",
    "Where the list goes on: the `next_cursor` of its page before. It belongs to one list and one token.",
    {"type": "string", "maxLength": LONGEST_CURSOR},
    (INVALID_CURSOR,),
)
LIMIT = Parameter(
    "limit",
    "query",
    "How many items a page has at most.",
    {"type": "integer", "minimum": 1, "maximum": MOST_ON_A_PAGE, "default": USUAL_ON_A_PAGE},
    (INVALID_QUERY,),
)
#: What every list takes.
PAGE = (CURSOR, LIMIT)
IDEMPOTENCY_KEY = Parameter(
    "Idempotency-Key",
    "header",
    "A string in quotes, a new UUID for example. The same request again, within a day, is not done again.",
    {"type": "string", "minLength": 3, "maxLength": 257, "pattern": r'^"[ !#-\[\]-~]{1,255}"$'},
    (INVALID_IDEMPOTENCY_KEY,),
)
IF_MATCH = Parameter(
    "If-Match",
    "header",
    "The `ETag` of the version that is to be changed; without it, whichever stands.",
    {"type": "string", "pattern": r'^(\*|"[1-9][0-9]{0,15}")$'},
)
CSRF_TOKEN = Parameter(
    "X-CSRF-Token",
    "header",
    "The session's `csrf_token`; with a session, whatever changes something needs it.",
    {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    (CROSS_SITE,),
    required=True,
)
PREFER = Parameter(
    "Prefer",
    "header",
    "`wait=8`: how many seconds the answer may take (RFC 7240). What cannot be understood is passed over.",
    {"type": "string"},
)

LOCATION = Field("Location", "Where to look for it.", {"type": "string", "format": "uri-reference"})
ETAG = Field("ETag", "Its version, for `If-Match`.", {"type": "string", "pattern": r'^"[1-9][0-9]{0,15}"$'})
RETRY_AFTER = Field(
    "Retry-After", "Seconds after which to try again.", {"type": "string", "pattern": "^[0-9]+$"}
)
PREFERENCE_APPLIED = Field(
    "Preference-Applied",
    "How long the answer could have taken.",
    {"type": "string", "pattern": "^wait=[0-9]+$"},
)
CONTENT_DISPOSITION = Field("Content-Disposition", "What to call the file.", {"type": "string"})
