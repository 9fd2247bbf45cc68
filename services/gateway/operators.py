"""Operators, as those who may change them work with them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.aws.operators import LastAdmin, OperatorChanged
from services.contracts.operators import PERMISSIONS, Operator
from services.gateway.collaborators import OperatorRecords
from services.gateway.operator_bodies import NewOperator, OperatorChange
from services.gateway.password_sign_in import PasswordSignIn
from services.gateway.principals import Principal, PrincipalKind, permit_all
from services.gateway.problems import (
    LAST_ADMIN,
    OPERATOR_CHANGED,
    OPERATOR_EXISTS,
    OWN_ACCOUNT,
    UNKNOWN_OPERATOR,
    UNUSABLE_PASSWORD,
    Problem,
)
from services.passwords import UnusablePassword, check_password

#: Longer than any login; DynamoDB takes no key of more than 2,048 bytes.
_LONGEST_ID = 100


@dataclass(frozen=True)
class OperatorRegister:
    """The operators; nobody makes or changes one who may more than they may themselves."""

    records: OperatorRecords
    passwords: PasswordSignIn

    def create(self, new: NewOperator, by: Principal) -> Operator:
        """Create an operator.

        Raises
        ------
        Problem
            If the login is taken, the password would be guessed, or the role may more than who creates them.
        """
        permit_all(by, PERMISSIONS[new.role])
        operator = Operator(
            operator_id=new.login,
            role=new.role,
            password_hash=self._hash(new.password, new.login),
            created_at=datetime.now(UTC),
        )
        if not self.records.create(operator):
            raise Problem(OPERATOR_EXISTS, "Another operator has this login. Choose another.")
        return operator

    def find(self, operator_id: str) -> Operator:
        """Look an operator up.

        Raises
        ------
        Problem
            If there is none.
        """
        operator = self.records.get(operator_id) if len(operator_id) <= _LONGEST_ID else None
        if operator is None:
            raise _unknown()
        return operator

    def page(self, position: str | None, limit: int) -> tuple[list[Operator], str | None]:
        """List some by login, from a position on; with the position of the rest."""
        rest = [found for found in self.records.list() if position is None or found.operator_id > position]
        return rest[:limit], rest[limit - 1].operator_id if len(rest) > limit else None

    def change(
        self, operator_id: str, change: OperatorChange, version: int | None, by: Principal
    ) -> Operator:
        """Change an operator, whose sessions end.

        Raises
        ------
        Problem
            If there is none, it is oneself, they may more than who changes them, nobody would be left who may
            change operators, or they have another version.
        """
        operator, fields = self._of_another(operator_id, version, by), change.fields()
        if "role" in fields:
            permit_all(by, PERMISSIONS[change.role])
        if "password" in fields:
            fields["password_hash"] = self._hash(fields.pop("password"), operator.operator_id)
        return self._update(operator, **fields)

    def change_own_password(self, operator_id: str, current: str, new: str) -> Operator:
        """Give an operator who knows their password another; all their sessions end.

        Raises
        ------
        Problem
            If the current password is wrong or the new one would be guessed.
        """
        operator = self.passwords.identify(operator_id, current)
        return self._update(operator, password_hash=self._hash(new, operator_id))

    def remove(self, operator_id: str, version: int | None, by: Principal) -> None:
        """Remove an operator, whose sessions end.

        Raises
        ------
        Problem
            As `change` does.
        """
        operator = self._of_another(operator_id, version, by)
        try:
            self.records.remove(operator)
        except (LastAdmin, OperatorChanged) as error:
            raise _refusal(error) from error

    def _update(self, operator: Operator, **fields: Any) -> Operator:
        try:
            return self.records.update(operator, datetime.now(UTC), **fields)
        except (LastAdmin, OperatorChanged) as error:
            raise _refusal(error) from error

    def _hash(self, password: str, login: str) -> str:
        try:
            check_password(password, login)
        except UnusablePassword as error:
            raise Problem(UNUSABLE_PASSWORD, f"It was not taken: {error}. Choose another.") from error
        return self.passwords.hash(password)

    def _of_another(self, operator_id: str, version: int | None, by: Principal) -> Operator:
        operator = self.find(operator_id)
        if by.kind is PrincipalKind.OPERATOR and by.id == operator.operator_id:
            raise Problem(
                OWN_ACCOUNT,
                "Operators change their own password with POST /v1/session/password, and nothing else about "
                "themselves. Ask another admin.",
            )
        permit_all(by, operator.scopes)
        if version is not None and version != operator.version:
            raise _changed()
        return operator


def _refusal(error: LastAdmin | OperatorChanged) -> Problem:
    if isinstance(error, LastAdmin):
        return Problem(
            LAST_ADMIN, "Nobody would be left who may change operators. Make another operator an admin first."
        )
    return _changed()


def _changed() -> Problem:
    return Problem(OPERATOR_CHANGED, "Somebody changed the operator meanwhile. Read it again, and try again.")


def _unknown() -> Problem:
    return Problem(UNKNOWN_OPERATOR, "No operator has this login. GET /v1/operators lists them.")
