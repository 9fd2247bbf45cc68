"""The OpenAPI 3.1 document, made of what the application's routes declare."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from importlib.metadata import version
from itertools import chain
from typing import Any

from flask import Flask
from pydantic import BaseModel, ConfigDict
from werkzeug.routing import Rule

from services.contracts.domain import Scope
from services.gateway.openapi import (
    FORM,
    Answer,
    Field,
    Guard,
    Operation,
    Parameter,
    RequestBody,
    Security,
    declared_by,
    guards_of,
)
from services.gateway.openapi_fields import RETRY_AFTER
from services.gateway.openapi_schemas import ModelIn, References, schemas_of
from services.gateway.problems import (
    CROSS_SITE,
    INSUFFICIENT_SCOPE,
    INTERNAL,
    NO_TOKEN,
    SESSION_ENDED,
    UNAVAILABLE,
    WRONG_TOKEN,
    ProblemType,
)
from services.gateway.session_cookies import CSRF_HEADER, LOCAL_COOKIE, SECURE_COOKIE

_PROBLEM_JSON = "application/problem+json"
#: What Flask and the server refuse before a route is reached; the status says it all.
_BLANK = "about:blank"
#: A malformed request; a head that came too slowly, an address or a head that is too long.
_ANY_REQUEST = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.REQUEST_URI_TOO_LONG,
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
)
#: Pages, which programs do not ask for.
_UNDECLARED = ("/console", "/static/")
_SAFE = frozenset({"GET", "HEAD"})
#: Flask answers them by itself.
_IMPLIED = frozenset({"HEAD", "OPTIONS"})

_SCHEMES: Mapping[Security, Mapping[str, Any]] = {
    Security.KIOSK: {
        "type": "http",
        "scheme": "bearer",
        "description": "A kiosk's token, `fgk_…`, of `facegate kiosks`.",
    },
    Security.PROGRAM: {
        "type": "http",
        "scheme": "bearer",
        "description": "A program's token, `fga_…`, of `facegate tokens create`; it has scopes.",
    },
    Security.INVITATION: {
        "type": "http",
        "scheme": "bearer",
        "description": "An invitation's token, `fgi_…`, of `POST /v1/people/{person_id}/invitations`.",
    },
    Security.SESSION: {
        "type": "apiKey",
        "in": "cookie",
        "name": SECURE_COOKIE,
        "description": "An operator's session, begun by `POST /v1/session`; over http on the machine itself "
        f"the cookie is called `{LOCAL_COOKIE}`. What changes something needs `{CSRF_HEADER}` too, with what "
        "`GET /v1/session` tells.",
    },
}


class ProblemDocument(BaseModel):
    """What went wrong, for people and for programs (RFC 9457).

    Attributes
    ----------
    type : str
        What kind of problem; a page of the gateway explains it. ``about:blank``: the status says it all.
    detail : str
        What is wrong in this request, and the way out.
    instance : str
        The path that was asked for.
    error_id : str
        Of an unexpected error, to be found in the gateway's log.
    """

    model_config = ConfigDict(extra="forbid")

    type: str
    title: str
    status: int
    detail: str
    instance: str = ""
    error_id: str = ""


@dataclass(frozen=True)
class Route:
    """A route with one method."""

    endpoint: str
    path: str
    method: str
    operation: Operation
    guard: Guard | None
    path_parameters: tuple[str, ...]

    @property
    def scope(self) -> Scope | None:
        """What a token or an operator needs."""
        if self.guard is None:
            return None
        usual = self.guard.reading if self.method in _SAFE else self.guard.writing
        return self.operation.scope or usual

    @property
    def tag(self) -> str:
        """Its blueprint, in words."""
        name = self.endpoint.partition(".")[0].removesuffix("_api").replace("_", " ")
        return name[0].upper() + name[1:]


def undeclared(app: Flask) -> list[str]:
    """Name the routes that declare nothing; the console's pages and files of pages apart."""
    return sorted(
        f"{sorted((rule.methods or set()) - _IMPLIED)} {rule.rule}"
        for rule in app.url_map.iter_rules()
        if not rule.rule.startswith(_UNDECLARED) and declared_by(app.view_functions[rule.endpoint]) is None
    )


def routes_of(app: Flask) -> Iterator[Route]:
    """Go through the declared routes, by path and method."""
    guards = guards_of(app.extensions)
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        declared = declared_by(app.view_functions[rule.endpoint])
        if declared is None:
            continue
        guard = guards.get(rule.endpoint.partition(".")[0])
        for method in sorted((rule.methods or set()) - _IMPLIED):
            yield Route(rule.endpoint, _path(rule), method, declared, guard, _path_parameters(rule))


