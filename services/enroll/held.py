"""Doing what operators decide through the API about photos that resemble another person."""

from typing import Protocol

import structlog

from services.aws.held import CannotResolve, NotHeld, Resolution
from services.contracts.domain import Enrollment
from services.contracts.messages import ResolveHeldJob

log = structlog.stdlib.get_logger(__name__)


class Held(Protocol):
    """The photos that wait for an operator."""

    def resolve(self, enrollment_id: str, resolution: Resolution) -> Enrollment:
        """Do what an operator decided."""
        ...


class Enrollments(Protocol):
    """Where enrollments are kept."""

    def get(self, enrollment_id: str) -> Enrollment | None:
        """Look one up."""
        ...

    def save_held(self, enrollment: Enrollment) -> bool:
        """Note something of one that is held; False if it is not any more."""
        ...


class HeldService:
    """Does what was decided; what cannot be done is noted beside the photo, which goes on waiting."""

    def __init__(self, held: Held, enrollments: Enrollments) -> None:
        self._held = held
        self._enrollments = enrollments

    def handle(self, job: ResolveHeldJob) -> None:
        """Do one decision; done before, or by somebody else otherwise, it changes nothing.

        Raises
        ------
        AwsError
            If AWS fails; the job can then be done again.
        """
        try:
            done = self._held.resolve(job.enrollment_id, Resolution(job.resolution))
        except NotHeld as error:
            log.info("not_held", enrollment_id=job.enrollment_id, why=str(error))
        except CannotResolve as error:
            self._note(job, f"It was not decided as {job.resolution}: {error}.")
        else:
            log.info(
                "held_photo_resolved",
                enrollment_id=job.enrollment_id,
                resolution=job.resolution,
                requested_by=job.requested_by,
                status=done.status.value,
            )

    def give_up(self, job: ResolveHeldJob, reason: str) -> None:
        """Note that nobody tries again by itself.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        self._note(job, f"It was not decided as {job.resolution}, which was given up: {reason}")

    def _note(self, job: ResolveHeldJob, problem: str) -> None:
        held = self._enrollments.get(job.enrollment_id)
        if held is not None:
            self._enrollments.save_held(held.model_copy(update={"resolution_problem": problem}))
        log.info("held_photo_not_resolved", enrollment_id=job.enrollment_id, resolution=job.resolution)
