"""One log line a request."""

import time

import structlog
from flask import Flask, Response, g, request

_log = structlog.stdlib.get_logger("services.gateway.requests")


def log_requests(app: Flask) -> None:
    """Write one line a request: never its headers, which carry tokens, nor its body, which is a face."""

    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def finish(response: Response) -> Response:
        kiosk, principal = g.get("kiosk"), g.get("principal")
        _log.info(
            "request",
            method=request.method,
            path=request.path,
            status=response.status_code,
            ms=round((time.perf_counter() - g.started) * 1000, 1),
            kiosk_id=kiosk.kiosk_id if kiosk else None,
            principal=principal.name if principal else None,
            recognition_id=g.get("recognition_id"),
            outcome=g.get("outcome"),
        )
        return response
