"""The table of kiosks, and the command that works with it."""

from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from cli import kiosks as kiosk_commands
from cli.kiosk import register_kiosk
from cli.main import app
from services.aws.kiosk_nonces import KioskNonceStore
from services.aws.kiosks import KioskChanged, KioskStore, KioskUnknown
from services.contracts.kiosks import Kiosk, PairingCode
from services.contracts.tokens import KioskToken

pytestmark = pytest.mark.access
NOW = datetime(2027, 5, 6, 7, 8, 9, tzinfo=UTC)
LATER = NOW + timedelta(minutes=15)


@pytest.fixture
def store(aws):
    return KioskStore(aws)


@pytest.fixture
def commands(aws, monkeypatch):
    monkeypatch.setattr(kiosk_commands, "connect", lambda _aws: aws)
    return lambda *arguments: CliRunner().invoke(app, ["kiosks", *arguments])


def registered(store, kiosk_id="lobby", **fields):
    kiosk = Kiosk(kiosk_id=kiosk_id, door_id="front", created_at=NOW, **fields)
    assert store.add(kiosk)
    return kiosk


def paired(store, kiosk_id="lobby"):
    digest, token = PairingCode.create().digest(), KioskToken.create(kiosk_id)
    assert store.offer(kiosk_id, digest, LATER)
    assert store.pair(token, digest, NOW)
    return token


def test_an_id_is_registered_once_and_comes_back_as_it_was(store):
    kiosk = registered(store, name="Lobby", signed_frames_only=True)
    assert store.get("lobby") == kiosk
    assert not store.add(kiosk)


def test_a_code_leads_to_its_kiosk_until_it_is_used_and_is_not_in_the_table_itself(aws, store):
    registered(store)
    code, token = PairingCode.create(), KioskToken.create("lobby")
    store.offer("lobby", code.digest(), LATER)
    assert code.characters not in str(aws.dynamodb.scan(TableName="kiosks")["Items"])
    assert store.offered(code.digest()) == "lobby"
    assert store.pair(token, code.digest(), NOW)
    assert store.get("lobby").accepts(token, NOW)
    assert store.offered(code.digest()) is None
    assert not store.pair(KioskToken.create("lobby"), code.digest(), NOW)
    assert store.get("lobby").accepts(token, NOW)


def test_a_code_ends_with_its_time_and_with_the_next_code(store):
    registered(store)
    first, second = PairingCode.create().digest(), PairingCode.create().digest()
    store.offer("lobby", first, LATER)
    assert not store.pair(KioskToken.create("lobby"), first, LATER)
    store.offer("lobby", second, LATER)
    assert store.offered(first) is None
    assert not store.pair(KioskToken.create("lobby"), first, NOW)
    assert store.pair(KioskToken.create("lobby"), second, NOW)


def test_a_new_token_leaves_the_one_that_was_shown_a_minute(store):
    registered(store)
    shown, token = paired(store), KioskToken.create("lobby")
    assert store.rotate(store.get("lobby"), shown, token, NOW + timedelta(minutes=1))
    kiosk = store.get("lobby")
    assert kiosk.accepts(token, LATER)
    assert kiosk.accepts(shown, NOW)
    assert not kiosk.accepts(shown, NOW + timedelta(minutes=1))


def test_of_two_rotations_of_one_record_the_first_stands(store):
    registered(store)
    shown, first, second = paired(store), KioskToken.create("lobby"), KioskToken.create("lobby")
    as_read = store.get("lobby")
    assert store.rotate(as_read, shown, first, LATER)
    assert not store.rotate(as_read, shown, second, LATER)
    assert store.get("lobby").accepts(first, NOW)


def test_revoked_means_no_token_and_no_code_and_nothing_comes_back(store):
    registered(store)
    shown = paired(store)
    store.rotate(store.get("lobby"), shown, KioskToken.create("lobby"), LATER)
    digest = PairingCode.create().digest()
    store.offer("lobby", digest, LATER)
    as_read = store.get("lobby")
    assert store.revoke("lobby")
    kiosk = store.get("lobby")
    assert not kiosk.accepts(shown, NOW)
    assert (kiosk.token_sha256, kiosk.previous_token_sha256, kiosk.pairing_code_until) == (None, None, None)
    assert store.offered(digest) is None
    assert not store.rotate(as_read, shown, KioskToken.create("lobby"), LATER)


def test_a_removed_kiosk_is_not_brought_back_by_what_is_heard_of_it(store):
    registered(store)
    assert store.remove("lobby")
    assert not store.remove("lobby")
    assert not store.note_contact("lobby", NOW, 0.5)
    assert not store.revoke("lobby")
    assert not store.offer("lobby", PairingCode.create().digest(), LATER)
    assert store.get("lobby") is None


