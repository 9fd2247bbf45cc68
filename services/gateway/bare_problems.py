"""Problem documents for requests that reach no application: malformed, too long, or too slow."""

import json
import socket
from http import HTTPStatus

from flask import Response
from gunicorn import util
from gunicorn.http import errors

from services.gateway.pages import secure

#: The first that fits counts; what fits none was no fault of the request.
_STATUSES: tuple[tuple[type[BaseException], HTTPStatus], ...] = (
    # not in the type stubs, which are of an older gunicorn
    (errors.InvalidResponseHeader, HTTPStatus.INTERNAL_SERVER_ERROR),  # pyright: ignore[reportAttributeAccessIssue]
    (errors.InvalidResponseHeaderName, HTTPStatus.INTERNAL_SERVER_ERROR),  # pyright: ignore[reportAttributeAccessIssue]
    (errors.ConfigurationProblem, HTTPStatus.INTERNAL_SERVER_ERROR),
    (errors.LimitRequestLine, HTTPStatus.REQUEST_URI_TOO_LONG),
    (errors.LimitRequestHeaders, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE),
    (errors.ExpectationFailed, HTTPStatus.EXPECTATION_FAILED),
    (errors.UnsupportedTransferCoding, HTTPStatus.NOT_IMPLEMENTED),
    (errors.ParseException, HTTPStatus.BAD_REQUEST),
    (BaseException, HTTPStatus.INTERNAL_SERVER_ERROR),
)


def status_of(error: BaseException) -> HTTPStatus:
    """Tell what a request is answered with that gunicorn could not read, or not answer."""
    return next(status for kind, status in _STATUSES if isinstance(error, kind))


def write_problem(client: socket.socket, status: HTTPStatus) -> None:
    """Answer a request, without waiting for a client that does not take it; the connection is of no more use.

    Raises
    ------
    OSError
        If the client has gone.
    """
    # nothing of the request is repeated: it may have a token
    body = {
        # the status says it all (RFC 9457, section 4.2.1)
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": f"{status.description}." if status.description else f"{status.phrase}.",
    }
    response = secure(Response(json.dumps(body), status, mimetype="application/problem+json"))
    response.headers["Cache-Control"] = "no-store"
    response.headers["Connection"] = "close"
    fields = "".join(f"{name}: {value}\r\n" for name, value in response.headers)
    head = f"HTTP/1.1 {status.value} {status.phrase}\r\n{fields}\r\n"
    util.write_nonblock(client, head.encode("latin-1") + response.get_data())
