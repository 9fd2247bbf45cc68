"""The API of those who were invited: what they agree to, and the photos that they send."""

from http import HTTPStatus

from flask import Blueprint, Response, g, request

from services.gateway.authentication import InvitationAuthenticator
from services.gateway.bodies_at_once import Room
from services.gateway.invitation_bodies import AgreedText, InvitedPhotoBody, OwnInvitationBody
from services.gateway.invitations import Invitations, Welcome
from services.gateway.json_answer import json_answer
from services.gateway.json_body import read_json
from services.gateway.limits import RateLimit
from services.gateway.openapi import Answer, Guard, Security, guarded, json_of, operation, pictures_of
from services.gateway.person_bodies import PHOTO_ENDINGS
from services.gateway.principals import Principal, PrincipalKind
from services.gateway.problems import (
    CONSENT_NEEDED,
    CONSENT_TEXT_CHANGED,
    INVITATION_EXPIRED,
    INVITATION_REVOKED,
    INVITATION_USED_UP,
    PERSON_CHANGED,
    PERSON_DELETING,
    PHOTO_KNOWN,
    PHOTO_ON_ITS_WAY,
    TOO_MANY_PHOTOS,
    TOO_MANY_TRIES,
    UNKNOWN_ENROLLMENT,
    UNKNOWN_PERSON,
)
from services.gateway.request_body import PHOTO, BodyLimits, read_pictures
from services.gateway.settings import GatewaySettings
from services.gateway.watchdog import Watchdog

_ENDED = (INVITATION_EXPIRED, INVITATION_REVOKED, TOO_MANY_TRIES)
#: Of a person who is changed, or removed, at the same time.
_CHANGING = (PERSON_CHANGED, PERSON_DELETING, UNKNOWN_PERSON)


def invited_api(invitations: Invitations, settings: GatewaySettings) -> Blueprint:
    """Make the blueprint of ``/v1/invitation``."""
    blueprint = Blueprint("invited_api", __name__, url_prefix="/v1/invitation")
    guarded(blueprint, Guard((Security.INVITATION,)))
    watchdog = Watchdog(settings.photo_timeout)
    authenticator = InvitationAuthenticator(invitations.records, RateLimit(settings.invitation_limit))
    limits = BodyLimits(settings.max_photo_bytes, settings.max_photo_bytes, 1, watchdog, PHOTO)
    room = Room(settings.invited_photos_at_once, TOO_MANY_PHOTOS, "photos")

    @blueprint.before_request
    def authenticate() -> None:
        # before the body is read: whoever has no token sends us nothing
        invitation = authenticator.authenticate(
            request.headers.get("Authorization"), request.remote_addr or ""
        )
        g.principal = Principal(
            PrincipalKind.INVITATION, invitation.invitation_id, frozenset(), secret=invitation.token_sha256
        )
        g.acts_on = {"person_id": invitation.person_id}
        g.welcome = invitations.welcome(invitation)

    @blueprint.get("")
    @operation(
        "Show the invitation whose token this is",
        Answer(
            HTTPStatus.OK, "Who is invited, what they agreed to, what became of photos.", OwnInvitationBody
        ),
        problems=_ENDED,
    )
    def show() -> Response:
        return _answer(g.welcome)

    @blueprint.put("/consent")
    @operation(
        "Agree to be recognised",
        Answer(HTTPStatus.OK, "The invitation.", OwnInvitationBody),
        takes=json_of(AgreedText),
        problems=(*_ENDED, *_CHANGING, CONSENT_TEXT_CHANGED),
    )
    def agree() -> Response:
        agreed = read_json(request, AgreedText, watchdog)
        return _answer(invitations.agree(g.welcome, agreed.text_version))

    @blueprint.delete("/consent")
    @operation(
        "Agree no more",
        Answer(HTTPStatus.OK, "The invitation.", OwnInvitationBody),
        description="No door opens from then on, and no photo is taken. Photos stay until they are removed.",
        problems=(*_ENDED, *_CHANGING),
    )
    def withdraw() -> Response:
        return _answer(invitations.withdraw(g.welcome))

    @blueprint.post("/photos")
    @operation(
        "Send a photo of oneself",
        Answer(HTTPStatus.ACCEPTED, "The photo, which a worker looks at.", InvitedPhotoBody),
        Answer(HTTPStatus.OK, "It was sent before; what became of it.", InvitedPhotoBody),
        takes=pictures_of(PHOTO, 1, *PHOTO_ENDINGS),
        problems=(
            *_ENDED,
            *_CHANGING,
            CONSENT_NEEDED,
            INVITATION_USED_UP,
            PHOTO_KNOWN,
            TOO_MANY_PHOTOS,
        ),
    )
    def add_photo() -> Response:
        with room.taken():
            (photo,) = read_pictures(request, limits)
            sent = invitations.add_photo(g.welcome, photo.data, photo.content_type)
        return json_answer(InvitedPhotoBody.of(sent), HTTPStatus.OK if sent.finished else HTTPStatus.ACCEPTED)

    @blueprint.delete("/photos/<photo_id>")
    @operation(
        "Remove a photo that was sent by this invitation",
        Answer(HTTPStatus.ACCEPTED, "It counts no more, and is removed from everywhere."),
        problems=(*_ENDED, *_CHANGING, UNKNOWN_ENROLLMENT, PHOTO_ON_ITS_WAY),
    )
    def remove_photo(photo_id: str) -> Response:
        invitations.remove_photo(g.welcome, photo_id)
        return Response(status=HTTPStatus.ACCEPTED)

    def _answer(welcome: Welcome) -> Response:
        return json_answer(OwnInvitationBody.of(welcome, invitations.consent_texts))

    return blueprint
