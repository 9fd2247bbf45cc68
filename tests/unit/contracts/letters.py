"""Bodies of messages as they end among the dead letters."""

import json
from urllib.parse import quote_plus

from services.aws.jobs import celery_body
from services.contracts.messages import (
    DELETE_PERSON_TASK,
    ENROLL_TASK,
    RECOGNIZE_TASK,
    DeletePersonJob,
    EnrollJob,
    RecognizeJob,
)

TASKS = {RecognizeJob: RECOGNIZE_TASK, DeletePersonJob: DELETE_PERSON_TASK, EnrollJob: ENROLL_TASK}


def message_of(job):
    return celery_body(TASKS[type(job)], "id", job.model_dump_json(), "queue")


def argument_of(body):
    [[argument], _, _] = json.loads(json.loads(body)["body"])
    return argument


def put_event(key, version=None):
    described = {"key": quote_plus(key), "eTag": "e", "size": 1} | ({"versionId": version} if version else {})
    return {
        "eventName": "ObjectCreated:Put",
        "eventTime": "2026-01-02T03:04:05.678Z",
        "s3": {"bucket": {"name": "photos"}, "object": described},
    }


def failed_event(*records):
    """What Lambda sends to the destination of an invocation that failed."""
    return json.dumps(
        {
            "version": "1.0",
            "requestContext": {"condition": "RetriesExhausted", "approximateInvokeCount": 3},
            "requestPayload": {"Records": list(records)},
            "responseContext": {"statusCode": 200, "functionError": "Unhandled"},
            "responsePayload": {"errorType": "KeyError", "errorMessage": "'Records'"},
        }
    )
