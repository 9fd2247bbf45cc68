"""Logs: one JSON object a line on standard error, the same from every service and its libraries."""

import logging.config
from typing import Any

import structlog
from structlog.typing import Processor


def configure_logs(service: str) -> None:
    """Send structlog's events and every library's records to standard error.

    Parameters
    ----------
    service : str
        Stands in every line.
    """
    logging.config.dictConfig(logging_config(service))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared_processors(service),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def logging_config(service: str) -> dict[str, Any]:
    """Build what ``logging.config.dictConfig`` takes.

    Our own records show from INFO on, the libraries' from WARNING.
    """
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
        ],
        # No ExtraAdder: Celery's records carry a failed task's arguments, and these are pictures.
        "foreign_pre_chain": _shared_processors(service),
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": formatter},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"}
        },
        "root": {"level": "WARNING", "handlers": ["stderr"]},
        "loggers": {
            "services": {"level": "INFO"},
            "gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True},
            "gunicorn.access": {"level": "WARNING", "handlers": [], "propagate": True},
        },
    }


def _shared_processors(service: str) -> list[Processor]:
    def name_service(
        _logger: Any, _method: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        return {"service": service, **event}

    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # Tracebacks without local variables: these hold pictures, names and tokens.
        structlog.processors.format_exc_info,
        name_service,
    ]
