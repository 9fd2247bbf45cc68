"""Operators and their sessions in memory, for the gateway's tests alone."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from flask.testing import FlaskClient
from pwdlib.hashers.argon2 import Argon2Hasher
from werkzeug.test import TestResponse

from services.aws.operators import LastAdmin, OperatorChanged
from services.contracts.operators import FailedSignIns, Operator, OperatorStatus, Role, new_epoch
from services.contracts.sessions import Session
from services.gateway.authentication import PrincipalAuthenticator, ProgramAuthenticator
from services.gateway.limits import RateLimit
from services.gateway.operators import OperatorRegister
from services.gateway.password_sign_in import PasswordSignIn
from services.gateway.sessions import Sessions
from services.gateway.settings import GatewaySettings
from services.gateway.tokens import TokenRegister
from services.passwords import Passwords
from tests.unit.gateway.in_memory import NOW, InMemoryTokens, as_key

PASSWORD = "a tram to the museum"
#: Quick to make; how slow real ones are is tested where they are made.
PASSWORDS = Passwords(Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1))
_PASSWORD_HASH = PASSWORDS.hash(PASSWORD)


def operator(login: str, role: Role = Role.ADMIN) -> Operator:
    return Operator(operator_id=login, role=role, password_hash=_PASSWORD_HASH, created_at=NOW)


class InMemoryOperators:
    def __init__(self, *operators: Operator) -> None:
        self.operators = {operator.operator_id: operator for operator in operators}
        self.look_ups = 0

    def create(self, operator: Operator) -> bool:
        return self.operators.setdefault(operator.operator_id, operator) is operator

    def get(self, operator_id: str) -> Operator | None:
        self.look_ups += 1
        return self.operators.get(as_key(operator_id))

    def list(self) -> list[Operator]:
        return sorted(self.operators.values(), key=lambda operator: operator.operator_id)

    def update(self, operator: Operator, now: datetime, **changes: Any) -> Operator:
        forced = {"version": operator.version + 1, "updated_at": now, "epoch": new_epoch()}
        changed = operator.model_copy(update=changes | forced | {"failed_sign_ins": FailedSignIns()})
        if operator.is_acting_admin and not changed.is_acting_admin:
            self._another_admin(operator)
        self._unchanged(operator)
        self.operators[operator.operator_id] = changed
        return changed

    def remove(self, operator: Operator) -> None:
        if operator.is_acting_admin:
            self._another_admin(operator)
        self._unchanged(operator)
        del self.operators[operator.operator_id]

    def note_failed_sign_ins(self, operator: Operator, failed: FailedSignIns) -> bool:
        standing = self.operators.get(operator.operator_id)
        if standing is None or standing.failed_sign_ins != operator.failed_sign_ins:
            return False
        self.operators[operator.operator_id] = standing.model_copy(update={"failed_sign_ins": failed})
        return True

    def note_sign_in(self, operator: Operator, now: datetime, new_hash: str | None) -> bool:
        standing = self.operators.get(operator.operator_id)
        if standing is None or standing.epoch != operator.epoch:
            return False
        noted = {"failed_sign_ins": FailedSignIns(), "signed_in_at": now}
        noted |= {"password_hash": new_hash} if new_hash else {}
        self.operators[operator.operator_id] = standing.model_copy(update=noted)
        return True

    def _unchanged(self, operator: Operator) -> None:
        standing = self.operators.get(operator.operator_id)
        if standing is None or standing.version != operator.version:
            raise OperatorChanged(operator.operator_id)

    def _another_admin(self, operator: Operator) -> None:
        admins = [found.operator_id for found in self.operators.values() if found.is_acting_admin]
        if admins == [operator.operator_id]:
            raise LastAdmin(operator.operator_id)


class InMemorySessions:
    def __init__(self) -> None:
        self.sessions: dict[str, Session] = {}
        self.look_ups = 0
        self.writes = 0

    def add(self, session: Session) -> None:
        self.sessions[session.session_sha256] = session

    def get(self, session_sha256: str) -> Session | None:
        self.look_ups += 1
        return self.sessions.get(session_sha256)

    def note_seen(self, session: Session) -> None:
        self.writes += 1
        if session.session_sha256 in self.sessions:
            self.sessions[session.session_sha256] = session

    def end(self, session_sha256: str) -> None:
        self.sessions.pop(session_sha256, None)


@dataclass
class Clock:
    """The time, which a test moves."""

    time: datetime = field(default_factory=lambda: datetime.now(UTC))

    def now(self) -> datetime:
        return self.time

    def seconds(self) -> float:
        return self.time.timestamp()

    def move(self, **by: float) -> None:
        self.time += timedelta(**by)


class SigningIn:
    """What of a gateway knows programs and operators."""

    def __init__(self, settings: GatewaySettings, tokens: InMemoryTokens) -> None:
        self.clock, self.tokens = Clock(), tokens
        self.operators = InMemoryOperators(*(operator(role.value, role) for role in Role))
        self.records = InMemorySessions()
        self.sessions = Sessions(
            self.records, self.operators, settings.session_times, self.clock.seconds, self.clock.now
        )
        limit = RateLimit(settings.sign_in_limit_of_login)
        self.passwords = PasswordSignIn(
            self.operators, PASSWORDS, limit, settings.passwords_at_once, self.clock.now
        )

    @property
    def parts(self) -> dict[str, Any]:
        """For ``create_app``."""
        programs = ProgramAuthenticator(self.tokens, self.clock.seconds, self.clock.now)
        return {
            "principals": PrincipalAuthenticator(programs, self.sessions),
            "sessions": self.sessions,
            "operators": OperatorRegister(self.operators, self.passwords),
            "tokens": TokenRegister(self.tokens),
        }

    def disable(self, login: str) -> None:
        standing = self.operators.operators[login]
        self.operators.update(standing, self.clock.now(), status=OperatorStatus.DISABLED)


def sign_in(client: FlaskClient, login: str, password: str = PASSWORD, **more: Any) -> TestResponse:
    return client.post("/v1/session", json={"login": login, "password": password}, **more)


def signed_in(client: FlaskClient, login: str) -> dict[str, str]:
    """Sign in with the client's cookies; return the header of what changes something."""
    answer = sign_in(client, login)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return {"X-CSRF-Token": answer.get_json()["csrf_token"]}
