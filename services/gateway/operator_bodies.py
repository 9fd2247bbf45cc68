"""Operators as the API takes and gives them, in JSON."""

from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.contracts.operators import Login, Operator, OperatorStatus, Role
from services.passwords import LONGEST_PASSWORD

_Password = Annotated[str, Field(max_length=4 * LONGEST_PASSWORD, repr=False)]


class NewOperator(BaseModel):
    """What an operator is created from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    login: Login
    role: Role
    password: _Password


class OperatorChange(BaseModel):
    """What is to change of an operator; what is left out stays (RFC 7396)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Role = Role.VIEWER
    status: OperatorStatus = OperatorStatus.ACTIVE
    password: _Password = ""

    def fields(self) -> dict[str, Any]:
        """Tell the fields that were given, with their new values."""
        return {name: getattr(self, name) for name in sorted(self.model_fields_set)}


class OperatorBody(BaseModel):
    """An operator as others see them.

    Attributes
    ----------
    locked_until : datetime or None
        Until when no password is tried, because too many were wrong.
    """

    model_config = ConfigDict(frozen=True)

    operator_id: str
    role: Role
    status: OperatorStatus
    created_at: AwareDatetime
    updated_at: AwareDatetime | None
    signed_in_at: AwareDatetime | None
    locked_until: AwareDatetime | None

    @classmethod
    def of(cls, operator: Operator) -> Self:
        """Pick what to show of `operator`."""
        return cls(
            operator_id=operator.operator_id,
            role=operator.role,
            status=operator.status,
            created_at=operator.created_at,
            updated_at=operator.updated_at,
            signed_in_at=operator.signed_in_at,
            locked_until=operator.failed_sign_ins.locked_until,
        )


class OperatorsBody(BaseModel):
    """A page of the list of operators, sorted by login."""

    model_config = ConfigDict(frozen=True)

    operators: list[OperatorBody]
    next_cursor: str | None
