"""The page of dead letters: why each lies there, another try, or the end of it."""

from collections.abc import Mapping

from flask import Blueprint, g, render_template

from services.contracts.dead_letters import FAILED_EVENT
from services.contracts.domain import Scope
from services.contracts.messages import (
    DELETE_PERSON_TASK,
    ENROLL_TASK,
    READ_BATCH_TASK,
    RECOGNIZE_TASK,
    REMOVE_PHOTO_TASK,
    RESOLVE_HELD_TASK,
)
from services.gateway.console.guard import console_blueprint
from services.gateway.dead_letter_bodies import DeadLetterBody
from services.gateway.dead_letters import DeadLetterDesk

_MOST_SHOWN = 50
#: What jobs are called, by their tasks.
_JOBS: Mapping[str | None, str] = {
    RECOGNIZE_TASK: "dead-letters.job.recognize",
    ENROLL_TASK: "dead-letters.job.enroll",
    DELETE_PERSON_TASK: "dead-letters.job.delete-person",
    REMOVE_PHOTO_TASK: "dead-letters.job.remove-photo",
    RESOLVE_HELD_TASK: "dead-letters.job.resolve-held",
    READ_BATCH_TASK: "dead-letters.job.read-batch",
    FAILED_EVENT: "dead-letters.job.failed-event",
    None: "dead-letters.job.unknown",
}


def dead_letter_pages(desk: DeadLetterDesk) -> Blueprint:
    """Make the blueprint of ``/console/dead-letters``."""
    blueprint = console_blueprint("dead_letter_pages", Scope.OPERATIONS_READ)

    @blueprint.get("/dead-letters")
    def overview() -> str:
        return render_template("console/dead_letters/overview.html", counts=desk.counts())

    @blueprint.get("/dead-letters/<queue>")
    def letters(queue: str) -> str:
        messages, found = desk.look(queue, _MOST_SHOWN)
        with_people = Scope.PEOPLE_READ in g.principal.scopes
        return render_template(
            "console/dead_letters/letters.html",
            queue=queue,
            messages=messages,
            letters=[DeadLetterBody.of(letter, with_people=with_people) for letter in found],
            jobs=_JOBS,
        )

    return blueprint
