from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from services.contracts.domain import Scope
from services.contracts.operators import PERMISSIONS, FailedSignIns, Login, Role
from services.contracts.sessions import Session, SessionTimes, SessionToken

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LOGIN = TypeAdapter(Login)


def failures(count: int) -> FailedSignIns:
    failed = FailedSignIns()
    for _ in range(count):
        failed = failed.and_one(NOW)
    return failed


def test_each_role_may_what_the_one_before_it_may_and_more():
    assert list(PERMISSIONS) == list(Role)
    assert all(less < more for less, more in pairwise(PERMISSIONS.values()))
    assert PERMISSIONS[Role.ADMIN] == frozenset(Scope)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ENROLLER, Role.OPERATOR])
def test_nobody_but_an_admin_changes_who_may_what_or_reads_the_audit(role: Role):
    assert not PERMISSIONS[role] & {Scope.OPERATORS_WRITE, Scope.TOKENS_WRITE, Scope.AUDIT_READ}


def test_a_viewer_changes_nothing():
    assert all(scope.value.endswith(":read") for scope in PERMISSIONS[Role.VIEWER])


@pytest.mark.parametrize(
    ("written", "read"), [(" Ada ", "ada"), ("Ada@Example.ORG", "ada@example.org"), ("\uff41da", "ada")]
)
def test_logins_that_look_alike_are_the_same(written: str, read: str):
    assert LOGIN.validate_python(written) == read


@pytest.mark.parametrize("login", ["", "@ada", "ada lovelace", "a/b", "a" * 101, "a" * 10_000, "ad\x00a", 7])
def test_what_is_no_login_is_refused(login: object):
    with pytest.raises(ValidationError):
        LOGIN.validate_python(login)


def test_mistyping_four_times_costs_no_wait_and_each_time_after_doubles_it():
    waits = [failures(count).locked_until for count in range(12)]
    assert waits[:5] == [None] * 5
    assert [(until - NOW).total_seconds() for until in waits[5:] if until] == [
        30,
        60,
        120,
        240,
        480,
        900,
        900,
    ]


@given(st.integers(5, 10_000))
def test_no_lockout_is_for_ever(count: int):
    until = FailedSignIns(count=count, last_at=NOW).locked_until
    assert until is not None
    assert until - NOW <= timedelta(minutes=15)


def test_wrong_passwords_are_forgotten_after_an_hour_without():
    failed = failures(9)
    assert failed.and_one(NOW + timedelta(hours=1)).count == 10
    assert failed.and_one(NOW + timedelta(hours=1, seconds=1)).count == 1


@pytest.mark.parametrize(
    ("seen", "ends"), [(0, 30), (100, 130), (700, 720)], ids=["at once", "seen later", "no longer than a day"]
)
def test_a_session_ends_when_idle_and_at_its_end_in_any_case(seen: int, ends: int):
    session = Session(
        session_sha256="0" * 64,
        operator_id="ada",
        epoch="e",
        created_at=NOW,
        seen_at=NOW + timedelta(minutes=seen),
    )
    times = SessionTimes(idle=timedelta(minutes=30), absolute=timedelta(hours=12))
    assert session.ends_at(times) == NOW + timedelta(minutes=ends)


def test_a_sessions_csrf_token_is_its_own_and_does_not_tell_the_session():
    mine, other = SessionToken.issue(), SessionToken.issue()
    assert mine.has_csrf_token(mine.csrf_token)
    for wrong in (other.csrf_token, mine.secret, mine.sha256, "", "\u00e9"):
        assert not mine.has_csrf_token(wrong)
    assert mine.secret not in repr(mine)


@pytest.mark.parametrize("text", ["", "x" * 42, "x" * 44, "x" * 42 + "!", "x" * 43 + "\n"])
def test_what_is_no_session_token_is_refused_and_not_repeated(text: str):
    with pytest.raises(ValueError, match=r"^a session token has 43 characters$"):
        SessionToken.parse(text)
