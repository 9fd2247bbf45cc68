"""The invitations of a gateway under test, in memory."""

from collections.abc import Callable
from datetime import datetime

from services.contracts.invitations import Invitation
from services.gateway.invitations import Invitations
from services.gateway.people import Register
from tests.unit.gateway.in_memory import InMemoryEnrollments, InMemoryOutcomes, as_key

CONSENT_TEXTS = {"en": "en-1", "de": "de-1"}


class InMemoryInvitations:
    """Does what the table does, one change after the other."""

    def __init__(self) -> None:
        self.invitations: dict[str, Invitation] = {}
        self.look_ups = 0
        self.interfere: Callable[[], None] = lambda: None

    def add(self, invitation: Invitation) -> None:
        assert invitation.invitation_id not in self.invitations
        self.invitations[invitation.invitation_id] = invitation

    def get(self, invitation_id: str) -> Invitation | None:
        self.look_ups += 1
        return self.invitations.get(as_key(invitation_id))

    def of_person(
        self, person_id: str, position: str | None, limit: int
    ) -> tuple[list[Invitation], str | None]:
        own = [one for one in self.invitations.values() if one.person_id == person_id]
        newest_first = sorted(own, key=lambda one: one.created_at, reverse=True)
        first = int(position or 0)
        more = len(newest_first) > first + limit
        return newest_first[first : first + limit], str(first + limit) if more else None

    def revoke(self, invitation_id: str, now: datetime) -> bool:
        standing = self.invitations.get(invitation_id)
        if standing is None:
            return False
        self.invitations[invitation_id] = standing.model_copy(
            update={"revoked_at": standing.revoked_at or now}
        )
        return True

    def note_photo(self, invitation: Invitation, enrollment_id: str) -> Invitation | None:
        self.interfere()
        standing = self.invitations[invitation.invitation_id]
        if standing.version != invitation.version or standing.revoked_at is not None:
            return None
        noted = standing.model_copy(
            update={"photos": (*standing.photos, enrollment_id), "version": standing.version + 1}
        )
        self.invitations[invitation.invitation_id] = noted
        return noted


def invitations_in_memory(
    records: InMemoryInvitations, register: Register, enrollments: InMemoryEnrollments
) -> Invitations:
    return Invitations(records, register, InMemoryOutcomes(enrollments), CONSENT_TEXTS)
