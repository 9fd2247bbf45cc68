"""Jobs as the SQS messages that a Celery 5.6 worker takes, without Celery."""

import json
from typing import Any

from ingest.jobs import Job


def message_body(job: Job, queue_url: str) -> str:
    """Return the text of the SQS message.

    Celery's message protocol, version 2, with kombu's envelope of an SQS message:
    https://docs.celeryq.dev/en/stable/internals/protocol.html. The job travels as its JSON text,
    the task's only argument.
    """
    message: dict[str, Any] = {
        "body": json.dumps([[json.dumps(job.argument)], {}, {}]),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {
            "lang": "py",
            "task": job.task,
            "id": job.id,
            "root_id": job.id,
            "argsrepr": "(job)",
            "kwargsrepr": "{}",
        },
        "properties": {
            "correlation_id": job.id,
            "delivery_tag": job.id,
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": queue_url.rsplit("/", 1)[-1]},
        },
    }
    return json.dumps(message)
