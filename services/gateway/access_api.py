"""The API of zones, doors, rules and holiday calendars."""

from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

from flask import Blueprint, Response, g, request
from pydantic import BaseModel, TypeAdapter, ValidationError

from services.contracts.access import (
    AccessKind,
    AccessRecord,
    Door,
    HolidayCalendar,
    Rule,
    Zone,
    id_of,
)
from services.contracts.domain import Instant, Scope
from services.gateway.access import AccessControl
from services.gateway.access_bodies import (
    CalendarChange,
    CalendarsBody,
    DoorChange,
    DoorsBody,
    ExplanationBody,
    NewCalendar,
    NewDoor,
    NewRule,
    NewZone,
    RuleChange,
    RulesBody,
    ZoneChange,
    ZonesBody,
)
from services.gateway.authentication import PrincipalAuthenticator
from services.gateway.cursors import Cursors, page_size
from services.gateway.etags import etag, wanted_version
from services.gateway.json_answer import json_answer
from services.gateway.json_body import made, read_json
from services.gateway.openapi import Answer, Parameter, json_of, operation
from services.gateway.openapi_fields import ETAG, IF_MATCH, LOCATION, PAGE
from services.gateway.problems import (
    ACCESS_RECORD_CHANGED,
    ACCESS_RECORD_EXISTS,
    ACCESS_RECORD_IN_USE,
    INVALID_QUERY,
    TOO_MANY_ACCESS_RECORDS,
    UNKNOWN_ACCESS_RECORD,
    UNKNOWN_PERSON,
    UNKNOWN_REFERENCE,
    Problem,
)
from services.gateway.settings import GatewaySettings
from services.gateway.watchdog import Watchdog

_INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)


@dataclass(frozen=True)
class _Resource:
    """What the routes of a kind of record have of their own.

    Attributes
    ----------
    path : str
        In the URL, and of the list in its answer.
    id_name : str
        What its id is called.
    """

    kind: AccessKind
    word: str
    path: str
    id_name: str
    record: type[AccessRecord]
    new: type[BaseModel]
    change: type[BaseModel]
    page: type[BaseModel]


_RESOURCES = (
    _Resource(AccessKind.ZONE, "zone", "zones", "zone_id", Zone, NewZone, ZoneChange, ZonesBody),
    _Resource(AccessKind.DOOR, "door", "doors", "door_id", Door, NewDoor, DoorChange, DoorsBody),
    _Resource(AccessKind.RULE, "rule", "rules", "rule_id", Rule, NewRule, RuleChange, RulesBody),
    _Resource(
        AccessKind.HOLIDAYS,
        "holiday calendar",
        "holidays",
        "calendar_id",
        HolidayCalendar,
        NewCalendar,
        CalendarChange,
        CalendarsBody,
    ),
)
_WHO = Parameter("person_id", "query", "Who.", {"type": "string"}, (INVALID_QUERY,), required=True)
_WHERE = Parameter("door_id", "query", "Where.", {"type": "string"}, (INVALID_QUERY,), required=True)
_WHEN = Parameter(
    "at",
    "query",
    "When, with a time zone; now, if left out.",
    {"type": "string", "format": "date-time"},
    (INVALID_QUERY,),
)


def access_api(
    access: AccessControl, authenticator: PrincipalAuthenticator, settings: GatewaySettings
) -> Blueprint:
    """Make the blueprint of zones, doors, rules, holiday calendars, and of what they let somebody do."""
    blueprint = Blueprint("access_api", __name__, url_prefix="/v1")
    authenticator.guard(blueprint, reading=Scope.ACCESS_READ, writing=Scope.ACCESS_WRITE)
    watchdog = Watchdog(settings.photo_timeout)
    for resource in _RESOURCES:
        _add_reading(blueprint, resource, access)
        _add_writing(blueprint, resource, access, watchdog)

    @blueprint.get("/access/explanation")
    @operation(
        "Tell whether a person may pass a door, and why",
        Answer(HTTPStatus.OK, "What decides, and what each rule for the door says.", ExplanationBody),
        parameters=(_WHO, _WHERE, _WHEN),
        problems=(UNKNOWN_PERSON, UNKNOWN_ACCESS_RECORD),
        # it names a person and their groups
        scope=Scope.PEOPLE_READ,
    )
    def explanation() -> Response:
        person_id, door_id = request.args.get("person_id", ""), request.args.get("door_id", "")
        at = _instant(request.args.get("at"))
        if not (0 < len(person_id) <= 100 and door_id):
            raise Problem(INVALID_QUERY, "The query names no person_id and door_id. Give both.")
        return json_answer(ExplanationBody.of(access.explain(person_id, door_id, at), person_id, door_id, at))

    return blueprint


