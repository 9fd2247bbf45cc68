"""Inviting people to send photos of themselves, and what they do then."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from services.contracts.domain import Consent, Enrollment, EnrollmentStatus, Person, PersonStatus
from services.contracts.ids import photo_enrollment_id
from services.contracts.invitations import Invitation, invite
from services.contracts.tokens import InvitationToken
from services.gateway.collaborators import InvitationRecords, Outcomes
from services.gateway.people import Register
from services.gateway.problems import (
    CONSENT_NEEDED,
    CONSENT_TEXT_CHANGED,
    INVITATION_EXPIRED,
    INVITATION_REVOKED,
    INVITATION_USED_UP,
    PERSON_DELETING,
    PHOTO_KNOWN,
    TOO_MANY_PHOTOS,
    UNKNOWN_ENROLLMENT,
    UNKNOWN_INVITATION,
    Problem,
)

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,99}")
#: What a photo may become that counts, or may still come to count.
_COUNTED = frozenset({EnrollmentStatus.RECEIVED, EnrollmentStatus.INDEXED, EnrollmentStatus.HELD})
#: How often a photo is noted anew because another came first.
_ATTEMPTS = 5


@dataclass(frozen=True)
class Welcome:
    """Somebody who was invited, with the photos that they have sent."""

    invitation: Invitation
    person: Person
    photos: tuple[Enrollment, ...]

    @property
    def photos_left(self) -> int:
        """How many photos they may send."""
        counted = sum(self.counts(photo.enrollment_id) for photo in self.photos)
        tries_left = self.invitation.most_tries - len(self.invitation.photos)
        return max(0, min(self.invitation.most_photos - counted, tries_left))

    def counts(self, photo_id: str) -> bool:
        """Whether a photo that was sent counts, or may still come to count."""
        return any(photo.enrollment_id == photo_id and photo.status in _COUNTED for photo in self.photos)

    @property
    def name(self) -> str:
        """What records and logs call whoever has the link."""
        return f"invitation {self.invitation.invitation_id}"


@dataclass(frozen=True)
class Invitations:
    """The invitations made.

    Attributes
    ----------
    consent_texts : mapping of str to str
        The versions of the texts that may be agreed to, by language.
    """

    records: InvitationRecords
    register: Register
    outcomes: Outcomes
    consent_texts: Mapping[str, str]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def invite(
        self, person_id: str, created_by: str, validity: timedelta, most_photos: int
    ) -> tuple[Invitation, InvitationToken]:
        """Invite a person to send photos of themselves.

        Raises
        ------
        Problem
            If there is no such person, or they are being deleted.
        """
        person = self.register.find(person_id)
        if person.status is PersonStatus.DELETING:
            raise Problem(PERSON_DELETING, "The person is being deleted. Nobody can be invited for them.")
        invitation, token = invite(person, created_by, self.now(), validity=validity, most_photos=most_photos)
        self.records.add(invitation)
        return invitation, token

    def of_person(
        self, person_id: str, position: str | None, limit: int
    ) -> tuple[list[Invitation], str | None]:
        """List a person's invitations, the newest first, from a position on; with the position of the rest.

        Raises
        ------
        Problem
            If there is no such person.
        """
        self.register.find(person_id)
        return self.records.of_person(person_id, position, limit)

    def find(self, person_id: str, invitation_id: str) -> Invitation:
        """Look up an invitation of a person, also one that has ended.

        Raises
        ------
        Problem
            If there is none.
        """
        invitation = self.records.get(invitation_id) if _ID.fullmatch(invitation_id) else None
        if invitation is None or invitation.person_id != person_id:
            raise Problem(
                UNKNOWN_INVITATION, "This person has no invitation with this id. List theirs, and check it."
            )
        return invitation

    def revoke(self, person_id: str, invitation_id: str) -> None:
        """End an invitation of a person; what was sent by it stays.

        Raises
        ------
        Problem
            If there is none.
        """
        self.records.revoke(self.find(person_id, invitation_id).invitation_id, self.now())

    def welcome(self, invitation: Invitation) -> Welcome:
        """Let in whoever has an invitation's link.

        Raises
        ------
        Problem
            If the invitation has ended.
        """
        if invitation.revoked_at is not None:
            raise _revoked()
        if invitation.has_expired(self.now()):
            raise Problem(
                INVITATION_EXPIRED, "The invitation has expired. Ask whoever sent it for a new one."
            )
        person = self.register.people.get(invitation.person_id)
        if person is None or person.status is PersonStatus.DELETING or not invitation.invites(person):
            raise _revoked()
        found = self.outcomes.of(invitation.photos)
        photos = (found[sent] for sent in invitation.photos if sent in found)
        return Welcome(invitation, person, tuple(photos))

    def agree(self, welcome: Welcome, text_version: str) -> Welcome:
        """Record that the invited person agrees to be recognised.

        Raises
        ------
        Problem
            If the text is none that is shown today.
        """
        if text_version not in self.consent_texts.values():
            raise Problem(
                CONSENT_TEXT_CHANGED,
                "This is not the text that is shown today. Read that one, and agree to it.",
            )
        consent = Consent(given_at=self.now(), text_version=text_version, recorded_by=welcome.name)
        return self._with_consent(welcome, consent)

    def withdraw(self, welcome: Welcome) -> Welcome:
        """Record that the invited person agrees no more: no door opens to them from then on."""
        return self._with_consent(welcome, welcome.person.withdrawn_consent(welcome.name, self.now()))

    def add_photo(self, welcome: Welcome, data: bytes, content_type: str) -> Enrollment:
        """Take a photo in that the invited person sends.

        Returns
        -------
        Enrollment
            Just received, or as it stands if the same photo was sent before.

        Raises
        ------
        Problem
            If they have not agreed, may send no more, it is no photo, or is there already.
        """
        consent = welcome.person.consent
        if consent is None or consent.given_at is None or consent.withdrawn:
            raise Problem(CONSENT_NEEDED, "The invited person has not agreed to be recognised, or no more.")
        person_id = welcome.person.person_id
        enrollment_id = photo_enrollment_id(person_id, sha256(data).hexdigest())
        if enrollment_id in welcome.invitation.photos:
            if not welcome.counts(enrollment_id):
                _need_room(welcome)
        else:
            standing = self.register.enrollments.get(enrollment_id)
            if standing is not None and standing.person_id == person_id:
                raise Problem(PHOTO_KNOWN, "The same photo was sent for this person before. Take another.")
            self._note(welcome, enrollment_id)
        return self.register.add_photo(person_id, data, content_type)

    def remove_photo(self, welcome: Welcome, photo_id: str) -> None:
        """Have a photo removed that was sent by the invitation; asked for again, it is the same.

        Raises
        ------
        Problem
            If none was sent with this id, or it is just being enrolled.
        """
        if photo_id not in welcome.invitation.photos:
            raise Problem(UNKNOWN_ENROLLMENT, "No photo with this id was sent by this invitation.")
        self.register.remove_photo(welcome.person.person_id, photo_id, welcome.name)

    def _note(self, welcome: Welcome, enrollment_id: str) -> None:
        for _ in range(_ATTEMPTS):
            _need_room(welcome)
            if self.records.note_photo(welcome.invitation, enrollment_id) is not None:
                return
            standing = self.records.get(welcome.invitation.invitation_id)
            if standing is None:
                raise _revoked()
            welcome = self.welcome(standing)
        raise Problem(
            TOO_MANY_PHOTOS,
            "Other photos are being sent by this invitation at the same time. Send this one again.",
            {"Retry-After": "1"},
        )

    def _with_consent(self, welcome: Welcome, consent: Consent) -> Welcome:
        person = self.register.change(welcome.person.person_id, {"consent": consent}, None)
        return Welcome(welcome.invitation, person, welcome.photos)


def _need_room(welcome: Welcome) -> None:
    if not welcome.photos_left:
        raise Problem(
            INVITATION_USED_UP,
            f"As many photos were sent as the invitation is good for: {welcome.invitation.most_photos} that "
            f"count, or {welcome.invitation.most_tries} in all.",
        )


def _revoked() -> Problem:
    return Problem(INVITATION_REVOKED, "The invitation was taken back. Ask whoever sent it.")
