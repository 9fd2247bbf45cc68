"""Operators register kiosks; kiosks are paired, rotate their tokens, and are revoked."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from services.contracts.kiosk_signatures import TIME
from services.contracts.kiosks import PairingCode
from services.contracts.tokens import KioskToken
from services.gateway.kiosk_contacts import NOTED_EVERY, KioskContacts
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.in_memory import kiosk_with, picture
from tests.unit.gateway.in_memory_kiosks import InMemoryKioskRecords

pytestmark = pytest.mark.access
NOW = datetime(2027, 5, 6, 7, 8, 9, tzinfo=UTC)


def operate(gateway: Gateway, method: str, path: str, json: Any = None, **headers: str) -> TestResponse:
    return gateway.client.open(
        f"/v1/kiosks{path}", method=method, headers=gateway.as_program(**headers), json=json
    )


def register(gateway: Gateway, **fields: Any) -> dict[str, Any]:
    answer = operate(gateway, "POST", "", {"kiosk_id": "yard", "door_id": "gate", **fields})
    assert answer.status_code == 201
    return answer.get_json()


def pair(gateway: Gateway, code: str) -> TestResponse:
    return gateway.client.post("/v1/kiosks/pairing", json={"code": code})


def whoami(gateway: Gateway, token: str, **headers: str) -> TestResponse:
    return gateway.client.get("/v1/kiosk", headers={"Authorization": f"Bearer {token}", **headers})


def slug(answer: TestResponse) -> str:
    return answer.get_json()["type"].removeprefix("/problems/")


def test_a_kiosk_is_registered_without_a_token_and_paired_by_its_code_once(gateway: Gateway):
    registered = register(gateway, name="At the gate")
    assert not registered["has_token"]

    paired = pair(gateway, registered["pairing_code"])
    assert paired.status_code == 201
    token = paired.get_json()["token"]
    assert whoami(gateway, token).get_json() | {"time": None} == {
        "kiosk_id": "yard",
        "name": "At the gate",
        "door_id": "gate",
        "signed_frames_only": False,
        "time": None,
    }
    again = pair(gateway, registered["pairing_code"])
    assert (again.status_code, slug(again)) == (403, "wrong-pairing-code")


def test_a_code_is_taken_however_it_is_typed(gateway: Gateway):
    code = register(gateway)["pairing_code"]
    assert (
        pair(gateway, f" {code.lower().replace('-', ' ').replace('0', 'o').replace('1', 'l')}").status_code
        == 201
    )


@pytest.mark.parametrize("typed", ["", "ABCD", "ABCD-EFG!", "ABCD-EFGU", "A" * 32])
def test_what_is_no_code_is_refused_without_a_look_into_the_table(gateway: Gateway, typed: str):
    register(gateway)
    gateway.kiosks.codes.clear()
    assert pair(gateway, typed).status_code in {403, 422}


def test_an_old_code_does_not_work(gateway: Gateway):
    code = register(gateway)["pairing_code"]
    kiosk = gateway.kiosks.kiosks["yard"]
    over = {"pairing_code_until": datetime.now(UTC) - timedelta(seconds=1)}
    gateway.kiosks.kiosks["yard"] = kiosk.model_copy(update=over)
    assert slug(pair(gateway, code)) == "wrong-pairing-code"


def test_a_new_code_ends_the_one_before_and_its_use_ends_the_token_before(gateway: Gateway):
    first = register(gateway)["pairing_code"]
    token = pair(gateway, first).get_json()["token"]
    second, third = (
        operate(gateway, "POST", "/yard/pairing-codes").get_json()["pairing_code"] for _ in range(2)
    )
    assert slug(pair(gateway, second)) == "wrong-pairing-code"
    assert whoami(gateway, token).status_code == 200
    anew = pair(gateway, third).get_json()["token"]
    assert whoami(gateway, anew).status_code == 200
    assert whoami(gateway, token).status_code == 401


def test_codes_cannot_be_tried_for_long(gateway: Gateway):
    answers = [pair(gateway, str(PairingCode.create())) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [403] * 10 + [429]
    assert int(answers[-1].headers["Retry-After"]) >= 1
    # nor do they fill the audit trail: each that counts leaves what was tried, and what became of it
    assert len(gateway.audit.entries) == 2 * 10


def test_codes_are_of_forty_bits_and_not_alike():
    codes = {str(PairingCode.create()) for _ in range(1000)}
    assert len(codes) == 1000
    assert all(len(code) == 9 and PairingCode.parse(code) for code in codes)
    assert len({character for code in codes for character in code} - {"-"}) == 32


def test_a_rotated_token_works_at_once_and_the_one_before_a_minute_more(gateway: Gateway):
    rotated = gateway.client.post("/v1/kiosk/token", headers=gateway.headers())
    assert rotated.status_code == 201
    token = rotated.get_json()["token"]
    assert KioskToken.parse(token).kiosk_id == "lobby"
    assert whoami(gateway, token).status_code == 200
    assert whoami(gateway, str(gateway.token)).status_code == 200

    kiosk = gateway.kiosks.kiosks["lobby"]
    assert timedelta(seconds=50) < kiosk.previous_token_until - datetime.now(UTC) <= timedelta(seconds=60)
    assert kiosk.accepts(gateway.token, kiosk.previous_token_until - timedelta(seconds=1))
    assert not kiosk.accepts(gateway.token, kiosk.previous_token_until)


def test_whoever_lost_the_answer_rotates_once_more_with_the_token_that_they_have(gateway: Gateway):
    lost = gateway.client.post("/v1/kiosk/token", headers=gateway.headers()).get_json()["token"]
    again = gateway.client.post("/v1/kiosk/token", headers=gateway.headers()).get_json()["token"]
    assert whoami(gateway, again).status_code == 200
    assert whoami(gateway, lost).status_code == 401


def test_a_revoked_kiosk_stays_registered_and_can_be_paired_anew(gateway: Gateway):
    revoked = operate(gateway, "POST", "/lobby/revocation")
    assert (revoked.status_code, revoked.get_json()["has_token"]) == (200, False)
    assert whoami(gateway, str(gateway.token)).status_code == 401
    code = operate(gateway, "POST", "/lobby/pairing-codes").get_json()["pairing_code"]
    assert whoami(gateway, pair(gateway, code).get_json()["token"]).status_code == 200


def test_a_removed_kiosk_is_gone(gateway: Gateway):
    assert operate(gateway, "DELETE", "/lobby").status_code == 204
    assert whoami(gateway, str(gateway.token)).status_code == 401
    for method, path in (
        ("GET", "/lobby"),
        ("DELETE", "/lobby"),
        ("POST", "/lobby/revocation"),
        ("POST", "/lobby/pairing-codes"),
    ):
        assert slug(operate(gateway, method, path)) == "unknown-kiosk"


def test_an_id_is_taken_once(gateway: Gateway):
    register(gateway)
    again = operate(gateway, "POST", "", {"kiosk_id": "yard", "door_id": "gate"})
    assert (again.status_code, slug(again)) == (409, "kiosk-exists")
    made = operate(gateway, "POST", "", {"door_id": "gate"}).get_json()
    assert made["kiosk_id"].startswith("kiosk-")


@pytest.mark.parametrize(
    "fields",
    [{"kiosk_id": "a_b"}, {"kiosk_id": "-"}, {"door_id": "a/b"}, {"name": "\n"}, {"token_sha256": "0" * 64}],
)
def test_what_cannot_be_registered_is_refused(gateway: Gateway, fields: dict[str, Any]):
    answer = operate(gateway, "POST", "", {"door_id": "gate", **fields})
    assert (answer.status_code, slug(answer)) == (422, "invalid-fields")


def test_a_kiosk_moves_and_whoever_did_not_see_it_is_told(gateway: Gateway):
    shown = operate(gateway, "GET", "/lobby")
    moved = operate(gateway, "PATCH", "/lobby", {"door_id": "gate"}, **{"If-Match": shown.headers["ETag"]})
    assert (moved.status_code, moved.get_json()["door_id"]) == (200, "gate")
    assert moved.headers["ETag"] == '"2"'
    late = operate(gateway, "PATCH", "/lobby", {"name": "x"}, **{"If-Match": shown.headers["ETag"]})
    assert (late.status_code, slug(late)) == (412, "kiosk-changed")
    assert operate(gateway, "PATCH", "/lobby", {"door_id": None}).status_code == 422


def test_all_kiosks_are_listed_page_by_page_without_their_hashes(gateway: Gateway):
    register(gateway)
    seen, cursor = [], None
    while True:
        query = "?limit=1" + (f"&cursor={cursor}" if cursor else "")
        page = operate(gateway, "GET", query)
        assert gateway.token.sha256 not in page.get_data(as_text=True)
        seen += [kiosk["kiosk_id"] for kiosk in page.get_json()["kiosks"]]
        if (cursor := page.get_json()["next_cursor"]) is None:
            break
    assert sorted(seen) == ["garage", "lobby", "yard"]


def test_contact_and_the_skew_of_the_clock_are_noted_twice_a_minute_at_most():
    records, clock = InMemoryKioskRecords(), [NOW]
    contacts = KioskContacts(records, lambda: clock[0])
    kiosk = kiosk_with(KioskToken.create("lobby"))
    contacts.heard(kiosk, f"{NOW.timestamp() + 12.5:.3f}")
    contacts.heard(kiosk, None)
    clock[0] += NOTED_EVERY
    contacts.heard(kiosk, "soon")
    for _ in range(2):
        contacts.write_next()
    assert records.contacts == [("lobby", NOW, 12.5), ("lobby", NOW + NOTED_EVERY, None)]


def test_what_another_gateway_noted_is_not_noted_again():
    records = InMemoryKioskRecords()
    contacts = KioskContacts(records, lambda: NOW)
    noted = {"last_contact_at": NOW - NOTED_EVERY / 2}
    contacts.heard(kiosk_with(KioskToken.create("lobby")).model_copy(update=noted), None)
    contacts.heard(kiosk_with(KioskToken.create("yard")), None)
    contacts.write_next()
    assert [kiosk_id for kiosk_id, _, _ in records.contacts] == ["yard"]


def test_every_request_of_a_kiosk_is_a_contact(gateway: Gateway):
    whoami(gateway, str(gateway.token), **{TIME: f"{datetime.now(UTC).timestamp() - 5:.0f}"})
    gateway.client.post(
        "/v1/recognitions",
        headers={"Authorization": f"Bearer {gateway.other_token}", "Content-Type": "image/jpeg"},
        data=picture(),
    )
    gateway.contacts.write_next()
    gateway.contacts.write_next()
    (lobby, _, skew), (garage, _, none) = gateway.kiosks.contacts
    assert (lobby, garage, none) == ("lobby", "garage", None)
    assert skew == pytest.approx(-5, abs=1.5)


def test_a_kiosk_that_was_not_heard_for_minutes_is_silent(gateway: Gateway):
    kiosk = gateway.kiosks.kiosks["lobby"]
    for minutes, silent in ((1, False), (3, True)):
        at = datetime.now(UTC) - timedelta(minutes=minutes)
        gateway.kiosks.kiosks["lobby"] = kiosk.model_copy(update={"last_contact_at": at, "clock_skew": 1.5})
        shown = operate(gateway, "GET", "/lobby").get_json()
        assert shown["last_contact_at"] is not None
        assert (shown["silent_since"] is not None) == silent
        assert shown["clock_skew_seconds"] == 1.5
