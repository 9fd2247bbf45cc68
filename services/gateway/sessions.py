"""Operators' sessions: begun, continued, ended."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.contracts.operators import Operator
from services.contracts.sessions import Session, SessionTimes, SessionToken
from services.gateway.collaborators import OperatorRecords, SessionRecords
from services.gateway.principals import Principal, PrincipalKind
from services.gateway.problems import SESSION_ENDED, Problem
from services.gateway.remembered import Remembered

#: A session is written at most so often, so it may end idle by as much earlier.
_SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class SignedIn:
    """An operator's session, with the token that opens it."""

    token: SessionToken
    session: Session
    operator: Operator

    @property
    def principal(self) -> Principal:
        """The operator as one who makes requests."""
        return Principal(
            PrincipalKind.OPERATOR,
            self.operator.operator_id,
            self.operator.scopes,
            secret=self.session.session_sha256,
        )


class Sessions:
    """Operators' sessions, however the operators showed who they are.

    Parameters
    ----------
    records : SessionRecords
        The sessions; each is asked for at most every two seconds, and so is its operator.
    operators : OperatorRecords
        The operators.
    times : SessionTimes
        How long sessions last.
    timer : callable
        Seconds from any beginning, for what is remembered.
    now : callable
        The time.
    """

    def __init__(
        self,
        records: SessionRecords,
        operators: OperatorRecords,
        times: SessionTimes,
        timer: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._records = records
        self._times = times
        self._session = Remembered(records.get, timer)
        self._operator = Remembered(operators.get, timer)
        self._now = now

    def begin(self, operator: Operator) -> SignedIn:
        """Begin the session of an operator who has just shown who they are."""
        token, now = SessionToken.issue(), self._now()
        session = Session(
            session_sha256=token.sha256,
            operator_id=operator.operator_id,
            epoch=operator.epoch,
            created_at=now,
            seen_at=now,
        )
        self._records.add(session)
        return SignedIn(token, session, operator)

    def find(self, token: SessionToken) -> SignedIn:
        """Find the session that a token opens, and note that it is used.

        Raises
        ------
        Problem
            If there is none, or it has ended.
        """
        session = self._session(token.sha256)
        if session is None or self._now() >= session.ends_at(self._times):
            raise session_ended()
        operator = self._operator(session.operator_id)
        if operator is not None and operator.epoch != session.epoch:
            # signed in anew since our record was read, or signed out with all others
            operator = self._operator.anew(session.operator_id)
        if operator is None or operator.epoch != session.epoch or not operator.may_sign_in:
            raise session_ended()
        return SignedIn(token, self._seen(session), operator)

    def end(self, token: SessionToken) -> None:
        """End a session."""
        self._records.end(token.sha256)
        self._session.learn(token.sha256, None)

    def ends_at(self, session: Session) -> datetime:
        """When a session ends, if no request comes."""
        return session.ends_at(self._times)

    def _seen(self, session: Session) -> Session:
        now = self._now()
        if now - session.seen_at < _SEEN_EVERY:
            return session
        seen = session.model_copy(update={"seen_at": now})
        self._records.note_seen(seen)
        self._session.learn(seen.session_sha256, seen)
        return seen


def session_ended() -> Problem:
    """Tell that a session does not open anything any more."""
    return Problem(
        SESSION_ENDED,
        "The session has ended, or there was none. Sign in again.",
        {"WWW-Authenticate": 'Bearer realm="facegate"'},
    )
