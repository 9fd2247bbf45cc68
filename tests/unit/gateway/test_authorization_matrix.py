"""Every route, and everybody who may ask for it: whom it lets through, and how it refuses the others."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Blueprint, Flask
from werkzeug.routing import Rule

from services.contracts.domain import Person, Scope
from services.contracts.invitations import invite
from services.contracts.operators import PERMISSIONS, Role
from services.contracts.tokens import ApiToken, InvitationToken, KioskToken
from services.gateway.problems import PROBLEM_TYPES
from services.gateway.session_cookies import LOCAL_COOKIE
from services.gateway.uuid7 import uuid7
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.in_memory import NOW, decision_on, issued, picture

pytestmark = pytest.mark.access

#: Written by hand, and never made of the code: a route that is not here fails. The last word is the scope
#: that a program's token or an operator's role needs; or ``everybody``, ``kiosk`` for a kiosk's token,
#: ``invitation`` for that of an invitation's link, ``session`` for an operator's session, whatever the role.
#: A page of the console, which no token opens, has ``page:`` before it.
ROUTES = """
GET     /                                                       everybody
GET     /healthz                                                everybody
GET     /readyz                                                 everybody
GET     /kiosk                                                  everybody
GET     /join                                                   everybody
GET     /openapi.json                                           everybody
GET     /docs                                                   everybody
GET     /problems/<slug>                                        everybody
GET     /static/<filename>                                      everybody

POST    /v1/recognitions                                        kiosk
GET     /v1/recognitions/<recognition_id>                       kiosk
GET     /v1/kiosk                                               kiosk
POST    /v1/kiosk/token                                         kiosk
POST    /v1/kiosks/pairing                                      everybody

GET     /v1/invitation                                          invitation
PUT     /v1/invitation/consent                                  invitation
DELETE  /v1/invitation/consent                                  invitation
POST    /v1/invitation/photos                                   invitation
DELETE  /v1/invitation/photos/<photo_id>                        invitation

POST    /v1/session                                             everybody
GET     /v1/session                                             session
DELETE  /v1/session                                             session
POST    /v1/session/password                                    session

POST    /v1/people                                              people:write
GET     /v1/people                                              people:read
GET     /v1/people/<person_id>                                  people:read
PATCH   /v1/people/<person_id>                                  people:write
DELETE  /v1/people/<person_id>                                  people:write
GET     /v1/deletions/<deletion_id>                             people:read
POST    /v1/people/<person_id>/photos                           people:write
GET     /v1/people/<person_id>/photos                           people:read
POST    /v1/people/<person_id>/photos/uploads                   people:write
DELETE  /v1/people/<person_id>/photos/<enrollment_id>           people:write
GET     /v1/people/<person_id>/photos/<enrollment_id>/image      photos:read
PUT     /v1/people/<person_id>/consent                          people:write
DELETE  /v1/people/<person_id>/consent                          people:write
GET     /v1/people/<person_id>/export                           photos:read
POST    /v1/people/<person_id>/invitations                      people:write
GET     /v1/people/<person_id>/invitations                      people:read
GET     /v1/people/<person_id>/invitations/<invitation_id>      people:read
DELETE  /v1/people/<person_id>/invitations/<invitation_id>      people:write
GET     /v1/enrollments                                         people:read
GET     /v1/enrollments/<enrollment_id>                         people:read
POST    /v1/enrollments/<enrollment_id>/resolution              people:write

POST    /v1/batches                                             batches:write
POST    /v1/batches/uploads                                     batches:write
GET     /v1/batches/<batch_id>                                  batches:write
GET     /v1/batches/<batch_id>/report                           batches:write
GET     /v1/batches/<batch_id>/report.csv                       batches:write

POST    /v1/kiosks                                              kiosks:write
GET     /v1/kiosks                                              kiosks:read
GET     /v1/kiosks/<kiosk_id>                                   kiosks:read
PATCH   /v1/kiosks/<kiosk_id>                                   kiosks:write
DELETE  /v1/kiosks/<kiosk_id>                                   kiosks:write
POST    /v1/kiosks/<kiosk_id>/revocation                        kiosks:write
POST    /v1/kiosks/<kiosk_id>/pairing-codes                     kiosks:write

GET     /v1/decisions                                           decisions:read
GET     /v1/audit                                               audit:read
GET     /v1/audit/export                                        audit:read
GET     /v1/audit/verification                                  audit:read

