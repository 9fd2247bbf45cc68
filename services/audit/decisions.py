"""What the trail keeps of a decision, and whether the two still agree."""

from services.contracts.audit import AuditEntry, AuditKind, AuditRecord
from services.contracts.domain import Decision

#: What a kiosk asks for, as records call it.
RECOGNITION = "recognition"
#: What names the person: it lies in the record's personal part.
PERSONAL = frozenset({"person_id", "full_name", "face_id"})
_ELSEWHERE = frozenset({"recognition_id", "kiosk_id", "outcome", "timings_ms", "person_deleted_at"})


def decision_entry(decision: Decision) -> AuditEntry:
    """Tell what is to be recorded of a decision."""
    return AuditEntry(
        kind=AuditKind.DECISION,
        actor=f"kiosk {decision.kiosk_id}",
        what=RECOGNITION,
        target=decision.recognition_id,
        outcome=decision.outcome.value,
        details=decision.model_dump(mode="json", exclude_none=True, exclude={*PERSONAL, *_ELSEWHERE}),
        personal={name: value for name in sorted(PERSONAL) if (value := getattr(decision, name))},
    )


def disagreements(decision: Decision, record: AuditRecord) -> list[str]:
    """List what a decision says otherwise than its record; its personal part is not compared."""
    entry = decision_entry(decision)
    differing = [
        name
        for name, said in (("actor", entry.actor), ("target", entry.target), ("outcome", entry.outcome))
        if said != getattr(record, name)
    ]
    fields = Decision.model_fields
    for name in sorted(entry.details.keys() | record.details.keys()):
        # a field that decisions were given after this one was recorded has its default
        recorded = record.details.get(name, fields[name].get_default() if name in fields else None)
        if entry.details.get(name) != recorded:
            differing.append(name)
    return differing
