"""Who an operator is, by login and password."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from math import ceil
from threading import BoundedSemaphore, Lock

import structlog
from cachetools import TTLCache
from pydantic import TypeAdapter, ValidationError

from services.contracts.operators import FAILURES_FORGOTTEN_AFTER, FailedSignIns, Login, Operator, Role
from services.gateway.collaborators import OperatorRecords
from services.gateway.limits import RateLimit
from services.gateway.problems import TOO_MANY_SIGN_INS, TOO_MANY_TRIES, WRONG_CREDENTIALS, Problem
from services.passwords import Passwords

_log = structlog.stdlib.get_logger(__name__)
_LOGIN: TypeAdapter[str] = TypeAdapter(Login)
#: Logins of nobody that are waited for like everybody's; the oldest make room for more.
_MOST_UNKNOWN = 10_000
#: How often a wrong password is noted anew because another was noted at the same time.
_ATTEMPTS = 5


class PasswordSignIn:
    """Tells operators by their passwords.

    Another way to tell them, as OpenID Connect is, is another class with its own `identify`: whoever it
    returns, `Sessions.begin` lets in.

    Parameters
    ----------
    operators : OperatorRecords
        The operators.
    passwords : Passwords
        Compares.
    of_a_login : RateLimit
        How often each login may be tried.
    at_once : int
        Passwords compared at the same time. Each takes 64 MiB and a tenth of a second or two of a core, which
        kiosks need.
    now : callable
        The time.
    """

    def __init__(
        self,
        operators: OperatorRecords,
        passwords: Passwords,
        of_a_login: RateLimit,
        at_once: int,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._operators = operators
        self._passwords = passwords
        self._of_a_login = of_a_login
        self._places = BoundedSemaphore(at_once)
        self._now = now
        # so that waits do not tell whose logins there are
        self._unknown: TTLCache[str, FailedSignIns] = TTLCache(
            _MOST_UNKNOWN, FAILURES_FORGOTTEN_AFTER.total_seconds(), time.monotonic
        )
        self._lock = Lock()

    def identify(self, login: str, password: str) -> Operator:
        """Find the operator who has this login and password.

        Raises
        ------
        Problem
            If nobody has or they are disabled, which is answered alike and takes as long; or if it was tried
            too often.
        """
        folded = _folded(login)
        self._of_a_login.count(folded)
        operator = self._operators.get(folded) if folded else None
        self._need_no_wait(folded, operator)
        with self._place():
            verdict = self._passwords.verify(password, operator.password_hash if operator else None)
        if operator is None or not verdict.right or not operator.may_sign_in:
            self._note_failure(folded, operator)
            raise _wrong_credentials()
        if not self._operators.note_sign_in(operator, self._now(), verdict.new_hash):
            raise _wrong_credentials()
        return operator

    def hash(self, password: str) -> str:
        """Make what is stored of a new password.

        Raises
        ------
        Problem
            If as many passwords are being compared as may be.
        """
        with self._place():
            return self._passwords.hash(password)

    def _need_no_wait(self, login: str, operator: Operator | None) -> None:
        until, now = self._failures(login, operator).locked_until, self._now()
        if until is not None and now < until:
            wait = ceil((until - now) / timedelta(seconds=1))
            raise Problem(
                TOO_MANY_TRIES,
                f"Too many wrong passwords were tried with this login. Try again in {wait} s.",
                {"Retry-After": str(wait)},
            )

    def _failures(self, login: str, operator: Operator | None) -> FailedSignIns:
        if operator is not None:
            return operator.failed_sign_ins
        with self._lock:
            return self._unknown.get(login, FailedSignIns())

    def _note_failure(self, login: str, operator: Operator | None) -> None:
        if operator is None:
            with self._lock:
                known = self._unknown.get(login, FailedSignIns())
                self._unknown[login] = known.and_one(self._now())
            if login:
                # in vain, and as long as for somebody's login
                self._operators.note_failed_sign_ins(self._nobody(login), known)
            return
        for _ in range(_ATTEMPTS):
            failed = operator.failed_sign_ins.and_one(self._now())
            if self._operators.note_failed_sign_ins(operator, failed):
                # of a login of nobody the log says nothing: it may be a password, typed in the wrong place
                _log.warning("wrong_password", operator_id=operator.operator_id, failed_sign_ins=failed.count)
                return
            operator = self._operators.get(login)
            if operator is None:
                return

    def _nobody(self, login: str) -> Operator:
        return Operator(operator_id=login, role=Role.VIEWER, created_at=self._now())

    @contextmanager
    def _place(self) -> Generator[None]:
        # no waiting: who waits holds a thread that kiosks need
        if not self._places.acquire(blocking=False):
            raise Problem(
                TOO_MANY_SIGN_INS,
                "As many sign in as the gateway lets at a time. Try again in a second.",
                {"Retry-After": "1"},
            )
        try:
            yield
        finally:
            self._places.release()


def _folded(login: str) -> str:
    try:
        return _LOGIN.validate_python(login)
    except ValidationError:
        return ""


def _wrong_credentials() -> Problem:
    return Problem(
        WRONG_CREDENTIALS,
        "Nobody who may sign in has this login and password. Check both.",
        {"WWW-Authenticate": 'Bearer realm="facegate"'},
    )
