"""The WSGI application: parse, hand over, answer."""

import json
import logging
import re
import time
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from functools import cached_property
from http import HTTPStatus
from typing import Any, cast
from uuid import uuid4

import botocore.session
from botocore.model import OperationModel, ServiceModel, StructureShape

from localaws.rekognition.protocol import collection_operations, face_operations, image_operations
from localaws.rekognition.protocol.errors import EXPECTED, ServiceError, internal_error, translate
from localaws.rekognition.protocol.serialization import shape_response
from localaws.rekognition.protocol.service import Call, Service
from localaws.rekognition.protocol.validation import parse_request

_log = logging.getLogger("rekognition")

#: 15 MB of image would be 20 MB of base64; 5 MB, the limit of what may be sent, fit easily.
MAX_BODY_BYTES = 20 * 1024 * 1024

DEFAULT_REGION = "us-east-1"

_CREDENTIAL_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/([a-z0-9-]{1,40})/")

_OPERATIONS: Mapping[str, Callable[[Service, Call], dict[str, Any]]] = {
    "CompareFaces": image_operations.compare_faces,
    "CreateCollection": collection_operations.create_collection,
    "DeleteCollection": collection_operations.delete_collection,
    "DeleteFaces": face_operations.delete_faces,
    "DescribeCollection": collection_operations.describe_collection,
    "DetectFaces": image_operations.detect_faces,
    "IndexFaces": face_operations.index_faces,
    "ListCollections": collection_operations.list_collections,
    "ListFaces": face_operations.list_faces,
    "SearchFaces": face_operations.search_faces,
    "SearchFacesByImage": face_operations.search_faces_by_image,
}


class Application:
    """Rekognition's HTTP endpoint, and ``GET /health``."""

    def __init__(self, service: Service) -> None:
        self._service = service

    @cached_property
    def _model(self) -> ServiceModel:
        return botocore.session.get_session().get_service_model("rekognition")

    def __call__(
        self, environ: MutableMapping[str, Any], start_response: Callable[[str, list[tuple[str, str]]], Any]
    ) -> Iterable[bytes]:
        """Answer one request."""
        started = time.perf_counter()
        request_id = str(uuid4())
        operation = _target(environ)
        try:
            body = _read_body(environ)
            status, document, code = 200, self._answer(environ, operation, body), "-"
        except ServiceError as error:
            status, code = error.status, error.code
            document = {"__type": error.code, "Message": error.message}
        headers = [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-RequestId", request_id)]
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            # The body was left unread, so the connection cannot carry another request.
            headers.append(("Connection", "close"))
        answer = json.dumps(document, separators=(",", ":")).encode()
        headers.append(("Content-Length", str(len(answer))))
        start_response(f"{status} {HTTPStatus(status).phrase}", headers)
        if environ["PATH_INFO"] != "/health":
            elapsed = 1000 * (time.perf_counter() - started)
            _log.info("%s %d %s %.1f ms %s", operation[:64] or "-", status, code, elapsed, request_id)
        return [answer]

    def _answer(self, environ: MutableMapping[str, Any], operation: str, body: bytes) -> dict[str, Any]:
        if environ["REQUEST_METHOD"] == "GET" and environ["PATH_INFO"] == "/health":
            return {"status": "ok", "FaceModelVersion": self._service.engine.face_model_version}
        handler, model = self._find(operation)
        parameters = parse_request(_parse_json(body), cast("StructureShape", model.input_shape))
        try:
            result = handler(self._service, Call(parameters, _region(environ)))
            return shape_response(result, cast("StructureShape", model.output_shape))
        except EXPECTED as error:
            raise translate(error) from error
        except ServiceError:
            raise
        except Exception as error:
            # The last line of defence: the client hears of it, the log says what it was.
            _log.exception("%s failed", operation)
            raise internal_error() from error

    def _find(self, operation: str) -> tuple[Callable[[Service, Call], dict[str, Any]], OperationModel]:
        if operation in _OPERATIONS:
            return _OPERATIONS[operation], self._model.operation_model(operation)
        if operation in self._model.operation_names:
            raise ServiceError(
                "UnknownOperationException",
                f"{operation} is not part of this server, which recognises faces and offers "
                + ", ".join(_OPERATIONS),
            )
        raise ServiceError(
            "UnknownOperationException",
            "POST with the header `X-Amz-Target: RekognitionService.<Operation>` is expected",
        )


def _target(environ: MutableMapping[str, Any]) -> str:
    service, _, operation = str(environ.get("HTTP_X_AMZ_TARGET", "")).partition(".")
    known = service == "RekognitionService" and environ["REQUEST_METHOD"] == "POST"
    return operation if known and operation.isascii() and operation.isalnum() else ""


def _read_body(environ: MutableMapping[str, Any]) -> bytes:
    """Read the whole body, also of a request that will be refused: the next one follows behind it."""
    declared = str(environ.get("CONTENT_LENGTH") or "")
    length = int(declared) if declared.isdecimal() else MAX_BODY_BYTES + 1
    body = environ["wsgi.input"].read(length) if length <= MAX_BODY_BYTES + 1 else b""
    if length > MAX_BODY_BYTES + 1 or len(body) > MAX_BODY_BYTES:
        raise ServiceError(
            "RequestEntityTooLargeException",
            f"A request has at most {MAX_BODY_BYTES} bytes",
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        )
    return body


def _parse_json(body: bytes) -> object:
    try:
        return json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise ServiceError("SerializationException", "The request body is not JSON") from error


def _region(environ: MutableMapping[str, Any]) -> str:
    scope = _CREDENTIAL_SCOPE.search(str(environ.get("HTTP_AUTHORIZATION", "")))
    return scope[1] if scope else DEFAULT_REGION
