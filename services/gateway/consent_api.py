"""The API of consent: that a person agreed to be recognised, or does no more."""

from datetime import UTC, datetime
from http import HTTPStatus

from flask import Blueprint, Response, g, request

from services.contracts.domain import Consent, Scope
from services.gateway.authentication import PrincipalAuthenticator
from services.gateway.etags import etag, wanted_version
from services.gateway.json_answer import json_answer
from services.gateway.json_body import read_json
from services.gateway.openapi import Answer, json_of, operation
from services.gateway.openapi_fields import ETAG, IF_MATCH
from services.gateway.people import Register
from services.gateway.person_bodies import ConsentGiven, PersonBody
from services.gateway.problems import PERSON_CHANGED, PERSON_DELETING, UNKNOWN_PERSON
from services.gateway.settings import GatewaySettings
from services.gateway.watchdog import Watchdog

_PROBLEMS = (UNKNOWN_PERSON, PERSON_CHANGED, PERSON_DELETING)


def consent_api(
    register: Register, authenticator: PrincipalAuthenticator, settings: GatewaySettings
) -> Blueprint:
    """Make the blueprint of ``/v1/people/<id>/consent``."""
    blueprint = Blueprint("consent_api", __name__, url_prefix="/v1/people")
    authenticator.guard(blueprint, reading=Scope.PEOPLE_READ, writing=Scope.PEOPLE_WRITE)
    watchdog = Watchdog(settings.photo_timeout)

    @blueprint.put("/<person_id>/consent")
    @operation(
        "Record a person's consent",
        Answer(HTTPStatus.OK, "The person.", PersonBody, (ETAG,)),
        takes=json_of(ConsentGiven),
        parameters=(IF_MATCH,),
        problems=_PROBLEMS,
    )
    def give(person_id: str) -> Response:
        given = read_json(request, ConsentGiven, watchdog)
        consent = Consent(
            given_at=given.given_at or datetime.now(UTC),
            text_version=given.text_version,
            recorded_by=g.principal.name,
        )
        return _changed(person_id, consent)

    @blueprint.delete("/<person_id>/consent")
    @operation(
        "Withdraw a person's consent",
        Answer(HTTPStatus.OK, "The person.", PersonBody, (ETAG,)),
        description="No door opens to them from then on. What is kept of them stays until they are deleted.",
        parameters=(IF_MATCH,),
        problems=_PROBLEMS,
    )
    def withdraw(person_id: str) -> Response:
        person = register.find(person_id)
        return _changed(person_id, person.withdrawn_consent(g.principal.name, datetime.now(UTC)))

    def _changed(person_id: str, consent: Consent) -> Response:
        version = wanted_version(request.headers.get("If-Match"), PERSON_CHANGED)
        person = register.change(person_id, {"consent": consent}, version)
        response = json_answer(PersonBody.of(person))
        response.headers["ETag"] = etag(person.version)
        return response

    return blueprint
