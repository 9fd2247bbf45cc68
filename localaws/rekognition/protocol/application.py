"""The WSGI application: parse, hand over, answer."""

import json
import logging
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from localaws.rekognition.protocol.authorization import Authorization
from localaws.rekognition.protocol.disturbances import Disturbances
from localaws.rekognition.protocol.errors import EXPECTED, ServiceError, internal_error, translate
from localaws.rekognition.protocol.idempotency import IdempotentAnswers
from localaws.rekognition.protocol.operations import Operations
from localaws.rekognition.protocol.serialization import shape_response
from localaws.rekognition.protocol.service import Call, Service
from localaws.rekognition.protocol.signatures import SignatureCheck
from localaws.rekognition.protocol.wsgi import (
    Environ,
    operation_name,
    parse_json,
    read_body,
    region,
    signed_request,
)

_log = logging.getLogger("rekognition")

DEFAULT_REGION = "us-east-1"

_STATUS_LINES = {int(status): f"{int(status)} {status.phrase}" for status in HTTPStatus}


class Application:
    """Rekognition's HTTP endpoint, and ``GET /health``.

    Parameters
    ----------
    service : Service
    signatures : SignatureCheck, optional
        Signatures are accepted unchecked where it is missing.
    disturbances : Disturbances, optional
    authorization : Authorization, optional
        Whoever signs may do everything where it is missing; it needs signatures that are checked.
    """

    def __init__(
        self,
        service: Service,
        signatures: SignatureCheck | None = None,
        disturbances: Disturbances | None = None,
        authorization: Authorization | None = None,
    ) -> None:
        self._service = service
        self._signatures = signatures
        self._disturbances = disturbances
        self._authorization = authorization
        self._operations = Operations()
        self._idempotent = IdempotentAnswers()

    def __call__(
        self, environ: Environ, start_response: Callable[[str, list[tuple[str, str]]], Any]
    ) -> Iterable[bytes]:
        """Answer one request."""
        started = time.perf_counter()
        request_id = str(uuid4())
        operation = operation_name(environ)
        healthy = environ["REQUEST_METHOD"] == "GET" and environ["PATH_INFO"] == "/health"
        try:
            body = read_body(environ)
            document = self._health() if healthy else self._answer(environ, operation, body)
            status, code = 200, "-"
        except ServiceError as error:
            status, code = error.status, error.code
            document = error.document(request_id)
        fields = [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-RequestId", request_id)]
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            # The body was left unread, so the connection cannot carry another request.
            fields.append(("Connection", "close"))
        answer = json.dumps(document, separators=(",", ":")).encode()
        fields.append(("Content-Length", str(len(answer))))
        start_response(_STATUS_LINES[status], fields)
        if not healthy:
            elapsed = 1000 * (time.perf_counter() - started)
            _log.info("%s %d %s %.1f ms %s", operation[:64] or "-", status, code, elapsed, request_id)
        return [answer]

    def _health(self) -> dict[str, Any]:
        return {"status": "ok", "FaceModelVersion": self._service.engine.face_model_version}

    def _answer(self, environ: Environ, name: str, body: bytes) -> dict[str, Any]:
        try:
            return self._carry_out(environ, name, body)
        except EXPECTED as error:
            raise translate(error) from error
        except ServiceError:
            raise
        except Exception as error:
            # The last line of defence: the client hears of it, the log says what it was.
            _log.exception("%s failed", name)
            raise internal_error() from error

    def _carry_out(self, environ: Environ, name: str, body: bytes) -> dict[str, Any]:
        operation = self._operations.find(name)
        caller = self._signatures.check(signed_request(environ, body)) if self._signatures else ""
        if self._disturbances:
            self._disturbances.meet(name)
        parameters = operation.parser.parse(parse_json(body))
        call = Call(parameters, region(environ) or DEFAULT_REGION)
        if self._authorization:
            self._authorization.check(caller, name, call.parameters, call.region)

        def carry_out() -> dict[str, Any]:
            return shape_response(operation.handler(self._service, call), operation.output)

        if "ClientRequestToken" in parameters:
            return self._idempotent.answer(name, parameters, carry_out)
        return carry_out()
