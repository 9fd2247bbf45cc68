"""How routes declare what they take and answer; the OpenAPI document is made of nothing else.

A declaration is read when the document is made; of it a request needs the scope alone::

    @blueprint.post("/people")
    @operation(
        "Create a person",
        Answer(HTTPStatus.CREATED, "The person.", PersonBody, (LOCATION, ETAG)),
        takes=json_of(NewPerson),
        parameters=(IDEMPOTENCY_KEY,),
        problems=(IDEMPOTENCY_KEY_REUSED,),
    )
    def create() -> Response: ...

What a route shares with others need not be declared: parameters of its path, the problems of its body, of its
parameters and of its blueprint's guard, and those that any request may end in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Literal, TypeVar

from flask import Blueprint
from pydantic import BaseModel

from services.contracts.domain import Scope
from services.gateway.problems import INVALID_FIELDS, ProblemType
from services.gateway.request_body import JSON, Content

FORM = "multipart/form-data"
_DECLARED = "facegate_operation"
_GUARDS = "facegate_guards"

View = TypeVar("View", bound=Callable[..., Any])
#: JSON Schema, as far as it is not made from a model.
Schema = Mapping[str, Any]


class Security(StrEnum):
    """Who may be talking; the names of the document's security schemes."""

    KIOSK = "kioskToken"
    PROGRAM = "programToken"
    SESSION = "operatorSession"
    INVITATION = "invitationToken"


@dataclass(frozen=True)
class Guard:
    """What requests of a blueprint need.

    Attributes
    ----------
    security : tuple of Security
        One of them suffices.
    reading, writing : Scope, optional
        What safe methods need, and what the others do; None where tokens have no scopes.
    """

    security: tuple[Security, ...]
    reading: Scope | None = None
    writing: Scope | None = None


@dataclass(frozen=True)
class Field:
    """A header field of an answer."""

    name: str
    description: str
    schema: Schema


@dataclass(frozen=True)
class Parameter:
    """A parameter of the query, or a header field of the request.

    Attributes
    ----------
    problems : tuple of ProblemType
        What a wrong value ends in.
    """

    name: str
    place: Literal["query", "header"]
    description: str
    schema: Schema
    problems: tuple[ProblemType, ...] = ()
    required: bool = False


@dataclass(frozen=True)
class Answer:
    """An answer that is no problem document.

    Attributes
    ----------
    body : type or str, optional
        A model, sent as JSON, or the media type of anything else; None if there is no body.
    headers : tuple of Field
        Header fields that it may have.
    """

    status: HTTPStatus
    description: str
    body: type[BaseModel] | str | None = None
    headers: tuple[Field, ...] = ()


@dataclass(frozen=True)
class RequestBody:
    """What a route reads.

    Attributes
    ----------
    content : mapping of str to model or schema
        By media type.
    problems : tuple of ProblemType
        What another body ends in.
    part_types : tuple of str
        What the parts of a form may be.
    """

    content: Mapping[str, type[BaseModel] | Schema]
    problems: tuple[ProblemType, ...]
    part_types: tuple[str, ...] = ()


@dataclass(frozen=True)
class Operation:
    """What a route does, takes and answers.

    Attributes
    ----------
    scope : Scope, optional
        What it needs, where that is not what its blueprint's other routes need.
    """

    summary: str
    answers: tuple[Answer, ...]
    description: str = ""
    takes: RequestBody | None = None
    parameters: tuple[Parameter, ...] = ()
    problems: tuple[ProblemType, ...] = ()
    scope: Scope | None = None


def operation(
    summary: str,
    *answers: Answer,
    description: str = "",
    takes: RequestBody | None = None,
    parameters: tuple[Parameter, ...] = (),
    problems: tuple[ProblemType, ...] = (),
    scope: Scope | None = None,
) -> Callable[[View], View]:
    """Declare a route; stands below its ``@blueprint.get`` or the like.

    Parameters
    ----------
    summary : str
        What it does, in a few words.
    answers : Answer
        What it answers when all is well.
    problems : tuple of ProblemType
        What it may end in, beside what its body, its parameters and its guard bring.
    """
    declared = Operation(summary, answers, description, takes, parameters, problems, scope)

    def declare(view: View) -> View:
        setattr(view, _DECLARED, declared)
        return view

    return declare


def declared_by(view: Callable[..., Any]) -> Operation | None:
    """Find what a route declares; None if it does not."""
    return getattr(view, _DECLARED, None)


def guarded(blueprint: Blueprint, guard: Guard) -> None:
    """Declare what requests of a blueprint need."""
    name = blueprint.name
    blueprint.record(lambda state: state.app.extensions.setdefault(_GUARDS, {}).update({name: guard}))


def guards_of(extensions: Mapping[str, Any]) -> Mapping[str, Guard]:
    """Find the guards of an application by the names of their blueprints."""
    return extensions.get(_GUARDS, {})


def json_of(model: type[BaseModel]) -> RequestBody:
    """Declare a body that `json_body.read_json` reads."""
    return RequestBody(
        {"application/json": model, "application/merge-patch+json": model},
        (*problems_of(JSON), INVALID_FIELDS),
    )


def pictures_of(content: Content, most: int, *types: str) -> RequestBody:
    """Declare a body that `request_body.read_pictures` reads."""
    file: Schema = {"type": "string", "format": "binary", "minLength": 1}
    form = {
        "type": "object",
        "properties": {"image": {"type": "array", "items": file, "minItems": 1, "maxItems": most}},
        "required": ["image"],
    }
    return RequestBody({**{name: {} for name in types}, FORM: form}, problems_of(content), part_types=types)


def problems_of(content: Content) -> tuple[ProblemType, ...]:
    """Tell what reading a body may end in."""
    return (content.missing, content.too_large, content.too_slow, content.unsupported, content.too_many)
