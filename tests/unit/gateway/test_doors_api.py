"""Operators set what doors do, and open or lock all of them in an emergency."""

import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from services.contracts.access import Locked
from services.contracts.domain import Scope
from services.contracts.doors import DoorAction, Queue, key_of
from services.contracts.tokens import ApiToken
from tests.conftest import until
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.in_memory import issued

pytestmark = pytest.mark.access
WEBHOOK = {"kind": "webhook", "url": "https://127.0.0.1/open"}
QUEUE = Queue(queue_url="https://sqs.eu-west-1.amazonaws.com/1/facegate-door-front")


def operate(gateway: Gateway, method: str, path: str, json: Any = None, **headers: str) -> TestResponse:
    return gateway.client.open(f"/v1{path}", method=method, headers=gateway.as_program(**headers), json=json)


def slug(answer: TestResponse) -> str:
    return answer.get_json()["type"].removeprefix("/problems/")


def set_action(gateway: Gateway, target: dict[str, Any], **more: Any) -> TestResponse:
    return operate(gateway, "PUT", "/doors/front/action", {"target": target, **more})


def acting(gateway: Gateway, *door_ids: str) -> None:
    for door_id in door_ids:
        action = DoorAction(door_id=door_id, target=QUEUE, updated_at=datetime.now(UTC))
        gateway.doors.actions[door_id] = action


def propose(gateway: Gateway, action: str, **scope: str) -> dict[str, Any]:
    answer = operate(gateway, "POST", "/emergencies", {"action": action, **scope})
    assert answer.status_code == 202
    return answer.get_json()


def confirm(gateway: Gateway, proposed: dict[str, Any], **changes: str) -> TestResponse:
    path = f"/emergencies/{changes.get('emergency_id', proposed['emergency_id'])}/confirmation"
    said = changes.get("confirmation", proposed["confirmation"])
    return operate(gateway, "POST", path, {"confirmation": said})


def finished(gateway: Gateway, confirmed: TestResponse) -> dict[str, Any]:
    location = confirmed.headers["Location"].removeprefix("/v1")

    def look() -> dict[str, Any] | None:
        shown = operate(gateway, "GET", location).get_json()
        return shown if shown["finished_at"] else None

    return until(look)


def test_a_webhooks_secret_is_made_with_it_and_shown_once(gateway: Gateway):
    made = set_action(gateway, WEBHOOK)
    assert made.status_code == 200
    secret = made.get_json()["secret"]
    assert len(key_of(secret)) == 32

    shown = operate(gateway, "GET", "/doors/front/action")
    assert (shown.get_json()["target"], shown.get_json()["secret"]) == (WEBHOOK, None)
    assert shown.headers["ETag"] == made.headers["ETag"] == '"1"'
    assert set_action(gateway, {**WEBHOOK, "url": "https://127.0.0.1/other"}).get_json()["secret"] is None
    assert gateway.doors.actions["front"].secret == secret

    renewed = set_action(gateway, WEBHOOK, new_secret=True).get_json()["secret"]
    assert renewed not in {None, secret}


def test_an_action_is_replaced_by_whoever_saw_it(gateway: Gateway):
    assert set_action(gateway, WEBHOOK).status_code == 200
    assert set_action(gateway, QUEUE.model_dump()).headers["ETag"] == '"2"'
    assert gateway.doors.actions["front"].secret is None
    late = operate(gateway, "PUT", "/doors/front/action", {"target": WEBHOOK}, **{"If-Match": '"1"'})
    assert (late.status_code, slug(late)) == (412, "action-changed")


def test_a_door_that_does_nothing_says_so(gateway: Gateway):
    assert slug(operate(gateway, "GET", "/doors/front/action")) == "no-action"
    set_action(gateway, WEBHOOK)
    assert operate(gateway, "DELETE", "/doors/front/action").status_code == 204
    assert slug(operate(gateway, "DELETE", "/doors/front/action")) == "no-action"


def test_a_door_that_is_not_there_does_nothing(gateway: Gateway):
    for method, json in (("GET", None), ("PUT", {"target": WEBHOOK}), ("DELETE", None)):
        answer = operate(gateway, method, "/doors/nowhere/action", json)
        assert (answer.status_code, slug(answer)) == (404, "unknown-access-record")


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ({"kind": "webhook", "url": "https://169.254.169.254/x"}, "unusable-target"),
        ({"kind": "webhook", "url": "http://8.8.8.8/x"}, "unusable-target"),
        ({"kind": "webhook", "url": "ftp://127.0.0.1/x"}, "invalid-fields"),
        ({"kind": "bell"}, "invalid-fields"),
        ({"kind": "eventbridge", "event_bus": "a b"}, "invalid-fields"),
    ],
)
def test_a_target_that_cannot_be_used_is_refused(gateway: Gateway, target: dict[str, Any], problem: str):
    answer = set_action(gateway, target)
    assert (answer.status_code, slug(answer)) == (422, problem)
    assert gateway.doors.actions == {}


