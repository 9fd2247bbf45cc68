"""Counts Rekognition's calls where botocore sees each attempt."""

from typing import TYPE_CHECKING, Any

from services.operations.measures import CallEnd, Measures

if TYPE_CHECKING:
    from services.aws.connection import Aws

_THROTTLED = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
#: What Rekognition says about a picture, or about what is in the collection already or no more.
_ABOUT_WHAT_WAS_ASKED = frozenset(
    {
        "ConflictException",
        "ImageTooLargeException",
        "InvalidImageFormatException",
        "InvalidParameterException",
        "ResourceAlreadyExistsException",
        "ResourceNotFoundException",
    }
)


def measure_rekognition(aws: "Aws", measures: Measures) -> None:
    """Have every attempt of every call of the process's Rekognition client counted."""

    def count(response: tuple[Any, dict[str, Any]] | None, operation: Any, **_: Any) -> None:
        # botocore asks whoever is registered whether to try again; None says nothing about that
        measures.called(operation.name, _end(response))

    aws.rekognition.meta.events.register("needs-retry.rekognition", count)


def _end(response: tuple[Any, dict[str, Any]] | None) -> CallEnd:
    if response is None:
        return CallEnd.FAILED
    code = response[1].get("Error", {}).get("Code")
    if code in _THROTTLED:
        return CallEnd.THROTTLED
    return CallEnd.DONE if code is None or code in _ABOUT_WHAT_WAS_ASKED else CallEnd.FAILED
