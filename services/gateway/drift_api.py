"""The API of checks for drift."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Self

from flask import Blueprint, Response, g, url_for
from pydantic import AwareDatetime, BaseModel

from services.contracts.domain import Scope
from services.contracts.drift_checks import CheckStatus, Difference, DriftCheck
from services.gateway.authentication import PrincipalAuthenticator
from services.gateway.drift import DriftChecks
from services.gateway.json_answer import json_answer
from services.gateway.openapi import Answer, operation
from services.gateway.openapi_fields import LOCATION
from services.gateway.problems import DRIFT_CHECK_RUNNING, NO_DRIFT_CHECK


class DriftCheckBody(BaseModel):
    """A check.

    Attributes
    ----------
    read : int
        How many faces, people, enrollments and so on have been read so far.
    counts : dict of str to int
        How many differences there are of each kind; empty if all agree, once it is done.
    differences : list of Difference
        The first 200, for those with the scope `people:read`.
    problem : str, optional
        Why it failed.
    """

    check_id: str
    status: CheckStatus
    requested_by: str
    started_at: AwareDatetime
    finished_at: AwareDatetime | None
    read: int
    counts: Mapping[str, int]
    differences: tuple[Difference, ...] = ()
    problem: str | None

    @classmethod
    def of(cls, check: DriftCheck, *, with_people: bool) -> Self:
        """Tell of one; of people only to whoever may read them."""
        hidden = set[str]() if with_people else {"differences"}
        return cls.model_validate(check.model_dump(exclude=hidden | {"told_at"}))


def drift_api(checks: DriftChecks, authenticator: PrincipalAuthenticator) -> Blueprint:
    """Make the blueprint of ``/v1/drift-checks``."""
    blueprint = Blueprint("drift_api", __name__, url_prefix="/v1/drift-checks")
    authenticator.guard(blueprint, reading=Scope.OPERATIONS_READ, writing=Scope.OPERATIONS_WRITE)

    def told(check: DriftCheck) -> DriftCheckBody:
        return DriftCheckBody.of(check, with_people=Scope.PEOPLE_READ in g.principal.scopes)

    @blueprint.post("")
    @operation(
        "Compare the face collection with the tables",
        Answer(HTTPStatus.ACCEPTED, "The check, which runs in the background.", DriftCheckBody, (LOCATION,)),
        description="One runs at a time, and changes nothing. `facegate check --mend` mends what it finds.",
        problems=(DRIFT_CHECK_RUNNING,),
    )
    def begin() -> Response:
        response = json_answer(told(checks.begin(g.principal.name)), HTTPStatus.ACCEPTED)
        response.headers["Location"] = url_for("drift_api.latest")
        return response

    @blueprint.get("/latest")
    @operation(
        "Show the last check for drift",
        Answer(HTTPStatus.OK, "How far it is, and what it has found.", DriftCheckBody),
        problems=(NO_DRIFT_CHECK,),
    )
    def latest() -> Response:
        return json_answer(told(checks.latest()))

    return blueprint