def openapi_document(app: Flask) -> dict[str, Any]:
    """Make the document of an application.

    Returns
    -------
    dict
        OpenAPI 3.1, as JSON has it.
    """
    routes = list(routes_of(app))
    references, schemas = schemas_of(chain([(ProblemDocument, "validation")], *map(_models, routes)))
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for route in routes:
        paths[route.path][route.method.lower()] = _operation(route, references)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Facegate",
            "version": version("facegate"),
            "description": "Face-recognition access control. Errors are problem documents (RFC 9457); a "
            "problem's `type` is a page that explains it.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in sorted({route.tag for route in routes})],
        "paths": dict(paths),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                name.value: scheme
                for name, scheme in _SCHEMES.items()
                if any(route.guard and name in route.guard.security for route in routes)
            },
        },
    }


def _operation(route: Route, references: References) -> dict[str, Any]:
    declared, scope = route.operation, route.scope
    described: dict[str, Any] = {
        "operationId": route.endpoint.replace("_api.", "."),
        "summary": declared.summary,
        "tags": [route.tag],
        "responses": _responses(route, references),
    }
    needs = f"Needs the scope `{scope.value}`." if scope else ""
    if description := " ".join(filter(None, (declared.description, needs))):
        described["description"] = description
    if scope:
        described["x-scope"] = scope.value
    if route.guard:
        described["security"] = [{name.value: []} for name in route.guard.security]
    if parameters := [*map(_path_parameter, route.path_parameters), *map(_parameter, declared.parameters)]:
        described["parameters"] = parameters
    if declared.takes:
        described["requestBody"] = _request_body(declared.takes, references)
    return described


def _request_body(body: RequestBody, references: References) -> dict[str, Any]:
    content: dict[str, dict[str, Any]] = {
        media_type: {"schema": references[kind, "validation"] if isinstance(kind, type) else kind}
        for media_type, kind in body.content.items()
    }
    if body.part_types:
        parts = content[FORM]["schema"]["properties"]
        content[FORM]["encoding"] = {name: {"contentType": ", ".join(body.part_types)} for name in parts}
    return {"required": True, "content": content}


def _responses(route: Route, references: References) -> dict[str, Any]:
    responses: dict[str, dict[str, Any]] = {}
    for answer in sorted(route.operation.answers, key=lambda answer: answer.status):
        described = _answer(answer, references)
        standing = responses.setdefault(str(answer.status.value), described)
        # a route that answers in several forms declares each
        standing.get("content", {}).update(described.get("content", {}))
    problems: dict[int, list[ProblemType]] = {status.value: [] for status in _ANY_REQUEST}
    for problem in dict.fromkeys(_problems(route)):
        problems.setdefault(problem.status.value, []).append(problem)
    if route.path_parameters:
        problems.setdefault(HTTPStatus.NOT_FOUND.value, [])
    for status, kinds in sorted(problems.items()):
        responses[str(status)] = _problem_answer(status, kinds)
    return responses


def _problems(route: Route) -> Iterable[ProblemType]:
    declared = route.operation
    yield from declared.problems
    for parameter in declared.parameters:
        yield from parameter.problems
    if declared.takes:
        yield from declared.takes.problems
    if route.guard:
        yield from (NO_TOKEN, WRONG_TOKEN, UNAVAILABLE)
        if Security.SESSION in route.guard.security:
            yield SESSION_ENDED
            if route.method not in _SAFE:
                yield CROSS_SITE
    if route.scope:
        yield INSUFFICIENT_SCOPE
    yield INTERNAL


def _problem_answer(status: int, kinds: list[ProblemType]) -> dict[str, Any]:
    told = "; ".join(f"[{kind.title}]({kind.uri})" for kind in kinds) or HTTPStatus(status).description
    answer: dict[str, Any] = {
        "description": told,
        "content": {
            _PROBLEM_JSON: {
                "schema": {
                    "allOf": [{"$ref": "#/components/schemas/ProblemDocument"}],
                    "properties": {
                        "type": {"enum": [*(kind.uri for kind in kinds), _BLANK]},
                        "status": {"const": status},
                    },
                }
            }
        },
    }
    if status in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}:
        answer["headers"] = _headers((RETRY_AFTER,))
    return answer


def _answer(answer: Answer, references: References) -> dict[str, Any]:
    described: dict[str, Any] = {"description": answer.description}
    if answer.headers:
        described["headers"] = _headers(answer.headers)
    if isinstance(answer.body, str):
        described["content"] = {answer.body: {"schema": {}}}
    elif answer.body is not None:
        described["content"] = {"application/json": {"schema": references[answer.body, "serialization"]}}
    return described


def _headers(fields: Iterable[Field]) -> dict[str, Any]:
    return {field.name: {"description": field.description, "schema": field.schema} for field in fields}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.description,
        "required": parameter.required,
        "schema": parameter.schema,
    }


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _models(route: Route) -> Iterator[ModelIn]:
    for kind in route.operation.takes.content.values() if route.operation.takes else ():
        if isinstance(kind, type):
            yield kind, "validation"
    for answer in route.operation.answers:
        if isinstance(answer.body, type):
            yield answer.body, "serialization"


def _path(rule: Rule) -> str:
    return re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)


def _path_parameters(rule: Rule) -> tuple[str, ...]:
    return tuple(re.findall(r"<(?:[^:<>]+:)?([^<>]+)>", rule.rule))