POST    /v1/zones                                               access:write
GET     /v1/zones                                               access:read
GET     /v1/zones/<zone_id>                                     access:read
PATCH   /v1/zones/<zone_id>                                     access:write
DELETE  /v1/zones/<zone_id>                                     access:write
POST    /v1/doors                                               access:write
GET     /v1/doors                                               access:read
GET     /v1/doors/<door_id>                                     access:read
PATCH   /v1/doors/<door_id>                                     access:write
DELETE  /v1/doors/<door_id>                                     access:write
POST    /v1/rules                                               access:write
GET     /v1/rules                                               access:read
GET     /v1/rules/<rule_id>                                     access:read
PATCH   /v1/rules/<rule_id>                                     access:write
DELETE  /v1/rules/<rule_id>                                     access:write
POST    /v1/holidays                                            access:write
GET     /v1/holidays                                            access:read
GET     /v1/holidays/<calendar_id>                              access:read
PATCH   /v1/holidays/<calendar_id>                              access:write
DELETE  /v1/holidays/<calendar_id>                              access:write
GET     /v1/access/explanation                                  people:read
GET     /v1/lockdowns                                           access:read
PUT     /v1/site/lockdown                                       emergency
DELETE  /v1/site/lockdown                                       emergency
PUT     /v1/zones/<target_id>/lockdown                          emergency
DELETE  /v1/zones/<target_id>/lockdown                          emergency
PUT     /v1/doors/<target_id>/lockdown                          emergency
DELETE  /v1/doors/<target_id>/lockdown                          emergency
GET     /v1/doors/<door_id>/action                              access:read
PUT     /v1/doors/<door_id>/action                              access:write
DELETE  /v1/doors/<door_id>/action                              access:write
POST    /v1/emergencies                                         emergency
POST    /v1/emergencies/<emergency_id>/confirmation             emergency
GET     /v1/emergencies                                         access:read
GET     /v1/emergencies/<emergency_id>                          access:read

GET     /v1/operations                                          operations:read
GET     /v1/operations/history                                  operations:read
GET     /v1/costs                                               operations:read
GET     /v1/dead-letters                                        operations:read
GET     /v1/dead-letters/<queue>                                operations:read
POST    /v1/dead-letters/<queue>/redrive                        operations:write
POST    /v1/dead-letters/<queue>/<message_id>/redrive           operations:write
DELETE  /v1/dead-letters/<queue>/<message_id>                   operations:write
POST    /v1/drift-checks                                        operations:write
GET     /v1/drift-checks/latest                                 operations:read

POST    /v1/operators                                           operators:write
GET     /v1/operators                                           operators:write
GET     /v1/operators/<operator_id>                             operators:write
PATCH   /v1/operators/<operator_id>                             operators:write
DELETE  /v1/operators/<operator_id>                             operators:write
POST    /v1/tokens                                              tokens:write
GET     /v1/tokens                                              tokens:write
GET     /v1/tokens/<token_id>                                   tokens:write
DELETE  /v1/tokens/<token_id>                                   tokens:write

GET     /console/sign-in                                        everybody
GET     /console/account                                        page:session
GET     /console                                                page:session
GET     /console/live                                           page:decisions:read
GET     /console/live/list                                      page:decisions:read
GET     /console/live/events                                    page:decisions:read
GET     /console/audit                                          page:audit:read
GET     /console/audit/rows                                     page:audit:read
GET     /console/audit/decisions/<recognition_id>               page:audit:read
GET     /console/audit/verification                             page:audit:read
GET     /console/<elsewhere>                                    page:session
GET     /console/people                                         page:people:read
GET     /console/people/rows                                    page:people:read
GET     /console/people/<person_id>                             page:people:read
GET     /console/people/<person_id>/details                     page:people:read
GET     /console/people/<person_id>/advice                      page:people:read
GET     /console/people/<person_id>/photos                      page:people:read
GET     /console/people/<person_id>/photos/<enrollment_id>      page:people:read
GET     /console/people/<person_id>/invitations                 page:people:read
GET     /console/deletions/<deletion_id>                        page:people:read
GET     /console/held                                           page:people:read
GET     /console/held/rows                                      page:people:read
GET     /console/held/<enrollment_id>/verdict                   page:people:read
GET     /console/batches                                        page:batches:write
GET     /console/batches/rows                                   page:batches:write
GET     /console/batches/<batch_id>                             page:batches:write
GET     /console/batches/<batch_id>/progress                    page:batches:write
GET     /console/batches/<batch_id>/report                      page:batches:write
GET     /console/dead-letters                                   page:operations:read
GET     /console/dead-letters/<queue>                           page:operations:read
GET     /console/drift                                          page:operations:read
GET     /console/drift/latest                                   page:operations:read

