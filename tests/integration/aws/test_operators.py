from datetime import UTC, datetime, timedelta

import pytest

from services.aws.operators import LastAdmin, OperatorChanged, OperatorStore
from services.aws.sessions import SessionStore
from services.contracts.operators import FailedSignIns, Operator, OperatorStatus, Role
from services.contracts.sessions import Session, SessionTimes

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
TIMES = SessionTimes(idle=timedelta(minutes=30), absolute=timedelta(hours=12))


@pytest.fixture
def store(aws) -> OperatorStore:
    return OperatorStore(aws)


def operator(login: str, role: Role = Role.ADMIN) -> Operator:
    return Operator(operator_id=login, role=role, password_hash="$argon2id$x", created_at=NOW)


def created(store: OperatorStore, login: str, role: Role = Role.ADMIN) -> Operator:
    made = operator(login, role)
    assert store.create(made)
    return made


def test_an_operator_comes_back_as_created_and_a_login_is_given_once(store):
    ada = created(store, "ada")
    assert store.get("ada") == ada
    assert not store.create(operator("ada", Role.VIEWER))
    assert store.get("ada") == ada
    assert store.get("grace") is None


def test_operators_are_listed_by_login(store):
    for login in ("grace", "ada", "emmy"):
        created(store, login)
    assert [operator.operator_id for operator in store.list()] == ["ada", "emmy", "grace"]


def test_a_change_counts_up_the_version_and_ends_sessions(store):
    created(store, "ada")
    grace = created(store, "grace")
    changed = store.update(grace, LATER, role=Role.VIEWER)
    assert store.get("grace") == changed
    assert (changed.role, changed.version, changed.updated_at) == (Role.VIEWER, 2, LATER)
    assert changed.epoch != grace.epoch
    assert changed.password_hash == grace.password_hash


def test_who_read_an_operator_before_another_changed_them_changes_nothing(store):
    ada = created(store, "ada", Role.VIEWER)
    store.update(ada, NOW, role=Role.ENROLLER)
    with pytest.raises(OperatorChanged):
        store.update(ada, LATER, status=OperatorStatus.DISABLED)
    with pytest.raises(OperatorChanged):
        store.remove(ada)
    assert store.get("ada").role is Role.ENROLLER


def test_a_removed_operator_is_gone(store):
    ada = created(store, "ada", Role.VIEWER)
    store.remove(ada)
    assert store.get("ada") is None
    with pytest.raises(OperatorChanged):
        store.remove(ada)


@pytest.mark.parametrize("change", [{"role": Role.OPERATOR}, {"status": OperatorStatus.DISABLED}, None])
def test_the_last_admin_stays_one(store, change):
    ada = created(store, "ada")
    created(store, "grace", Role.OPERATOR)
    store.update(created(store, "emmy"), NOW, status=OperatorStatus.DISABLED)
    with pytest.raises(LastAdmin, match="ada"):
        store.update(ada, LATER, **change) if change else store.remove(ada)
    assert store.get("ada") == ada
    assert store.update(ada, LATER, password_hash="$argon2id$y").password_hash == "$argon2id$y"


def test_two_admins_who_demote_each_other_at_once_do_not_both_succeed(aws, store):
    ada, grace = created(store, "ada"), created(store, "grace")
    between = [lambda: store.update(grace, LATER, role=Role.VIEWER)]

    def grace_goes_first(**_call) -> None:
        # when both were found to be admins, and before the write that says so
        if between:
            between.pop()()

    events = aws.dynamodb.meta.events
    events.register("before-call.dynamodb.TransactWriteItems", grace_goes_first)
    with pytest.raises(OperatorChanged):
        store.update(ada, LATER, role=Role.VIEWER)
    events.unregister("before-call.dynamodb.TransactWriteItems", grace_goes_first)
    assert [operator.operator_id for operator in store.list() if operator.is_acting_admin] == ["ada"]


def test_wrong_passwords_are_noted_one_after_the_other_and_are_no_change(store):
    ada = created(store, "ada")
    first = FailedSignIns().and_one(NOW)
    assert store.note_failed_sign_ins(ada, first)
    assert not store.note_failed_sign_ins(ada, first), "another was noted meanwhile"
    standing = store.get("ada")
    assert (standing.failed_sign_ins, standing.version) == (first, 1)
    assert store.note_failed_sign_ins(standing, first.and_one(LATER))
    assert store.get("ada").failed_sign_ins.count == 2


def test_a_sign_in_forgets_wrong_passwords_and_keeps_the_new_hash(store):
    ada = created(store, "ada")
    store.note_failed_sign_ins(ada, FailedSignIns().and_one(NOW))
    assert store.note_sign_in(ada, LATER, "$argon2id$new")
    standing = store.get("ada")
    assert (standing.failed_sign_ins, standing.signed_in_at) == (FailedSignIns(), LATER)
    assert (standing.password_hash, standing.version) == ("$argon2id$new", 1)


def test_a_sign_in_with_a_password_that_was_just_changed_does_not_count(store):
    ada = created(store, "ada")
    store.update(ada, NOW, password_hash="$argon2id$changed")
    assert not store.note_sign_in(ada, LATER, None)
    assert store.get("ada").signed_in_at is None


def session(token: str = "0" * 64) -> Session:
    return Session(session_sha256=token, operator_id="ada", epoch="e", created_at=NOW, seen_at=NOW)


def test_a_session_is_kept_until_it_is_idle_and_seen_again_for_longer(aws):
    store = SessionStore(aws, TIMES)
    store.add(session())
    assert store.get("0" * 64) == session()
    assert _expiry(aws) == (NOW + timedelta(minutes=30)).timestamp() + 1

    seen = session().model_copy(update={"seen_at": LATER})
    store.note_seen(seen)
    assert store.get("0" * 64) == seen
    assert _expiry(aws) == (LATER + timedelta(minutes=30)).timestamp() + 1


def test_an_ended_session_is_not_seen_again(aws):
    store = SessionStore(aws, TIMES)
    store.add(session())
    store.end("0" * 64)
    store.note_seen(session())
    assert store.get("0" * 64) is None


def _expiry(aws) -> float:
    (item,) = aws.dynamodb.scan(TableName="sessions")["Items"]
    return float(item["expires_at"]["N"])
