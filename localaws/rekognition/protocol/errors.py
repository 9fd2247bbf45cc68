"""Rekognition's errors, as they go over the wire."""

from localaws.rekognition.collections import (
    CollectionExistsError,
    ForeignModelError,
    UnknownCollectionError,
    UnknownFaceError,
)
from localaws.rekognition.engine import ImageDimensionsError, InvalidImageError


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


def invalid_parameter(message: str) -> ServiceError:
    """Return an InvalidParameterException."""
    return ServiceError("InvalidParameterException", message)


def invalid_s3_object(message: str) -> ServiceError:
    """Return an InvalidS3ObjectException."""
    return ServiceError("InvalidS3ObjectException", message)


def image_too_large(message: str) -> ServiceError:
    """Return an ImageTooLargeException."""
    return ServiceError("ImageTooLargeException", message)


def internal_error() -> ServiceError:
    """Return an InternalServerError, which clients retry; what happened stands in the log."""
    return ServiceError("InternalServerError", "Internal server error", 500)


#: What the rooms below raise and clients can do something about.
EXPECTED = (
    CollectionExistsError,
    ForeignModelError,
    ImageDimensionsError,
    InvalidImageError,
    UnknownCollectionError,
    UnknownFaceError,
)


def translate(error: Exception) -> ServiceError:
    """Turn one of the `EXPECTED` errors into what AWS says in its place."""
    match error:
        case UnknownCollectionError():
            return ServiceError("ResourceNotFoundException", f"The collection id: {error} does not exist")
        case CollectionExistsError():
            return ServiceError(
                "ResourceAlreadyExistsException", f"The collection id: {error} already exists"
            )
        case UnknownFaceError():
            return invalid_parameter(f"The face id: {error} does not exist in the collection")
        case ImageDimensionsError():
            return image_too_large(str(error))
        case InvalidImageError():
            return ServiceError("InvalidImageFormatException", f"Request has invalid image format. {error}")
        case _:
            return invalid_parameter(str(error))
