"""The API of invitations as operators work with them: made, listed, revoked."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from flask import Blueprint, Response, g, request, url_for

from services.contracts.domain import Scope
from services.contracts.invitations import Invitation, link_of
from services.contracts.tokens import InvitationToken
from services.gateway.authentication import PrincipalAuthenticator
from services.gateway.cursors import Cursors, page_size
from services.gateway.invitation_bodies import (
    InvitationBody,
    InvitationsBody,
    NewInvitation,
    NewInvitationBody,
)
from services.gateway.invitations import Invitations
from services.gateway.json_answer import json_answer
from services.gateway.json_body import read_json
from services.gateway.openapi import Answer, json_of, operation
from services.gateway.openapi_fields import LOCATION, PAGE
from services.gateway.problems import PERSON_DELETING, UNKNOWN_INVITATION, UNKNOWN_PERSON
from services.gateway.settings import GatewaySettings
from services.gateway.watchdog import Watchdog


def invitations_api(
    invitations: Invitations, authenticator: PrincipalAuthenticator, settings: GatewaySettings
) -> Blueprint:
    """Make the blueprint of ``/v1/people/<id>/invitations``."""
    blueprint = Blueprint("invitations_api", __name__, url_prefix="/v1/people/<person_id>/invitations")
    authenticator.guard(blueprint, reading=Scope.PEOPLE_READ, writing=Scope.PEOPLE_WRITE)
    watchdog = Watchdog(settings.photo_timeout)

    @blueprint.post("")
    @operation(
        "Invite a person to send photos of themselves",
        Answer(
            HTTPStatus.CREATED,
            "The invitation, and its link, which is shown this once.",
            NewInvitationBody,
            (LOCATION,),
        ),
        description="Whoever has the link can send photos for this person: send it to nobody else.",
        takes=json_of(NewInvitation),
        problems=(UNKNOWN_PERSON, PERSON_DELETING),
    )
    def invite(person_id: str) -> Response:
        new = read_json(request, NewInvitation, watchdog)
        validity = timedelta(hours=new.valid_hours)
        invitation, token = invitations.invite(person_id, g.principal.name, validity, new.most_photos)
        response = json_answer(_with_link(invitation, token), HTTPStatus.CREATED)
        response.headers["Location"] = url_for(
            "invitations_api.show", person_id=person_id, invitation_id=invitation.invitation_id
        )
        return response

    @blueprint.get("")
    @operation(
        "List a person's invitations",
        Answer(HTTPStatus.OK, "A page of the list, the newest first.", InvitationsBody),
        description="Those that have ended are listed for a month more.",
        parameters=PAGE,
        problems=(UNKNOWN_PERSON,),
    )
    def listed(person_id: str) -> Response:
        cursors = Cursors(g.principal, f"invitations {person_id}")
        position = cursors.read(request.args.get("cursor"))
        page, following = invitations.of_person(person_id, position, page_size(request.args))
        now = datetime.now(UTC)
        body = InvitationsBody(
            invitations=[InvitationBody.of(one, now) for one in page], next_cursor=cursors.write(following)
        )
        return json_answer(body)

    @blueprint.get("/<invitation_id>")
    @operation(
        "Show an invitation",
        Answer(HTTPStatus.OK, "The invitation, and never its link.", InvitationBody),
        problems=(UNKNOWN_INVITATION,),
    )
    def show(person_id: str, invitation_id: str) -> Response:
        return json_answer(InvitationBody.of(invitations.find(person_id, invitation_id), datetime.now(UTC)))

    @blueprint.delete("/<invitation_id>")
    @operation(
        "Take an invitation back",
        Answer(HTTPStatus.NO_CONTENT, "Its link leads nowhere any more; the photos that were sent stay."),
        problems=(UNKNOWN_INVITATION,),
    )
    def revoke(person_id: str, invitation_id: str) -> Response:
        invitations.revoke(person_id, invitation_id)
        return Response(status=HTTPStatus.NO_CONTENT)

    return blueprint


def _with_link(invitation: Invitation, token: InvitationToken) -> NewInvitationBody:
    return NewInvitationBody(
        token=str(token),
        link=link_of(request.url_root, token),
        **InvitationBody.of(invitation, datetime.now(UTC)).model_dump(),
    )
