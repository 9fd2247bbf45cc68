"""How a worker process begins: with logs, or not at all and with one line that says why."""

from collections.abc import Generator
from contextlib import contextmanager

import structlog
from pydantic import ValidationError

from services.aws.errors import AwsError
from services.logs import configure_logs

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
    try:
        yield
    except AwsError as error:
        _log.critical("cannot_start", reason=str(error))
        raise SystemExit(1) from None
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors()]
        _log.critical("cannot_start", reason=f"wrong {error.title}: {'; '.join(wrong)}")
        raise SystemExit(1) from None