def test_a_host_that_nobody_knows_is_refused(gateway: Gateway, monkeypatch: pytest.MonkeyPatch):
    def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert slug(set_action(gateway, {**WEBHOOK, "url": "https://door.example/"})) == "unusable-target"


def test_all_doors_that_act_are_held_open_when_it_was_confirmed_and_not_before(gateway: Gateway):
    acting(gateway, "front", "lab-door")
    proposed = propose(gateway, "open_all")
    assert (proposed["doors"], gateway.doors.told) == (2, [])
    confirmed = confirm(gateway, proposed)
    assert confirmed.status_code == 202
    shown = finished(gateway, confirmed)
    assert sorted(gateway.doors.told) == [("front", "door.hold_open"), ("lab-door", "door.hold_open")]
    assert {door["state"] for door in shown["doors"]} == {"arrived"}
    assert shown["ordered_by"] == f"token {gateway.program.token_id}"


def test_a_zone_has_emergencies_of_its_own(gateway: Gateway):
    acting(gateway, "front", "lab-door")
    shown = finished(gateway, confirm(gateway, propose(gateway, "open_all", zone_id="lab")))
    assert gateway.doors.told == [("lab-door", "door.hold_open")]
    assert [door["door_id"] for door in shown["doors"]] == ["lab-door"]
    unknown = operate(gateway, "POST", "/emergencies", {"action": "open_all", "zone_id": "moon"})
    assert slug(unknown) == "unknown-access-record"


def test_doors_that_cannot_be_told_are_named(gateway: Gateway):
    acting(gateway, "front")
    gateway.doors.deaf = {"front"}
    shown = finished(gateway, confirm(gateway, propose(gateway, "open_all")))
    front, lab_door = shown["doors"]
    assert (front["state"], front["problem"]) == ("failed", "access denied")
    assert lab_door["state"] == "no_action"


def test_locking_all_counts_at_once_and_lasts_until_the_end_of_it(gateway: Gateway):
    acting(gateway, "front")
    confirmed = confirm(gateway, propose(gateway, "lock_all"))
    assert gateway.access.state().site_locked
    finished(gateway, confirmed)
    finished(gateway, confirm(gateway, propose(gateway, "end")))
    assert not gateway.access.state().site_locked
    assert gateway.doors.told == [("front", "door.release")] * 2


def test_locking_a_zone_locks_no_other(gateway: Gateway):
    finished(gateway, confirm(gateway, propose(gateway, "lock_all", zone_id="lab")))
    (lockdown,) = gateway.access.lockdowns()
    assert (lockdown.target, lockdown.target_id) == (Locked.ZONE, "lab")


def test_confirmed_twice_it_is_done_once(gateway: Gateway):
    acting(gateway, "front")
    proposed = propose(gateway, "open_all")
    finished(gateway, confirm(gateway, proposed))
    again = confirm(gateway, proposed)
    assert (again.status_code, again.get_json()["emergency_id"]) == (202, proposed["emergency_id"])
    assert gateway.doors.told == [("front", "door.hold_open")]


def test_only_whoever_asked_for_it_confirms_it_and_with_what_they_got(gateway: Gateway):
    proposed, other = propose(gateway, "lock_all"), propose(gateway, "lock_all")
    for changes in (
        {"confirmation": proposed["confirmation"][:-1]},
        {"confirmation": other["confirmation"]},
        {"emergency_id": "0197bb3a-0000-7000-8000-000000000000"},
    ):
        refused = confirm(gateway, proposed, **changes)
        assert (refused.status_code, slug(refused)) == (403, "wrong-confirmation")

    colleague = ApiToken.issue()
    gateway.programs.tokens[colleague.token_id] = issued(colleague, *Scope)
    refused = gateway.client.post(
        f"/v1/emergencies/{proposed['emergency_id']}/confirmation",
        headers={"Authorization": f"Bearer {colleague}"},
        json={"confirmation": proposed["confirmation"]},
    )
    assert slug(refused) == "wrong-confirmation"
    assert not gateway.access.state().site_locked


def test_after_a_minute_it_has_to_be_asked_for_again(gateway: Gateway, monkeypatch: pytest.MonkeyPatch):
    proposed = propose(gateway, "lock_all")
    later = (datetime.now(UTC) + timedelta(seconds=62)).timestamp()
    signer = URLSafeTimedSerializer("any").signer
    monkeypatch.setattr(signer, "get_timestamp", lambda _self: int(later))
    assert slug(confirm(gateway, proposed)) == "wrong-confirmation"


def test_emergencies_are_listed_the_newest_first(gateway: Gateway):
    for action in ("lock_all", "end"):
        finished(gateway, confirm(gateway, propose(gateway, action)))
    first = operate(gateway, "GET", "/emergencies?limit=1").get_json()
    assert [one["action"] for one in first["emergencies"]] == ["end"]
    rest = operate(gateway, "GET", f"/emergencies?limit=1&cursor={first['next_cursor']}").get_json()
    assert [one["action"] for one in rest["emergencies"]] == ["lock_all"]
    assert rest["next_cursor"] is None
    assert slug(operate(gateway, "GET", "/emergencies/never")) == "unknown-emergency"
