"""Pages, scripts and styles are sent packed with gzip to browsers that take it.

Answers of the API are not: a secret that is packed together with something that another site chose would show
in its length (the BREACH attack). A page of the console has its session's CSRF token in it, but no other site
can have one fetched with the session: its cookie is SameSite=Strict.
"""

import gzip
from http import HTTPStatus

from flask import Flask, Response, request

_PACKED = frozenset(
    {
        "text/html",
        "text/css",
        "text/javascript",
        "application/javascript",
        "application/json",
        "image/svg+xml",
    }
)
_STATIC = "static"
#: Below that, what is gained is lost on the header fields.
_LEAST_BYTES = 500
_LEVEL = 6


def compress_pages(app: Flask) -> None:
    """Send pages and their files packed; files are packed once."""
    files: dict[str, bytes] = {}

    @app.after_request
    def compress(response: Response) -> Response:
        if not _is_of_pages(response):
            return response
        response.vary.add("Accept-Encoding")
        if not request.accept_encodings["gzip"] or "Range" in request.headers:
            return response
        response.direct_passthrough = False
        if len(plain := response.get_data()) < _LEAST_BYTES:
            return response
        packed = files.get(request.path) or gzip.compress(plain, _LEVEL, mtime=0)
        if request.endpoint == _STATIC:
            # its address changes with its content
            files[request.path] = packed
        response.set_data(packed)
        response.content_encoding = "gzip"
        if (tag := response.get_etag()[0]) is not None:
            # the same file, in other bytes (RFC 9110, section 8.8.1)
            response.set_etag(tag, weak=True)
        return response


def _is_of_pages(response: Response) -> bool:
    return (
        request.method == "GET"
        and response.status_code == HTTPStatus.OK
        and response.content_encoding is None
        and response.mimetype in _PACKED
        and (response.mimetype != "application/json" or request.endpoint == _STATIC)
    )