def test_contact_is_noted_and_changes_no_version(store):
    registered(store)
    store.note_contact("lobby", NOW, -1.25)
    assert (store.get("lobby").last_contact_at, store.get("lobby").clock_skew) == (NOW, -1.25)
    store.note_contact("lobby", LATER, None)
    assert (store.get("lobby").last_contact_at, store.get("lobby").clock_skew) == (LATER, None)
    assert store.get("lobby").version == 1


def test_a_kiosk_is_changed_by_whoever_saw_it_last(store):
    kiosk = registered(store, name="Lobby")
    moved = store.change(kiosk, {"door_id": "back", "name": None})
    assert store.get("lobby") == moved
    assert (moved.door_id, moved.name, moved.version) == ("back", None, 2)
    with pytest.raises(KioskChanged):
        store.change(kiosk, {"name": "x"})
    store.remove("lobby")
    with pytest.raises(KioskUnknown):
        store.change(moved, {"name": "x"})


def test_a_kiosk_registered_before_there_were_versions_can_be_moved(aws, store):
    token = KioskToken.create("old")
    item = {
        "kiosk_id": "old",
        "door_id": "front",
        "token_sha256": token.sha256,
        "created_at": NOW.isoformat(),
    }
    aws.dynamodb.put_item(TableName="kiosks", Item={name: {"S": value} for name, value in item.items()})
    assert store.change(store.get("old"), {"door_id": "back"}).version == 2
    assert store.get("old").accepts(token, NOW)


def test_kiosks_are_listed_in_pages_that_have_all_of_them(store):
    ids = {registered(store, f"kiosk-{number}").kiosk_id for number in range(5)}
    seen, position = [], None
    while True:
        page, position = store.page(position, 2)
        seen += [kiosk.kiosk_id for kiosk in page]
        if position is None:
            break
    assert sorted(seen) == sorted(ids) == [kiosk.kiosk_id for kiosk in store.all()]


def test_a_nonce_is_used_once_by_each_kiosk(aws):
    nonces = KioskNonceStore(aws)
    assert nonces.use("lobby", "n" * 16, NOW)
    assert not nonces.use("lobby", "n" * 16, NOW)
    assert nonces.use("garage", "n" * 16, NOW)


def test_registering_again_gives_a_new_token_and_keeps_what_the_kiosk_is_called(store, aws):
    first, second = KioskToken.create("lobby"), KioskToken.create("lobby")
    register_kiosk(aws, first, "front", name="Lobby", signed=True)
    register_kiosk(aws, second, "back")
    kiosk = store.get("lobby")
    assert (kiosk.name, kiosk.door_id, kiosk.signed_frames_only, kiosk.version) == ("Lobby", "back", True, 2)
    assert kiosk.accepts(second, NOW)
    assert not kiosk.accepts(first, NOW)


def test_a_kiosks_life_from_the_command_line(store, commands):
    code = commands("register", "lobby", "--door", "front", "--name", "Main [hall]", "--code")
    assert (code.exit_code, "there is no door front yet" in code.stderr) == (0, True)
    digest = PairingCode.parse(code.stdout.strip()).digest()
    assert store.offered(digest) == "lobby"
    assert "waits for its code" in commands("list").stdout

    printed = commands("register", "lobby", "--door", "front").stdout.strip()
    assert store.get("lobby").accepts(KioskToken.parse(printed), NOW)
    assert store.offered(digest) is None

    assert commands("move", "lobby", "--door", "back").exit_code == 0
    listed = commands("list").stdout
    assert "Main [hall]" in listed
    assert "back" in listed
    assert "never" in listed

    anew = commands("pair-code", "lobby").stdout.strip()
    assert store.offered(PairingCode.parse(anew).digest()) == "lobby"
    assert commands("revoke", "lobby").exit_code == 0
    assert store.get("lobby").token_sha256 is None
    assert commands("revoke", "lobby", "--remove").exit_code == 0
    assert store.get("lobby") is None


def test_silent_kiosks_and_clocks_that_are_off_are_pointed_out(store, commands):
    register = {"token_sha256": "0" * 64}
    registered(store, "asleep", **register)
    registered(store, "awake", **register)
    store.note_contact("asleep", datetime.now(UTC) - timedelta(minutes=10), 0.1)
    store.note_contact("awake", datetime.now(UTC), -42.0)
    listed = commands("list").stdout
    assert listed.count("silent since") == 1
    assert "-42.0 s" in listed


@pytest.mark.parametrize("command", ["pair-code", "revoke"])
def test_a_kiosk_that_is_not_there_is_named(commands, command):
    answer = commands(command, "nowhere")
    assert answer.exit_code == 1
    assert isinstance(answer.exception, KioskUnknown)
    assert "nowhere" in str(answer.exception)
