"""The API of dead letters: counted, read, sent again, deleted."""

from http import HTTPStatus

from flask import Blueprint, Response, g, request

from services.contracts.dead_letters import DeadLetterQueueName
from services.contracts.domain import Scope
from services.gateway.authentication import PrincipalAuthenticator
from services.gateway.cursors import page_size
from services.gateway.dead_letter_bodies import (
    DeadLetterBody,
    DeadLettersBody,
    QueueBody,
    QueuesBody,
    RedriveBody,
)
from services.gateway.dead_letters import MOST_REDRIVEN, DeadLetterDesk
from services.gateway.json_answer import json_answer
from services.gateway.openapi import Answer, operation
from services.gateway.openapi_fields import LIMIT
from services.gateway.problems import NOT_REDRIVABLE, UNKNOWN_DEAD_LETTER, UNKNOWN_QUEUE


def dead_letters_api(desk: DeadLetterDesk, authenticator: PrincipalAuthenticator) -> Blueprint:
    """Make the blueprint of ``/v1/dead-letters``."""
    blueprint = Blueprint("dead_letters_api", __name__, url_prefix="/v1/dead-letters")
    authenticator.guard(blueprint, reading=Scope.OPERATIONS_READ, writing=Scope.OPERATIONS_WRITE)

    @blueprint.get("")
    @operation(
        "Count the messages that could not be read or done",
        Answer(HTTPStatus.OK, "The queues, and how many dead letters each has.", QueuesBody),
    )
    def queues() -> Response:
        counted = [QueueBody(queue=queue, dead_letters=count) for queue, count in desk.counts().items()]
        return json_answer(QueuesBody(queues=counted))

    @blueprint.get("/<queue>")
    @operation(
        "Read a queue's dead letters",
        Answer(HTTPStatus.OK, "Some of them, the longest there first.", DeadLettersBody),
        description="Reading hides nothing from others and changes nothing but the count of receives. "
        "Pictures are told of none, people only with the scope `people:read`.",
        parameters=(LIMIT,),
        problems=(UNKNOWN_QUEUE,),
    )
    def letters(queue: str) -> Response:
        messages, found = desk.look(queue, page_size(request.args))
        with_people = Scope.PEOPLE_READ in g.principal.scopes
        body = DeadLettersBody(
            queue=DeadLetterQueueName(queue),
            messages=messages,
            dead_letters=[DeadLetterBody.of(letter, with_people=with_people) for letter in found],
        )
        return json_answer(body)

    @blueprint.post("/<queue>/redrive")
    @operation(
        "Send a queue's dead letters again",
        Answer(HTTPStatus.OK, "How many were sent, and how many are left.", RedriveBody),
        description=f"At most {MOST_REDRIVEN} at a time: ask again while some are left. Each is sent before "
        "it is deleted, so that none is lost; jobs that are done already change nothing.",
        problems=(UNKNOWN_QUEUE,),
    )
    def redrive_all(queue: str) -> Response:
        return json_answer(RedriveBody.of(desk.redrive_all(queue)))

    @blueprint.post("/<queue>/<message_id>/redrive")
    @operation(
        "Send a dead letter again",
        Answer(HTTPStatus.NO_CONTENT, "It is on its queue again."),
        problems=(UNKNOWN_QUEUE, UNKNOWN_DEAD_LETTER, NOT_REDRIVABLE),
    )
    def redrive(queue: str, message_id: str) -> Response:
        desk.redrive(queue, message_id)
        return Response(status=HTTPStatus.NO_CONTENT)

    @blueprint.delete("/<queue>/<message_id>")
    @operation(
        "Delete a dead letter",
        Answer(HTTPStatus.NO_CONTENT, "It is gone for ever."),
        problems=(UNKNOWN_QUEUE, UNKNOWN_DEAD_LETTER),
    )
    def delete(queue: str, message_id: str) -> Response:
        desk.delete(queue, message_id)
        return Response(status=HTTPStatus.NO_CONTENT)

    return blueprint
