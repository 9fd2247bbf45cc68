"""The page of drift: what collection and tables say differently."""

from flask import Blueprint, g, render_template

from services.contracts.domain import Scope
from services.drift.finding import DriftKind
from services.gateway.console.guard import console_blueprint
from services.gateway.drift import DriftChecks
from services.gateway.drift_api import DriftCheckBody

#: What kinds of differences are called.
_KINDS = {
    DriftKind.FACE_OF_NOBODY: "drift.kind.face-of-nobody",
    DriftKind.FACE_GONE: "drift.kind.face-gone",
    DriftKind.FACE_OUTSIDE_USER: "drift.kind.face-outside-user",
    DriftKind.USER_OF_NOBODY: "drift.kind.user-of-nobody",
    DriftKind.PHOTOS_MISCOUNTED: "drift.kind.photos-miscounted",
    DriftKind.ENROLLMENT_STUCK: "drift.kind.enrollment-stuck",
    DriftKind.DELETION_STUCK: "drift.kind.deletion-stuck",
    DriftKind.UPLOAD_LOST: "drift.kind.upload-lost",
}


def drift_pages(checks: DriftChecks) -> Blueprint:
    """Make the blueprint of ``/console/drift``."""
    blueprint = console_blueprint("drift_pages", Scope.OPERATIONS_READ)

    def shown(template: str) -> str:
        check = checks.known()
        with_people = Scope.PEOPLE_READ in g.principal.scopes
        return render_template(
            template,
            check=check and DriftCheckBody.of(check, with_people=with_people),
            kinds={kind.value: key for kind, key in _KINDS.items()},
        )

    @blueprint.get("/drift")
    def page() -> str:
        return shown("console/drift/page.html")

    @blueprint.get("/drift/latest")
    def latest() -> str:
        return shown("console/drift/latest.html")

    return blueprint
