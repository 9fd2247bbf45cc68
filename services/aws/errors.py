"""What AWS can do to us, in words that the services know."""

from collections.abc import Generator
from contextlib import contextmanager
from http import HTTPStatus

from botocore.exceptions import BotoCoreError, ClientError

_TRANSIENT_CODES = frozenset(
    {
        # Rekognition's, while it changes the same user
        "ConflictException",
        "ExpiredToken",
        "ExpiredTokenException",
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "KmsThrottled",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "SlowDown",
        "ThrottlingException",
        "Throttling",
        "TooManyRequestsException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
#: Why a transaction was cancelled, where doing it again helps.
_TRANSIENT_CANCELLATIONS = frozenset(
    {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
)


class AwsError(Exception):
    """AWS refused a call; calling again will not help."""


class AwsUnavailable(AwsError):
    """AWS could not be reached, was throttled or failed; calling again later may help."""


class StackNotReady(AwsError):
    """The CloudFormation stack is not there, or is not the one that these services need."""


def error_code(error: ClientError) -> str:
    """AWS's own name of an error, without the SQS query protocol's prefix."""
    code = error.response.get("Error", {}).get("Code", "")
    return code.removeprefix("AWS.SimpleQueueService.")


def cancellation_reasons(error: ClientError) -> list[str]:
    """List why a DynamoDB transaction was cancelled, a reason for each write; "None" for the innocent."""
    return [reason.get("Code", "None") for reason in error.response.get("CancellationReasons", [])]


def _may_pass(error: ClientError) -> bool:
    code = error_code(error)
    if code == "TransactionCanceledException":
        blamed = set(cancellation_reasons(error)) - {"None"}
        return bool(blamed) and blamed <= _TRANSIENT_CANCELLATIONS
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return code in _TRANSIENT_CODES or status >= 500 or status == HTTPStatus.TOO_MANY_REQUESTS


@contextmanager
def translated(action: str) -> Generator[None]:
    """Turn botocore's exceptions into ours.

    Parameters
    ----------
    action : str
        What was being done, for the message: "searching the collection".

    Raises
    ------
    AwsUnavailable
        For connection failures, throttling and server errors.
    AwsError
        For everything else that AWS refuses.
    """
    try:
        yield
    except ClientError as error:
        kind = AwsUnavailable if _may_pass(error) else AwsError
        raise kind(f"{action}: {error}") from error
    except BotoCoreError as error:
        raise AwsUnavailable(f"{action}: {error}") from error
