"""The operations of this server, each with what the service model says about its shapes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeAlias, cast

import botocore.session
from botocore.model import ServiceModel, StructureShape

from localaws.rekognition.protocol import (
    collection_operations,
    face_operations,
    image_operations,
    tag_operations,
    user_operations,
)
from localaws.rekognition.protocol.errors import ServiceError
from localaws.rekognition.protocol.service import Call, Service
from localaws.rekognition.protocol.validation import RequestParser

Handler: TypeAlias = Callable[[Service, Call], dict[str, Any]]

HANDLERS: Mapping[str, Handler] = {
    "AssociateFaces": user_operations.associate_faces,
    "CompareFaces": image_operations.compare_faces,
    "CreateCollection": collection_operations.create_collection,
    "CreateUser": user_operations.create_user,
    "DeleteCollection": collection_operations.delete_collection,
    "DeleteFaces": face_operations.delete_faces,
    "DeleteUser": user_operations.delete_user,
    "DescribeCollection": collection_operations.describe_collection,
    "DetectFaces": image_operations.detect_faces,
    "DisassociateFaces": user_operations.disassociate_faces,
    "IndexFaces": face_operations.index_faces,
    "ListCollections": collection_operations.list_collections,
    "ListFaces": face_operations.list_faces,
    "ListTagsForResource": tag_operations.list_tags_for_resource,
    "ListUsers": user_operations.list_users,
    "SearchFaces": face_operations.search_faces,
    "SearchFacesByImage": face_operations.search_faces_by_image,
    "SearchUsers": user_operations.search_users,
    "SearchUsersByImage": user_operations.search_users_by_image,
    "TagResource": tag_operations.tag_resource,
    "UntagResource": tag_operations.untag_resource,
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the API."""

    name: str
    handler: Handler
    parser: RequestParser
    output: StructureShape


class Operations:
    """Finds operations by name; the service model is read when the first is asked for."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._model: ServiceModel | None = None
        self._operations: dict[str, Operation] = {}

    def find(self, name: str) -> Operation:
        """Return an operation.

        Raises
        ------
        ServiceError
            UnknownOperationException for what is no operation, or none of this server's.
        """
        operation = self._operations.get(name)
        if operation is None:
            with self._lock:
                operation = self._operations.setdefault(name, self._make(name))
        return operation

    def _make(self, name: str) -> Operation:
        if self._model is None:
            self._model = botocore.session.get_session().get_service_model("rekognition")
        if name in HANDLERS:
            model = self._model.operation_model(name)
            parser = RequestParser(cast("StructureShape", model.input_shape))
            return Operation(name, HANDLERS[name], parser, cast("StructureShape", model.output_shape))
        if name in self._model.operation_names:
            raise ServiceError(
                "UnknownOperationException",
                f"{name} is not part of this server, which recognises faces and offers "
                + ", ".join(HANDLERS),
            )
        raise ServiceError(
            "UnknownOperationException",
            "POST with the header `X-Amz-Target: RekognitionService.<Operation>` is expected",
        )
