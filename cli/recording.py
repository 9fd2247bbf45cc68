"""What commands change stands in the audit trail, before it is done and after."""

import getpass
from collections.abc import Generator
from contextlib import contextmanager

from pydantic import JsonValue

from services.aws.audit import AuditLog
from services.aws.connection import Aws
from services.contracts.audit import AuditEntry, AuditKind


@contextmanager
def recorded(
    aws: Aws,
    command: str,
    *,
    person_id: str | None = None,
    kind: AuditKind = AuditKind.ACTION,
    **details: JsonValue,
) -> Generator[None]:
    """Record what is done inside as the operating system's user's; without a record it is not done.

    Parameters
    ----------
    command : str
        As it is typed, without what it is applied to: ``people delete``.
    person_id : str, optional
        Whom it is applied to; erased with them.
    details : JSON
        What else it is applied to. No names of people, no secrets.

    Raises
    ------
    AwsError
        If it cannot be recorded that it is to be done.
    """
    log = AuditLog(aws, "cli")
    actor = f"cli {getpass.getuser()}"
    what = f"facegate {command}"
    personal = {"person_id": person_id} if person_id else {}
    place = log.record(AuditEntry(kind=kind, actor=actor, what=what, details=details, personal=personal))
    outcome = "failed"
    try:
        yield
        outcome = "done"
    finally:
        log.record(AuditEntry(kind=AuditKind.OUTCOME, actor=actor, what=what, target=place, outcome=outcome))
