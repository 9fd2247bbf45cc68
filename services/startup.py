"""How a process begins: with logs, or not at all and with one line that says why."""

import os
from collections.abc import Generator
from contextlib import contextmanager

import structlog
from pydantic import ValidationError

from services.aws.errors import AwsError
from services.logs import configure_logs
from services.variables import misspelled, wrong_variables

_log = structlog.stdlib.get_logger(__name__)


@contextmanager
def starting(service: str) -> Generator[None]:
    """Set the logs up, then plug the parts together inside this.

    Raises
    ------
    SystemExit
        With status 1 where the environment is wrong or the stack cannot be reached; the log says so.
    """
    configure_logs(service)
    for name, meant in misspelled(os.environ).items():
        _log.warning("unknown_variable", variable=name, meant=meant)
    try:
        yield
    except AwsError as error:
        _log.critical("cannot_start", reason=str(error))
        raise SystemExit(1) from None
    except ValidationError as error:
        _log.critical("cannot_start", reason=f"wrong environment: {wrong_variables(error)}")
        raise SystemExit(1) from None