GET     /console/doors                                          page:access:read
GET     /console/doors/<door_id>                                page:access:read
GET     /console/doors/<door_id>/passage                        page:people:read
GET     /console/lockdown                                       page:access:read
GET     /console/rules                                          page:access:read
GET     /console/new-rule                                       page:access:write
GET     /console/rules/<rule_id>                                page:access:read
GET     /console/holidays                                       page:access:read
GET     /console/new-calendar                                   page:access:write
GET     /console/holidays/<calendar_id>                         page:access:read
GET     /console/kiosks                                         page:kiosks:read
GET     /console/kiosks/<kiosk_id>                              page:kiosks:read
GET     /console/operations                                     page:operations:read
GET     /console/operations/now                                 page:operations:read
GET     /console/operations/figures                             page:operations:read
GET     /console/operations/costs                               page:operations:read
GET     /console/operators                                      page:operators:write
GET     /console/operators/<operator_id>                        page:operators:write
GET     /console/tokens                                         page:tokens:write
"""
#: By hand, too: what each role may.
_VIEWER = "people:read decisions:read access:read kiosks:read operations:read"
_ENROLLER = f"{_VIEWER} people:write photos:read batches:write"
_OPERATOR = f"{_ENROLLER} access:write emergency kiosks:write operations:write"
_ADMIN = f"{_OPERATOR} operators:write tokens:write audit:read"
ROLES = {
    Role.VIEWER: _VIEWER,
    Role.ENROLLER: _ENROLLER,
    Role.OPERATOR: _OPERATOR,
    Role.ADMIN: _ADMIN,
}

PASSES = "passes"
NO_TOKEN, WRONG_TOKEN = "401 no-token", "401 wrong-token"
SESSION_ENDED, SIGN_IN = "401 session-ended", "303 sign in"
LACKS_SCOPE, CROSS_SITE = "403 insufficient-scope", "403 cross-site"
_SAFE = ("GET",)
#: Who has a token of their own, which no program or operator has.
DEVICES = ("kiosk", "invitation")


class Route:
    def __init__(self, line: str) -> None:
        self.method, self.rule, needs = line.split()
        self.needs, self.page = needs.removeprefix("page:"), needs.startswith("page:")

    @property
    def name(self) -> str:
        return f"{self.method} {self.rule}"

    @property
    def safe(self) -> bool:
        return self.method in _SAFE

    @property
    def scoped(self) -> bool:
        return ":" in self.needs or self.needs == "emergency"

    @property
    def path(self) -> str:
        """With ids that nothing has."""
        return re.sub("<[^>]+>", "nothing", self.rule)


TABLE = [Route(line) for line in ROUTES.strip().splitlines() if line]


def routes_of(app: Flask) -> list[str]:
    return sorted(
        f"{method} {_without_converters(rule)}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    )


def _without_converters(rule: Rule) -> str:
    # the pages' files are below a version of them
    return "/static/<filename>" if rule.endpoint == "static" else re.sub("<[^<>:]+:", "<", rule.rule)


def test_every_route_is_listed(gateway: Gateway):
    assert routes_of(gateway.client.application) == sorted(route.name for route in TABLE)


def test_a_route_that_nobody_listed_is_found(gateway: Gateway):
    app, added = gateway.client.application, Blueprint("added", __name__)
    before = routes_of(app)
    added.add_url_rule("/v1/doors/<path:door>", view_func=lambda door: "", methods=["POST"])
    app.register_blueprint(added)
    assert set(routes_of(app)) - set(before) == {"POST /v1/doors/<door>"}


@pytest.mark.parametrize("role", Role)
def test_a_role_is_a_set_of_scopes(role: Role):
    assert PERMISSIONS[role] == set(ROLES[role].split())


# ---- those who ask, each with what they send and how each route answers them


def bearer(token: object) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def session_of(gateway: Gateway, login: str, csrf: str | None = "its own") -> dict[str, str]:
    """A fresh session, since some routes end it."""
    signing_in = gateway.signing_in
    begun = signing_in.sessions.begin(signing_in.operators.operators[login])
    headers = {"Cookie": f"{LOCAL_COOKIE}={begun.token}"}
    if csrf is not None:
        headers["X-CSRF-Token"] = begun.token.csrf_token if csrf == "its own" else csrf
    return headers


def program_with(gateway: Gateway, *scopes: Scope) -> dict[str, str]:
    token = ApiToken.issue()
    gateway.programs.tokens[token.token_id] = issued(token, *scopes)
    return bearer(token)


def answers(gateway: Gateway, headers: Callable[[Route], dict[str, str]]) -> dict[str, str]:
    """Ask for everything, and tell of each route whether it let the request pass."""
    client = gateway.client.application.test_client(use_cookies=False)
    found = {}
    for route in TABLE:
        answer = client.open(route.path, method=route.method, headers=headers(route))
        assert answer.status_code < 500, (route.name, answer.get_data(as_text=True))
        refused = answer.status_code in {401, 403}
        found[route.name] = f"{answer.status_code} {_slug(answer)}" if refused else PASSES
        if answer.headers.get("Location", "").startswith("/console/sign-in"):
            found[route.name] = SIGN_IN
        answer.close()
    return found


def _slug(answer) -> str:
    if answer.mimetype == "text/html":
        # pages say it in words
        return next(slug for slug, kind in PROBLEM_TYPES.items() if f"<h1>{kind.title}</h1>" in answer.text)
    return answer.get_json()["type"].removeprefix("/problems/")


def expected(of: Callable[[Route], str], of_page: str | Callable[[Route], str] = SIGN_IN) -> dict[str, str]:
    """Tell how each route answers; pages lead whoever is not signed in to do so."""

    def outcome(route: Route) -> str:
        if route.needs == "everybody":
            return PASSES
        if route.page:
            return of_page if isinstance(of_page, str) else of_page(route)
        return of(route)

    return {route.name: outcome(route) for route in TABLE}


def test_who_shows_nothing_is_let_in_nowhere(gateway: Gateway):
    assert answers(gateway, lambda _route: {}) == expected(
        lambda route: SESSION_ENDED if route.needs == "session" else NO_TOKEN
    )


@pytest.mark.parametrize("role", Role)
def test_an_operator_is_let_in_where_their_role_may(gateway: Gateway, role: Role):
    def outcome(route: Route) -> str:
        if route.needs in DEVICES:
            return NO_TOKEN
        return PASSES if route.needs == "session" or route.needs in ROLES[role].split() else LACKS_SCOPE

    assert answers(gateway, lambda _route: session_of(gateway, role.value)) == expected(outcome, outcome)


def test_a_program_with_the_scope_that_is_needed_and_no_other_is_let_in(gateway: Gateway):
    def headers(route: Route) -> dict[str, str]:
        return program_with(gateway, *([Scope(route.needs)] if route.scoped else []))

    def outcome(route: Route) -> str:
        return _by_bearer(route) if route.needs in (*DEVICES, "session") else PASSES

    assert answers(gateway, headers) == expected(outcome)


def test_a_program_with_every_scope_but_the_one_that_is_needed_is_refused(gateway: Gateway):
    def headers(route: Route) -> dict[str, str]:
        return program_with(gateway, *(scope for scope in Scope if scope.value != route.needs))

    def outcome(route: Route) -> str:
        return _by_bearer(route) if route.needs in (*DEVICES, "session") else LACKS_SCOPE

    assert answers(gateway, headers) == expected(outcome)


def _by_bearer(route: Route) -> str:
    """How whoever shows a token of no right is answered."""
    return SESSION_ENDED if route.needs == "session" else WRONG_TOKEN


def test_a_program_whose_token_was_revoked_or_has_ended_is_let_in_nowhere(gateway: Gateway):
    revoked, ended = ApiToken.issue(), ApiToken.issue()
    before = gateway.signing_in.clock.now() - timedelta(seconds=1)
    record = issued(ended, *Scope).model_copy(update={"expires_at": before})
    gateway.programs.tokens[ended.token_id] = record
    for token in (revoked, ended):
        assert answers(gateway, lambda _route, shown=token: bearer(shown)) == expected(_by_bearer)


def test_a_kiosk_is_let_in_where_kiosks_are_and_nowhere_else(gateway: Gateway):
    def headers(route: Route) -> dict[str, str]:
        # the route gives a kiosk a new token for its old one
        return bearer(gateway.other_token if route.rule == "/v1/kiosk/token" else gateway.token)

    def outcome(route: Route) -> str:
        return PASSES if route.needs == "kiosk" else _by_bearer(route)

    assert answers(gateway, headers) == expected(outcome)


def invited(gateway: Gateway) -> InvitationToken:
    person = Person(person_id=str(uuid7()), full_name="Ada Lovelace", created_at=NOW)
    gateway.people.create(person)
    invitation, token = invite(person, "operator admin", datetime.now(UTC))
    gateway.invitations.add(invitation)
    return token


def test_who_is_invited_is_let_in_where_the_invited_are_and_nowhere_else(gateway: Gateway):
    token = invited(gateway)
    assert answers(gateway, lambda _route: bearer(token)) == expected(
        lambda route: PASSES if route.needs == "invitation" else _by_bearer(route)
    )


def test_a_forged_or_forgotten_invitation_is_let_in_nowhere(gateway: Gateway):
    forged = InvitationToken(invited(gateway).invitation_id, InvitationToken.issue().secret)
    for token in (forged, InvitationToken.issue()):
        assert answers(gateway, lambda _route, shown=token: bearer(shown)) == expected(_by_bearer)


@pytest.mark.parametrize("ended", ["expired", "revoked"])
def test_an_invitation_that_has_ended_is_let_in_nowhere_and_told_so(gateway: Gateway, ended: str):
    token, records = invited(gateway), gateway.invitations.invitations
    before = datetime.now(UTC) - timedelta(seconds=1)
    change = {"valid_until": before} if ended == "expired" else {"revoked_at": before}
    records[token.invitation_id] = records[token.invitation_id].model_copy(update=change)
    assert answers(gateway, lambda _route: bearer(token)) == expected(
        lambda route: f"403 invitation-{ended}" if route.needs == "invitation" else _by_bearer(route)
    )


def test_an_invitation_sees_no_photo_of_another(gateway: Gateway):
    mine, others = invited(gateway), invited(gateway)
    records = gateway.invitations.invitations
    records[others.invitation_id] = records[others.invitation_id].model_copy(update={"photos": ("theirs",)})
    answer = gateway.client.delete("/v1/invitation/photos/theirs", headers=bearer(mine))
    assert (answer.status_code, _slug(answer)) == (404, "unknown-enrollment")


def test_a_kiosk_sees_no_recognition_of_another_door(gateway: Gateway):
    mine = str(uuid7())
    gateway.decisions.decisions[mine] = decision_on(mine, "lobby")
    assert gateway.client.get(f"/v1/recognitions/{mine}", headers=bearer(gateway.token)).status_code == 200
    answer = gateway.client.get(f"/v1/recognitions/{mine}", headers=bearer(gateway.other_token))
    assert (answer.status_code, _slug(answer)) == (404, "unknown-recognition")


@pytest.mark.parametrize("removed", [False, True], ids=["revoked", "removed"])
def test_a_kiosk_whose_token_was_revoked_is_let_in_nowhere(gateway: Gateway, removed: bool):
    kiosks, kiosk_id = gateway.kiosks.kiosks, gateway.token.kiosk_id
    if removed:
        del kiosks[kiosk_id]
    else:
        kiosks[kiosk_id] = kiosks[kiosk_id].model_copy(update={"token_sha256": None})
    assert answers(gateway, lambda _route: bearer(gateway.token)) == expected(_by_bearer)


def test_a_forged_kiosk_token_is_let_in_nowhere(gateway: Gateway):
    forged = KioskToken(gateway.token.kiosk_id, KioskToken.create("lobby").secret)
    assert answers(gateway, lambda _route: bearer(forged)) == expected(_by_bearer)


def _by_ended_session(route: Route) -> str:
    return NO_TOKEN if route.needs in DEVICES else SESSION_ENDED


def test_a_session_that_has_ended_is_let_in_nowhere(gateway: Gateway):
    headers = session_of(gateway, "admin")
    gateway.signing_in.clock.move(minutes=30)
    assert answers(gateway, lambda _route: headers) == expected(_by_ended_session)


def test_a_session_of_an_operator_who_was_disabled_is_let_in_nowhere(gateway: Gateway):
    headers = session_of(gateway, "operator")
    gateway.signing_in.disable("operator")
    assert answers(gateway, lambda _route: headers) == expected(_by_ended_session)


@pytest.mark.parametrize("csrf", [None, "another session's"])
def test_a_session_without_its_own_csrf_token_reads_and_changes_nothing(gateway: Gateway, csrf: str | None):
    signing_in = gateway.signing_in
    another = signing_in.sessions.begin(signing_in.operators.operators["admin"]).token.csrf_token

    def headers(_route: Route) -> dict[str, str]:
        return session_of(gateway, "admin", None if csrf is None else another)

    def outcome(route: Route) -> str:
        if route.needs in DEVICES:
            return NO_TOKEN
        return PASSES if route.safe else CROSS_SITE

    assert answers(gateway, headers) == expected(outcome, outcome)


def test_who_is_refused_has_sent_nothing_that_is_read(gateway: Gateway):
    """A body is looked at when it is known whose it is: none of these are, whatever is in them."""
    for route in TABLE:
        if route.needs == "everybody" or route.safe or route.page:
            continue
        for content_type, body in (("application/json", b"{"), ("image/jpeg", picture())):
            answer = gateway.client.open(
                route.path, method=route.method, data=body, headers={"Content-Type": content_type}
            )
            assert answer.status_code == 401, route.name
