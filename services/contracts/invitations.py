"""Invitations: links by which people agree to be recognised and send photos of themselves."""

from datetime import datetime, timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.contracts.domain import Identifier, Person
from services.contracts.tokens import InvitationToken

USUAL_VALIDITY = timedelta(days=7)
LONGEST_VALIDITY = timedelta(days=90)
USUAL_PHOTOS = 5
MOST_PHOTOS = 20
#: Photos that were refused do not count, but nobody sends more than so many for each that may count.
_TRIES_A_PHOTO = 4
#: How long whoever comes late is told that the invitation has ended, and not that there was none.
REMEMBERED_FOR = timedelta(days=30)


class Invitation(BaseModel):
    """That somebody may send photos of one person, until it ends.

    Attributes
    ----------
    person_since : datetime
        When the person was created: one who was deleted and has come back was not invited.
    token_sha256 : str
        SHA-256 of the token, 64 hexadecimal digits. The token itself is in the link, which is shown once.
    most_photos : int
        How many photos may count.
    photos : tuple of str
        The enrollments of all photos that were sent by it, whatever became of them.
    version : int
        Counts the photos, so that two who send at once do not send one too many.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    invitation_id: Identifier
    person_id: Identifier
    person_since: AwareDatetime
    token_sha256: str = Field(repr=False)
    most_photos: int = Field(ge=1, le=MOST_PHOTOS)
    photos: tuple[str, ...] = ()
    created_at: AwareDatetime
    created_by: str
    valid_until: AwareDatetime
    revoked_at: AwareDatetime | None = None
    version: int = Field(default=1, ge=1)

    @property
    def most_tries(self) -> int:
        """How many photos may be sent, those included that are refused."""
        return self.most_photos * _TRIES_A_PHOTO

    @property
    def expires_at(self) -> datetime:
        """When it is forgotten."""
        return self.valid_until + REMEMBERED_FOR

    def has_expired(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.valid_until <= now

    def invites(self, person: Person | None) -> bool:
        """Whether it is this person who was invited, and not one who has the same id after a deletion."""
        return person is not None and person.created_at == self.person_since


def invite(
    person: Person,
    created_by: str,
    now: datetime,
    *,
    validity: timedelta = USUAL_VALIDITY,
    most_photos: int = USUAL_PHOTOS,
) -> tuple[Invitation, InvitationToken]:
    """Make an invitation and its token, which is not kept itself."""
    token = InvitationToken.issue()
    invitation = Invitation(
        invitation_id=token.invitation_id,
        person_id=person.person_id,
        person_since=person.created_at,
        token_sha256=token.sha256,
        most_photos=most_photos,
        created_at=now,
        created_by=created_by,
        valid_until=now + validity,
    )
    return invitation, token


def link_of(gateway_url: str, token: InvitationToken) -> str:
    """Make the link: what stands behind ``#`` stays in the browser, so that no log has it."""
    return f"{gateway_url.rstrip('/')}/join#{token}"
