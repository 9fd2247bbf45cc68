"""What AWS can do to us, in words that the services know."""

from collections.abc import Generator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

_TRANSIENT_CODES = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "ServiceUnavailable",
        "SlowDown",
        "ThrottlingException",
        "Throttling",
        "TransactionInProgressException",
    }
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
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        kind = AwsUnavailable if error_code(error) in _TRANSIENT_CODES or status >= 500 else AwsError
        raise kind(f"{action}: {error}") from error
    except BotoCoreError as error:
        raise AwsUnavailable(f"{action}: {error}") from error
