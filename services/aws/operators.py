"""The table of operators."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from services.aws.errors import cancellation_reasons, translated
from services.aws.items import attribute, from_item, to_item
from services.aws.updates import update_where
from services.contracts.operators import FailedSignIns, Operator, OperatorStatus, Role, new_epoch

if TYPE_CHECKING:
    from services.aws.connection import Aws


#: What an update may change, with what it always changes.
_CHANGED = ("role", "status", "password_hash", "epoch", "failed_sign_ins", "version", "updated_at")


class OperatorChanged(Exception):
    """Somebody else changed or removed the operator meanwhile."""

    def __init__(self, operator_id: str) -> None:
        super().__init__(f"operator {operator_id} was changed or removed meanwhile; look again")


class LastAdmin(Exception):
    """The operator is the only admin who may sign in."""

    def __init__(self, operator_id: str) -> None:
        super().__init__(f"{operator_id} is the last admin; make another operator one first")


class OperatorStore:
    """Operators by login."""

    def __init__(self, aws: "Aws") -> None:
        self._dynamodb = aws.dynamodb
        self._table = aws.outputs.operators_table_name

    def create(self, operator: Operator) -> bool:
        """Write a new operator down; False if the login is taken.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        with translated(f"creating operator {operator.operator_id}"):
            try:
                self._dynamodb.put_item(
                    TableName=self._table,
                    Item=to_item(operator),
                    ConditionExpression="attribute_not_exists(operator_id)",
                )
            except self._dynamodb.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def get(self, operator_id: str) -> Operator | None:
        """Look an operator up.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        with translated(f"reading operator {operator_id}"):
            answer = self._dynamodb.get_item(
                TableName=self._table, Key=_key(operator_id), ConsistentRead=True
            )
        item = answer.get("Item")
        return from_item(Operator, item) if item else None

    def list(self) -> list[Operator]:
        """List all operators by login.

        Raises
        ------
        AwsError
            If the table cannot be asked.
        """
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=self._table, ConsistentRead=True)
        with translated("listing operators"):
            operators = [from_item(Operator, item) for page in pages for item in page["Items"]]
        return sorted(operators, key=lambda operator: operator.operator_id)

    def update(self, operator: Operator, now: datetime, **changes: Any) -> Operator:
        """Change an operator; their sessions end, and their failed sign-ins are forgotten.

        Parameters
        ----------
        operator : Operator
            As it was read; its version tells which reading that was.
        **changes
            New values of ``role``, ``status`` or ``password_hash``.

        Returns
        -------
        Operator
            As it stands now.

        Raises
        ------
        OperatorChanged
            If somebody changed or removed the operator since.
        LastAdmin
            If nobody would be left who may change operators.
        AwsError
            If the table cannot be written.
        """
        forced = {"version": operator.version + 1, "updated_at": now, "epoch": new_epoch()}
        changed = operator.model_copy(update=changes | forced | {"failed_sign_ins": FailedSignIns()})
        item = to_item(changed)
        names = [name for name in _CHANGED if name in item]
        request: Any = {
            "TableName": self._table,
            "Key": _key(operator.operator_id),
            "ConditionExpression": "version = :read",
            "UpdateExpression": "SET " + ", ".join(f"#{name} = :{name}" for name in names),
            "ExpressionAttributeNames": {f"#{name}": name for name in names},
            "ExpressionAttributeValues": {f":{name}": item[name] for name in names}
            | {":read": attribute(operator.version)},
        }
        loses_an_admin = operator.is_acting_admin and not changed.is_acting_admin
        self._write(operator, {"Update": request}, loses_an_admin=loses_an_admin)
        return changed

    def remove(self, operator: Operator) -> None:
        """Remove an operator; their sessions end.

        Raises
        ------
        OperatorChanged
            If somebody changed or removed the operator since they were read.
        LastAdmin
            If nobody would be left who may change operators.
        AwsError
            If the table cannot be written.
        """
        request: Any = {
            "TableName": self._table,
            "Key": _key(operator.operator_id),
            "ConditionExpression": "version = :read",
            "ExpressionAttributeValues": {":read": attribute(operator.version)},
        }
        self._write(operator, {"Delete": request}, loses_an_admin=operator.is_acting_admin)

    def note_failed_sign_ins(self, operator: Operator, failed: FailedSignIns) -> bool:
        """Note a wrong password, unless another was noted since the operator was read.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        return self._update(
            operator.operator_id,
            condition="failed_sign_ins = :read",
            expression="SET failed_sign_ins = :failed",
            values={
                ":read": to_item(operator)["failed_sign_ins"],
                ":failed": attribute(failed.model_dump(mode="json", exclude_none=True)),
            },
        )

    def note_sign_in(self, operator: Operator, now: datetime, new_hash: str | None) -> bool:
        """Forget wrong passwords, and keep the password's new hash if there is one.

        Returns
        -------
        bool
            False if the operator was changed or removed since: the password may not be right any more.

        Raises
        ------
        AwsError
            If the table cannot be written.
        """
        values = {
            ":none": attribute(FailedSignIns().model_dump(mode="json", exclude_none=True)),
            ":now": attribute(now.isoformat()),
            ":epoch": attribute(operator.epoch),
        }
        expression = "SET failed_sign_ins = :none, signed_in_at = :now"
        if new_hash is not None:
            expression += ", password_hash = :hash"
            values[":hash"] = attribute(new_hash)
        return self._update(
            operator.operator_id, condition="epoch = :epoch", expression=expression, values=values
        )

    def _write(self, operator: Operator, write: Any, *, loses_an_admin: bool) -> None:
        writes = [write]
        if loses_an_admin:
            # in one transaction, so that two admins who remove each other do not both succeed
            writes.append(self._while_admin(self._another_admin(operator.operator_id)))
        with translated(f"changing operator {operator.operator_id}"):
            try:
                self._dynamodb.transact_write_items(TransactItems=writes)
            except self._dynamodb.exceptions.TransactionCanceledException as error:
                if "ConditionalCheckFailed" not in cancellation_reasons(error):
                    raise
                raise OperatorChanged(operator.operator_id) from error

    def _another_admin(self, operator_id: str) -> str:
        for operator in self.list():
            if operator.is_acting_admin and operator.operator_id != operator_id:
                return operator.operator_id
        raise LastAdmin(operator_id)

    def _while_admin(self, operator_id: str) -> Any:
        return {
            "ConditionCheck": {
                "TableName": self._table,
                "Key": _key(operator_id),
                "ConditionExpression": "#role = :admin AND #status = :active",
                "ExpressionAttributeNames": {"#role": "role", "#status": "status"},
                "ExpressionAttributeValues": {
                    ":admin": attribute(Role.ADMIN.value),
                    ":active": attribute(OperatorStatus.ACTIVE.value),
                },
            }
        }

    def _update(self, operator_id: str, *, condition: str, expression: str, values: dict[str, Any]) -> bool:
        with translated(f"changing operator {operator_id}"):
            return update_where(
                self._dynamodb,
                self._table,
                _key(operator_id),
                condition=condition,
                expression=expression,
                values=values,
            )


def _key(operator_id: str) -> dict[str, Any]:
    return {"operator_id": attribute(operator_id)}
