"""Rekognition's errors, as they go over the wire."""

from collections.abc import Mapping
from typing import Any

from localaws.rekognition.collections import (
    CollectionExistsError,
    ForeignModelError,
    QuotaExceededError,
    UnknownCollectionError,
    UnknownFaceError,
    UnknownUserError,
    UserExistsError,
)
from localaws.rekognition.engine import ImageDimensionsError, InvalidImageError

#: What AWS answers before Rekognition itself is reached, in a shorter form.
_BEFORE_THE_SERVICE = {
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "RequestEntityTooLargeException",
    "SerializationException",
    "UnknownOperationException",
    "UnrecognizedClientException",
    "ValidationException",
}


class ServiceError(Exception):
    """An answer other than the one hoped for.

    Attributes
    ----------
    code : str
        AWS's name of the error, such as ``ResourceNotFoundException``.
    message : str
        For people.
    status : int
        HTTP status.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status

    def document(self, request_id: str) -> dict[str, Any]:
        """Return the JSON document; shaped as in "Error handling" of Rekognition's Developer Guide."""
        if self.code in _BEFORE_THE_SERVICE:
            return {"__type": self.code, "message": self.message}
        return {"__type": self.code, "Code": self.code, "Logref": request_id, "Message": self.message}


def invalid_parameter(message: str) -> ServiceError:
    """Return an InvalidParameterException."""
    return ServiceError("InvalidParameterException", message)


def invalid_s3_object(message: str) -> ServiceError:
    """Return an InvalidS3ObjectException."""
    return ServiceError("InvalidS3ObjectException", message)


def image_too_large(message: str) -> ServiceError:
    """Return an ImageTooLargeException."""
    return ServiceError("ImageTooLargeException", message)


def not_found(message: str) -> ServiceError:
    """Return a ResourceNotFoundException."""
    return ServiceError("ResourceNotFoundException", message)


def internal_error() -> ServiceError:
    """Return an InternalServerError, which clients retry; what happened stands in the log."""
    return ServiceError("InternalServerError", "Internal server error", 500)


_TRANSLATIONS: Mapping[type[Exception], tuple[str, str]] = {
    CollectionExistsError: ("ResourceAlreadyExistsException", "The collection id: {} already exists"),
    ForeignModelError: ("InvalidParameterException", "{}"),
    ImageDimensionsError: ("ImageTooLargeException", "{}"),
    InvalidImageError: ("InvalidImageFormatException", "Request has invalid image format. {}"),
    QuotaExceededError: ("ServiceQuotaExceededException", "{}"),
    UnknownCollectionError: ("ResourceNotFoundException", "The collection id: {} does not exist"),
    UnknownFaceError: ("InvalidParameterException", "The face id: {} does not exist in the collection"),
    UnknownUserError: ("ResourceNotFoundException", "The user id: {} does not exist"),
    UserExistsError: ("ConflictException", "The user id: {} already exists"),
}

#: What the rooms below raise and clients can do something about.
EXPECTED = tuple(_TRANSLATIONS)


def translate(error: Exception) -> ServiceError:
    """Turn one of the `EXPECTED` errors into what AWS says in its place."""
    code, message = _TRANSLATIONS[type(error)]
    return ServiceError(code, message.format(error))
