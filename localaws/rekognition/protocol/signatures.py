"""AWS request signatures, version 4, checked as AWS checks them.

botocore's own signer computes what the signature should be.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, cast
from urllib.parse import quote

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from localaws.rekognition.protocol.access_keys import AccessKey
from localaws.rekognition.protocol.errors import ServiceError

#: How far a client's clock may be off.
_TOLERANCE = timedelta(minutes=5)

_TIME_FORMAT = "%Y%m%dT%H%M%SZ"
_SERVICE = "rekognition"
_ALGORITHM = "AWS4-HMAC-SHA256"
_PART = re.compile(r"(Credential|SignedHeaders|Signature)=([^,\s]+)")


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request as it came over the wire.

    Attributes
    ----------
    path, query : str
    headers : mapping of str to str
        Names in lower case.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Authorization:
    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str


class Keys(Protocol):
    """The keys that may sign; a dictionary is one."""

    def get(self, access_key_id: str, /) -> AccessKey | None:
        """Return a key by its id."""
        ...


class SignatureCheck:
    """Lets signed requests pass.

    Parameters
    ----------
    keys : Keys
        By access key id.
    region : str, optional
        The only region that requests may be signed for; any where it is missing.
    now : callable
        The time, with a time zone.
    """

    def __init__(
        self,
        keys: Keys,
        region: str | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._keys = keys
        self._region = region
        self._now = now

    def check(self, request: SignedRequest) -> str:
        """Check a request and return the id of the key that signed it.

        Raises
        ------
        ServiceError
            MissingAuthenticationTokenException, IncompleteSignatureException,
            UnrecognizedClientException or InvalidSignatureException.
        """
        authorization = _parse_authorization(request.headers)
        key = self._keys.get(authorization.access_key_id)
        sent_token = request.headers.get("x-amz-security-token")
        if key is None or not _equal(key.session_token or "", sent_token or ""):
            raise ServiceError(
                "UnrecognizedClientException", "The security token included in the request is invalid."
            )
        self._check_scope(authorization)
        signed_at = self._check_time(request.headers, authorization)
        expected = _expected_signature(request, authorization, key, signed_at)
        if not _equal(expected, authorization.signature):
            raise _invalid_signature(
                "The request signature we calculated does not match the signature you provided. Check "
                "your AWS Secret Access Key and signing method. Consult the service documentation for "
                "details."
            )
        return key.access_key_id

    def _check_scope(self, authorization: _Authorization) -> None:
        if authorization.service != _SERVICE:
            raise _invalid_signature(f"Credential should be scoped to correct service: '{_SERVICE}'.")
        if self._region is not None and authorization.region != self._region:
            raise _invalid_signature("Credential should be scoped to a valid region.")

    def _check_time(self, headers: Mapping[str, str], authorization: _Authorization) -> str:
        sent, now = headers.get("x-amz-date", ""), self._now()
        try:
            signed_at = datetime.strptime(sent, _TIME_FORMAT).replace(tzinfo=UTC)
        except ValueError as error:
            raise _incomplete(
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
            ) from error
        if sent[:8] != authorization.date:
            raise _invalid_signature(
                f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
                f"'{authorization.date}' != '{sent[:8]}', from '{sent}'."
            )
        current = now.strftime(_TIME_FORMAT)
        if signed_at < now - _TOLERANCE:
            earliest = (now - _TOLERANCE).strftime(_TIME_FORMAT)
            raise _invalid_signature(
                f"Signature expired: {sent} is now earlier than {earliest} ({current} - 5 min.)"
            )
        if signed_at > now + _TOLERANCE:
            latest = (now + _TOLERANCE).strftime(_TIME_FORMAT)
            raise _invalid_signature(
                f"Signature not yet current: {sent} is still later than {latest} ({current} + 5 min.)"
            )
        return sent


def _parse_authorization(headers: Mapping[str, str]) -> _Authorization:
    header = headers.get("authorization")
    if not header:
        raise ServiceError("MissingAuthenticationTokenException", "Missing Authentication Token")
    algorithm, _, rest = header.partition(" ")
    if algorithm != _ALGORITHM:
        raise _incomplete(f"Unsupported AWS 'algorithm': '{algorithm:.40}'.")
    parts = dict(_PART.findall(rest))
    for name in ("Credential", "Signature", "SignedHeaders"):
        if name not in parts:
            raise _incomplete(f"Authorization header requires '{name}' parameter.")
    scope = parts["Credential"].split("/")
    if len(scope) != 5 or scope[4] != "aws4_request":
        raise _incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. "
            "keyid/date/region/service/aws4_request."
        )
    signed_headers = tuple(parts["SignedHeaders"].lower().split(";"))
    missing = [name for name in ("host", "x-amz-date") if name not in signed_headers]
    if missing:
        raise _invalid_signature(f"'{missing[0]}' must be a 'SignedHeader' in the AWS Authorization.")
    access_key_id, date, region, service, _ = scope
    return _Authorization(access_key_id, date, region, service, signed_headers, parts["Signature"])


def _expected_signature(
    request: SignedRequest, authorization: _Authorization, key: AccessKey, signed_at: str
) -> str:
    signer = SigV4Auth(Credentials(key.access_key_id, key.secret_access_key), _SERVICE, authorization.region)
    headers = {name: request.headers.get(name, "") for name in authorization.signed_headers}
    # What the client says its body's hash is counts for nothing: the body is hashed here, and the
    # header is signed along as any other.
    # The host is one of the signed headers, so the URL's own does not matter.
    url = f"http://localhost/{quote(request.path.removeprefix('/'))}?{quote(request.query, safe='=&%')}"
    aws_request = AWSRequest(method=request.method, url=url, headers=headers)
    aws_request.context["timestamp"] = signed_at
    canonical = signer.canonical_request(aws_request).rpartition("\n")[0]
    canonical = f"{canonical}\n{hashlib.sha256(request.body).hexdigest()}"
    text = signer.string_to_sign(aws_request, canonical)
    return cast("str", cast("Any", signer).signature(text, aws_request))


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _incomplete(message: str) -> ServiceError:
    return ServiceError("IncompleteSignatureException", message)


def _invalid_signature(message: str) -> ServiceError:
    return ServiceError("InvalidSignatureException", message)