def _add_reading(blueprint: Blueprint, resource: _Resource, access: AccessControl) -> None:
    @blueprint.get(f"/{resource.path}", endpoint=resource.path)
    @operation(
        f"List {resource.word}s by id",
        Answer(HTTPStatus.OK, "A page of the list.", resource.page),
        parameters=PAGE,
    )
    def some() -> Response:
        cursors = Cursors(g.principal, resource.path)
        position = cursors.read(request.args.get("cursor"))
        records, following = access.page(resource.kind, position, page_size(request.args))
        return json_answer(
            resource.page.model_validate({resource.path: records, "next_cursor": cursors.write(following)})
        )

    @blueprint.get(f"/{resource.path}/<{resource.id_name}>", endpoint=f"show_{resource.id_name}")
    @operation(
        f"Show a {resource.word}",
        Answer(HTTPStatus.OK, f"The {resource.word}.", resource.record, (ETAG,)),
        problems=(UNKNOWN_ACCESS_RECORD,),
    )
    def show(**ids: str) -> Response:
        return _answer(access.find(resource.kind, ids[resource.id_name]))


def _add_writing(
    blueprint: Blueprint, resource: _Resource, access: AccessControl, watchdog: Watchdog
) -> None:
    one = f"/{resource.path}/<{resource.id_name}>"

    @blueprint.post(f"/{resource.path}", endpoint=f"create_{resource.id_name}")
    @operation(
        f"Add a {resource.word}",
        Answer(HTTPStatus.CREATED, f"The {resource.word}.", resource.record, (LOCATION, ETAG)),
        takes=json_of(resource.new),
        problems=(
            ACCESS_RECORD_EXISTS,
            ACCESS_RECORD_CHANGED,
            UNKNOWN_REFERENCE,
            TOO_MANY_ACCESS_RECORDS,
        ),
    )
    def create() -> Response:
        new = read_json(request, resource.new, watchdog)
        record = access.create(made(resource.record, new.model_dump()))
        response = _answer(record, HTTPStatus.CREATED)
        response.headers["Location"] = f"{request.path}/{id_of(record)}"
        return response

    @blueprint.patch(one, endpoint=f"change_{resource.id_name}")
    @operation(
        f"Change a {resource.word}",
        Answer(HTTPStatus.OK, f"The {resource.word} as changed.", resource.record, (ETAG,)),
        description="What is left out of the body stays as it is (RFC 7396). It holds from the next "
        "decision on.",
        takes=json_of(resource.change),
        parameters=(IF_MATCH,),
        problems=(UNKNOWN_ACCESS_RECORD, ACCESS_RECORD_CHANGED, UNKNOWN_REFERENCE),
    )
    def change(**ids: str) -> Response:
        version = wanted_version(request.headers.get("If-Match"), ACCESS_RECORD_CHANGED)
        fields = read_json(request, resource.change, watchdog).model_dump(exclude_unset=True)
        return _answer(access.change(resource.kind, ids[resource.id_name], fields, version))

    @blueprint.delete(one, endpoint=f"remove_{resource.id_name}")
    @operation(
        f"Remove a {resource.word}",
        Answer(HTTPStatus.NO_CONTENT, "It is gone, from the next decision on."),
        parameters=(IF_MATCH,),
        problems=(UNKNOWN_ACCESS_RECORD, ACCESS_RECORD_CHANGED, ACCESS_RECORD_IN_USE),
    )
    def remove(**ids: str) -> Response:
        version = wanted_version(request.headers.get("If-Match"), ACCESS_RECORD_CHANGED)
        access.remove(resource.kind, ids[resource.id_name], version)
        return Response(status=HTTPStatus.NO_CONTENT)


def _answer(record: AccessRecord, status: HTTPStatus = HTTPStatus.OK) -> Response:
    response = json_answer(record, status)
    response.headers["ETag"] = etag(record.version)
    return response


def _instant(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)
    try:
        # a plus sign that was not encoded arrives as a space
        return _INSTANT.validate_python(text.replace(" ", "+"))
    except ValidationError as error:
        raise Problem(
            INVALID_QUERY, "The parameter 'at' is no moment with a time zone, as in 2027-01-31T08:00:00Z."
        ) from error
