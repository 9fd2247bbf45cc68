"""WSGI requests: what they ask for and what they carry, bounded before it is read or parsed."""

import json
import re
from collections.abc import MutableMapping
from http import HTTPStatus
from typing import Any

from localaws.rekognition.protocol.errors import ServiceError
from localaws.rekognition.protocol.signatures import SignedRequest

#: CompareFaces sends two images of 5 MB, which are 14 MB as base64.
MAX_BODY_BYTES = 15 * 1024 * 1024

#: Members and elements of a document. The longest list that any operation takes has 4,096.
MAX_ELEMENTS = 20_000

_TARGET_PREFIX = "RekognitionService."

Environ = MutableMapping[str, Any]

_CREDENTIAL_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/([a-z0-9-]{1,40})/")


def operation_name(environ: Environ) -> str:
    """Return the operation that a request names; empty where it names none."""
    target = str(environ.get("HTTP_X_AMZ_TARGET", ""))
    operation = target.removeprefix(_TARGET_PREFIX)
    known = operation != target and environ["REQUEST_METHOD"] == "POST"
    return operation if known and operation.isascii() and operation.isalnum() else ""


def region(environ: Environ) -> str | None:
    """Return the region that a request is signed for."""
    scope = _CREDENTIAL_SCOPE.search(str(environ.get("HTTP_AUTHORIZATION", "")))
    return scope[1] if scope else None


def signed_request(environ: Environ, body: bytes) -> SignedRequest:
    """Return what a request's signature is about."""
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_") or name in {"CONTENT_TYPE", "CONTENT_LENGTH"}
    }
    return SignedRequest(
        environ["REQUEST_METHOD"], environ["PATH_INFO"], environ.get("QUERY_STRING", ""), headers, body
    )


def read_body(environ: Environ) -> bytes:
    """Read the whole body, also of a request that will be refused: the next one follows behind it.

    Raises
    ------
    ServiceError
        RequestEntityTooLargeException, the body not read to its end.
    """
    length = _declared_length(environ)
    body: bytes = environ["wsgi.input"].read(length) if length is not None else b""
    if length is None or len(body) > MAX_BODY_BYTES:
        raise ServiceError(
            "RequestEntityTooLargeException",
            f"A request has at most {MAX_BODY_BYTES} bytes",
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        )
    return body


def _declared_length(environ: Environ) -> int | None:
    """Return how much there is to read at most; None where that is too much."""
    if "chunked" in str(environ.get("HTTP_TRANSFER_ENCODING", "")).lower():
        return MAX_BODY_BYTES + 1  # the only way to learn a chunked body's length is to read it
    declared = str(environ.get("CONTENT_LENGTH") or "0")
    length = int(declared) if declared.isdecimal() and len(declared) < 20 else MAX_BODY_BYTES + 1
    return length if length <= MAX_BODY_BYTES else None


def parse_json(body: bytes) -> object:
    """Parse a body, whose elements are counted first: parsed, an empty list is 20 times its text.

    Raises
    ------
    ServiceError
        SerializationException where it is no JSON, or has more than `MAX_ELEMENTS` elements.
    """
    # Splitting passes over a long image four times as fast as counting does; what nests without commas
    # is bounded by the parser's depth.
    if len(body.split(b",", MAX_ELEMENTS)) > MAX_ELEMENTS:
        raise ServiceError("SerializationException", f"A request has at most {MAX_ELEMENTS} elements")
    try:
        return json.loads(body or b"{}", parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ServiceError("SerializationException", "The request body is not JSON") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(name)
