"""The API of people: created, found, changed, deleted."""

import re
from http import HTTPStatus

from flask import Blueprint, Response, g, request, url_for

from services.contracts.domain import Person, Scope
from services.gateway.authentication import PrincipalAuthenticator
from services.gateway.cursors import Cursors, page_size
from services.gateway.idempotency_key import idempotency_key
from services.gateway.json_answer import json_answer
from services.gateway.json_body import read_json
from services.gateway.openapi import Answer, Parameter, json_of, operation
from services.gateway.openapi_fields import ETAG, IDEMPOTENCY_KEY, IF_MATCH, LOCATION, PAGE
from services.gateway.people import Register
from services.gateway.person_bodies import (
    LONGEST_SEARCH,
    DeletionBody,
    NewPerson,
    PeopleBody,
    PersonBody,
    PersonChange,
)
from services.gateway.problems import (
    IDEMPOTENCY_KEY_REUSED,
    INVALID_QUERY,
    PERSON_CHANGED,
    PERSON_DELETING,
    UNKNOWN_DELETION,
    UNKNOWN_PERSON,
    Problem,
)
from services.gateway.settings import GatewaySettings
from services.gateway.watchdog import Watchdog

_SEARCH = Parameter(
    "search",
    "query",
    "People with a word in their name that begins so.",
    {"type": "string", "maxLength": LONGEST_SEARCH},
    (INVALID_QUERY,),
)
_ETAG = re.compile(r'"(?P<version>[1-9][0-9]{0,15})"')


def people_api(
    register: Register, authenticator: PrincipalAuthenticator, settings: GatewaySettings
) -> Blueprint:
    """Make the blueprint of ``/v1/people`` and ``/v1/deletions``."""
    blueprint = Blueprint("people_api", __name__, url_prefix="/v1")
    authenticator.guard(blueprint, reading=Scope.PEOPLE_READ, writing=Scope.PEOPLE_WRITE)
    watchdog = Watchdog(settings.photo_timeout)

    @blueprint.post("/people")
    @operation(
        "Create a person",
        Answer(HTTPStatus.CREATED, "The person.", PersonBody, (LOCATION, ETAG)),
        takes=json_of(NewPerson),
        parameters=(IDEMPOTENCY_KEY,),
        problems=(IDEMPOTENCY_KEY_REUSED,),
    )
    def create() -> Response:
        key = idempotency_key(request.headers.get("Idempotency-Key"))
        new = read_json(request, NewPerson, watchdog)
        person = register.create_once(new, g.principal.name, key) if key else register.create(new)
        response = _answer(person, HTTPStatus.CREATED)
        response.headers["Location"] = url_for("people_api.show", person_id=person.person_id)
        return response

    @blueprint.get("/people")
    @operation(
        "List people by name",
        Answer(HTTPStatus.OK, "A page of the list.", PeopleBody),
        parameters=(_SEARCH, *PAGE),
    )
    def people() -> Response:
        search = request.args.get("search", "")
        if len(search) > LONGEST_SEARCH:
            raise Problem(INVALID_QUERY, f"The search has more than {LONGEST_SEARCH} characters.")
        cursors = Cursors(g.principal, f"people {search}")
        page = register.search(search, cursors.read(request.args.get("cursor")), page_size(request.args))
        body = PeopleBody(
            people=[PersonBody.of(person) for person in page.people], next_cursor=cursors.write(page.cursor)
        )
        return json_answer(body)

    @blueprint.get("/people/<person_id>")
    @operation(
        "Show a person",
        Answer(HTTPStatus.OK, "The person.", PersonBody, (ETAG,)),
        problems=(UNKNOWN_PERSON,),
    )
    def show(person_id: str) -> Response:
        return _answer(register.find(person_id))

    @blueprint.patch("/people/<person_id>")
    @operation(
        "Change a person",
        Answer(HTTPStatus.OK, "The person as changed.", PersonBody, (ETAG,)),
        description="What is left out of the body stays as it is (RFC 7396).",
        takes=json_of(PersonChange),
        parameters=(IF_MATCH,),
        problems=(UNKNOWN_PERSON, PERSON_CHANGED, PERSON_DELETING),
    )
    def change(person_id: str) -> Response:
        version = _version(request.headers.get("If-Match"))
        fields = read_json(request, PersonChange, watchdog).fields()
        return _answer(register.change(person_id, fields, version))

    @blueprint.delete("/people/<person_id>")
    @operation(
        "Delete a person",
        Answer(
            HTTPStatus.ACCEPTED,
            "The receipt, filled in as it goes on.",
            DeletionBody,
            (LOCATION,),
        ),
        description="The person opens no door from now on, and is removed from everywhere.",
        problems=(UNKNOWN_PERSON,),
    )
    def delete(person_id: str) -> Response:
        deletion = register.delete(person_id, g.principal.name)
        response = json_answer(DeletionBody.of(deletion), HTTPStatus.ACCEPTED)
        response.headers["Location"] = url_for("people_api.deletion", deletion_id=deletion.deletion_id)
        return response

    @blueprint.get("/deletions/<deletion_id>")
    @operation(
        "Show the receipt of a deletion",
        Answer(HTTPStatus.OK, "The receipt.", DeletionBody),
        problems=(UNKNOWN_DELETION,),
    )
    def deletion(deletion_id: str) -> Response:
        return json_answer(DeletionBody.of(register.deletion(deletion_id)))

    return blueprint


def _answer(person: Person, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Show a person, with an ETag of what can be changed of them: their photos come and go by themselves."""
    response = json_answer(PersonBody.of(person), status)
    response.headers["ETag"] = f'"{person.version}"'
    return response


def _version(if_match: str | None) -> int | None:
    """Read the version that is to be changed; None if any."""
    if if_match is None or if_match.strip() == "*":
        return None
    found = _ETAG.fullmatch(if_match.strip())
    if found is None:
        raise Problem(PERSON_CHANGED, "No version of a person has this ETag. Read the person, and try again.")
    return int(found["version"])
