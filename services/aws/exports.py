"""Everything that is kept about one person, as a ZIP: what they may ask for."""

import json
from collections.abc import Iterator
from io import RawIOBase
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from services.audit.export import ExportFormat, export
from services.aws.audit_trail import AuditTrail
from services.aws.decisions import DecisionStore
from services.aws.enrollments import EnrollmentStore
from services.aws.invitations import InvitationStore
from services.aws.photos import PhotoMissing, PhotoStore
from services.contracts.domain import Enrollment, Person
from services.contracts.ids import KEPT_PREFIX
from services.contracts.invitations import Invitation

if TYPE_CHECKING:
    from services.aws.connection import Aws

_AT_A_TIME = 100
_README = """\
Everything that Facegate keeps about one person, as of the moment of this export.

person.json       name, status, groups, number in another system, when they were enrolled
photos/           the photos as they are kept: JPEG, named by their enrollment
enrollments.json  what became of every photo
invitations.json  links by which photos could be sent, those included that ended within a month
decisions.json    every time the person was recognised at a door, for as long as decisions are kept
audit.jsonl       records of the audit trail that name the person, one a line

Not in here: the numbers by which a face is recognised, which Amazon Rekognition keeps and gives to nobody,
and pictures from doors, which name nobody: they are deleted after a day, those of visitors who were denied
after as many days as this site keeps them.
"""


class PersonExports:
    """Collects what tables and bucket have of a person."""

    def __init__(self, aws: "Aws") -> None:
        self._enrollments = EnrollmentStore(aws)
        self._photos = PhotoStore(aws)
        self._invitations = InvitationStore(aws)
        self._decisions = DecisionStore(aws)
        self._trail = AuditTrail(aws)

    def archive(self, person: Person) -> Iterator[bytes]:
        """Make the ZIP bit by bit; one photo at a time is in memory.

        Raises
        ------
        AwsError
            If tables or bucket cannot be read; what came before is no whole archive then.
        """
        sink = _Sink()
        with ZipFile(sink, "w") as archive:
            for name, content in self._files(person):
                compression = ZIP_STORED if name.endswith(".jpg") else ZIP_DEFLATED
                archive.writestr(name, content, compression)
                yield sink.take()
        yield sink.take()

    def _files(self, person: Person) -> Iterator[tuple[str, bytes | str]]:
        yield "README.txt", _README
        yield "person.json", _json(person.model_dump(mode="json"))
        enrollments = list(self._enrollments_of(person.person_id))
        yield "enrollments.json", _json([enrollment.model_dump(mode="json") for enrollment in enrollments])
        for enrollment in enrollments:
            if enrollment.key.startswith(KEPT_PREFIX):
                try:
                    photo = self._photos.kept(enrollment.key)
                except PhotoMissing:
                    # removed since the list was read
                    continue
                yield f"photos/{enrollment.enrollment_id}.jpg", photo
        invitations = list(self._invitations_of(person.person_id))
        yield (
            "invitations.json",
            _json([one.model_dump(mode="json", exclude={"token_sha256"}) for one in invitations]),
        )
        decisions = self._decisions.of_person(person.person_id)
        yield "decisions.json", _json([decision.model_dump(mode="json") for decision in decisions])
        yield "audit.jsonl", "".join(export(self._trail.of_person(person.person_id), ExportFormat.JSONL))

    def _enrollments_of(self, person_id: str) -> Iterator[Enrollment]:
        position: str | None = None
        while True:
            some, position = self._enrollments.of_person(person_id, position, _AT_A_TIME)
            yield from some
            if position is None:
                return

    def _invitations_of(self, person_id: str) -> Iterator[Invitation]:
        position: str | None = None
        while True:
            some, position = self._invitations.of_person(person_id, position, _AT_A_TIME)
            yield from some
            if position is None:
                return


class _Sink(RawIOBase):
    """Takes what a ZIP is written to until somebody fetches it."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._written += data
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._written)
        self._written.clear()
        return taken


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
