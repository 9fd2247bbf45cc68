"""Invitations of a person, shown on their page: links by which they send photos of themselves."""

from datetime import UTC, datetime

from flask import Blueprint, g, render_template, request, url_for

from services.contracts.domain import Scope
from services.gateway.console.guard import console_blueprint
from services.gateway.cursors import Cursors
from services.gateway.invitation_bodies import InvitationBody
from services.gateway.invitations import Invitations

_INVITATIONS_ON_A_PAGE = 10


def invitation_pages(invitations: Invitations) -> Blueprint:
    """Make the blueprint of ``/console/people/<id>/invitations``."""
    blueprint = console_blueprint("invitation_pages", Scope.PEOPLE_READ)

    @blueprint.get("/people/<person_id>/invitations")
    def of_person(person_id: str) -> str:
        cursors, now = Cursors(g.principal, f"console invitations {person_id}"), datetime.now(UTC)
        position = cursors.read(request.args.get("cursor"))
        found, following = invitations.of_person(person_id, position, _INVITATIONS_ON_A_PAGE)
        cursor = cursors.write(following)
        return render_template(
            "console/people/invitations.html",
            person_id=person_id,
            invitations=[InvitationBody.of(invitation, now) for invitation in found],
            more=cursor and url_for("invitation_pages.of_person", person_id=person_id, cursor=cursor),
        )

    return blueprint
