"""Photos whose face resembles another person's, and what operators decide about them."""

from dataclasses import dataclass
from typing import Literal

from services.contracts.domain import Enrollment, EnrollmentStatus
from services.contracts.messages import ResolveHeldJob
from services.gateway.collaborators import HeldEnrollments, ResolutionJobs
from services.gateway.people import enrollment_of
from services.gateway.problems import NOT_HELD, Problem


@dataclass(frozen=True)
class HeldPhotos:
    """The photos that wait for an operator; what is decided is done by the enroll worker."""

    enrollments: HeldEnrollments
    jobs: ResolutionJobs

    def page(self, position: str | None, limit: int) -> tuple[list[Enrollment], str | None]:
        """List some, from a position on."""
        return self.enrollments.held_page(position, limit)

    def resolve(
        self, enrollment_id: str, resolution: Literal["merge", "keep_both", "reject"], requested_by: str
    ) -> Enrollment:
        """Have a decision done.

        Returns
        -------
        Enrollment
            Still held.

        Raises
        ------
        Problem
            If there is no such photo, or it does not wait.
        """
        held = enrollment_of(self.enrollments, enrollment_id)
        # what became of an earlier decision must not be taken for this one's
        waiting = held.model_copy(update={"resolution_problem": None})
        if held.status is not EnrollmentStatus.HELD or not self.enrollments.save_held(waiting):
            raise Problem(
                NOT_HELD, "The photo does not wait for a decision, or not any more. Ask for its enrollment."
            )
        self.jobs.send(
            ResolveHeldJob(enrollment_id=held.enrollment_id, resolution=resolution, requested_by=requested_by)
        )
        return waiting
