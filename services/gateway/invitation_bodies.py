"""Invitations as operators and as the invited see them, in JSON."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from services.contracts.domain import Enrollment, EnrollmentStatus
from services.contracts.invitations import (
    LONGEST_VALIDITY,
    MOST_PHOTOS,
    USUAL_PHOTOS,
    USUAL_VALIDITY,
    Invitation,
)
from services.gateway.invitations import Welcome
from services.gateway.person_bodies import standing_of

_HOUR_SECONDS = 3600


class NewInvitation(BaseModel):
    """What an invitation is made from.

    Attributes
    ----------
    valid_hours : int
        How long the link is good for.
    most_photos : int
        How many photos may count; as many again and more may be sent that are refused.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    valid_hours: Annotated[int, Field(ge=1, le=int(LONGEST_VALIDITY.total_seconds()) // _HOUR_SECONDS)] = (
        int(USUAL_VALIDITY.total_seconds()) // _HOUR_SECONDS
    )
    most_photos: Annotated[int, Field(ge=1, le=MOST_PHOTOS)] = USUAL_PHOTOS


class AgreedText(BaseModel):
    """Which text the invited person agrees to.

    Attributes
    ----------
    text_version : str
        One of the invitation's `consent_texts`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text_version: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]{1,100}$")]


class InvitationStatus(StrEnum):
    """Whether an invitation is good for anything."""

    OPEN = "open"
    EXPIRED = "expired"
    REVOKED = "revoked"


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True)


class InvitationBody(_Body):
    """An invitation as operators see it: never its token.

    Attributes
    ----------
    photos_sent : int
        How many photos were sent by it, whatever became of them.
    """

    invitation_id: str
    person_id: str
    status: InvitationStatus
    most_photos: int
    photos_sent: int
    created_at: AwareDatetime
    created_by: str
    valid_until: AwareDatetime
    revoked_at: AwareDatetime | None

    @classmethod
    def of(cls, invitation: Invitation, now: datetime) -> Self:
        """Pick what to show of `invitation`."""
        return cls(status=_status(invitation, now), photos_sent=len(invitation.photos), **_shown(invitation))


class NewInvitationBody(InvitationBody):
    """An invitation that was just made.

    Attributes
    ----------
    token : str
        What the link carries.
    link : str
        What the invited person opens; it is shown this once.
    """

    token: str = Field(repr=False)
    link: str = Field(repr=False)


class InvitationsBody(_Body):
    """A page of the list of a person's invitations, the newest first."""

    invitations: list[InvitationBody]
    next_cursor: str | None


class GivenConsentBody(_Body):
    """That the invited person agreed to be recognised, and whether they still do."""

    given_at: AwareDatetime | None
    text_version: str | None
    withdrawn_at: AwareDatetime | None


class InvitedPhotoBody(_Body):
    """A photo that was sent by an invitation.

    Attributes
    ----------
    message : str
        How it stands, for whoever is on it.
    reason : str or None
        Why it was rejected, for a program.
    """

    photo_id: str
    status: EnrollmentStatus
    message: str
    reason: str | None
    sent_at: AwareDatetime

    @classmethod
    def of(cls, photo: Enrollment) -> Self:
        """Pick what to show of `photo`: nothing that names anybody else."""
        return cls(
            photo_id=photo.enrollment_id,
            status=photo.status,
            message=_HELD if photo.status is EnrollmentStatus.HELD else standing_of(photo),
            reason=photo.rejection,
            sent_at=photo.received_at,
        )


class OwnInvitationBody(_Body):
    """An invitation as the invited person sees it.

    Attributes
    ----------
    consent : GivenConsentBody or None
        None if they have not been asked yet.
    consent_texts : mapping of str to str
        The versions of the texts that may be agreed to, by language.
    photos_left : int
        How many photos may be sent.
    photos : list
        Those that were sent by this invitation, in the order in which they were.
    """

    full_name: str
    valid_until: AwareDatetime
    consent: GivenConsentBody | None
    consent_texts: Mapping[str, str]
    most_photos: int
    photos_left: int
    photos: list[InvitedPhotoBody]

    @classmethod
    def of(cls, welcome: Welcome, consent_texts: Mapping[str, str]) -> Self:
        """Pick what to show of who was invited."""
        consent = welcome.person.consent
        return cls(
            full_name=welcome.person.full_name,
            valid_until=welcome.invitation.valid_until,
            consent=GivenConsentBody(**consent.model_dump(exclude={"recorded_by"})) if consent else None,
            consent_texts=consent_texts,
            most_photos=welcome.invitation.most_photos,
            photos_left=welcome.photos_left,
            photos=[InvitedPhotoBody.of(photo) for photo in welcome.photos],
        )


#: Whom the face resembles is nobody's business here.
_HELD = "Somebody has to look at the photo. There is nothing more to do."


def _status(invitation: Invitation, now: datetime) -> InvitationStatus:
    if invitation.revoked_at is not None:
        return InvitationStatus.REVOKED
    return InvitationStatus.EXPIRED if invitation.has_expired(now) else InvitationStatus.OPEN


def _shown(invitation: Invitation) -> dict[str, Any]:
    return invitation.model_dump(include=set(InvitationBody.model_fields))
