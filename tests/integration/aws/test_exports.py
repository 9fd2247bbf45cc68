"""Everything about a person in a ZIP, from tables and bucket."""

import json
import zipfile
from datetime import UTC, datetime
from io import BytesIO

import pytest
from typer.testing import CliRunner

from cli import exports
from cli.main import app
from services.aws.audit_trail import AuditTrail
from services.aws.decisions import DecisionStore
from services.aws.enrollments import EnrollmentStore
from services.aws.exports import PersonExports
from services.aws.invitations import InvitationStore
from services.aws.people import PeopleStore
from services.contracts.domain import Decision, Enrollment, EnrollmentStatus, Person
from services.contracts.invitations import invite
from services.contracts.reasons import DecisionReason

pytestmark = pytest.mark.access

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def people(aws):
    """Ada and Bob, each with two photos kept, one that was removed since, and a decision."""
    people = []
    for person_id, name in (("ada", "Ada Lovelace"), ("bob", "Bob")):
        person = Person(person_id=person_id, full_name=name, created_at=NOW)
        PeopleStore(aws).create(person)
        people.append(person)
        invitation, _ = invite(person, f"operator for {person_id}", NOW)
        InvitationStore(aws).add(invitation)
        for number in range(3):
            enrollment_id = f"{person_id}-{number}"
            key = f"photos/{person_id}/{enrollment_id}.jpg"
            EnrollmentStore(aws).save(
                Enrollment(
                    enrollment_id=enrollment_id,
                    status=EnrollmentStatus.INDEXED,
                    bucket="photos",
                    key=key,
                    received_at=NOW,
                    person_id=person_id,
                    full_name=name,
                )
            )
            if number < 2:
                aws.s3.put_object(Bucket="photos", Key=key, Body=f"jpeg of {enrollment_id}".encode())
        DecisionStore(aws).record(
            Decision(
                recognition_id=f"r-{person_id}",
                reason=DecisionReason.MATCH,
                kiosk_id="lobby",
                person_id=person_id,
                full_name=name,
                face_id="face",
                similarity=99.9,
                threshold=99,
                agreed=1,
                received_at=NOW,
                decided_at=NOW,
            )
        )
    return people


def unpacked(data):
    with zipfile.ZipFile(BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_an_export_has_everything_about_the_person_and_nothing_about_anybody_else(aws, people):
    files = unpacked(b"".join(PersonExports(aws).archive(people[0])))
    assert files.keys() == {
        "README.txt",
        "person.json",
        "enrollments.json",
        "invitations.json",
        "decisions.json",
        "audit.jsonl",
        "photos/ada-0.jpg",
        "photos/ada-1.jpg",
    }
    assert files["photos/ada-1.jpg"] == b"jpeg of ada-1"
    assert json.loads(files["person.json"])["full_name"] == "Ada Lovelace"
    assert len(json.loads(files["enrollments.json"])) == 3
    (invitation,) = json.loads(files["invitations.json"])
    assert invitation["created_by"] == "operator for ada"
    assert "token_sha256" not in invitation
    assert [each["recognition_id"] for each in json.loads(files["decisions.json"])] == ["r-ada"]
    (record,) = [json.loads(line) for line in files["audit.jsonl"].splitlines()]
    assert json.loads(record["personal"])["full_name"] == "Ada Lovelace"
    assert b"bob" not in b"".join(files.values()).lower()


def test_an_export_comes_bit_by_bit(aws, people):
    bits = [len(bit) for bit in PersonExports(aws).archive(people[0])]
    assert len(bits) > 7
    assert all(bits)


def test_the_command_writes_the_zip_and_leaves_a_record(aws, people, monkeypatch, tmp_path):
    monkeypatch.setattr(exports, "connect", lambda on_aws: aws)
    file = tmp_path / "ada.zip"
    answer = CliRunner().invoke(app, ["people", "export", "Ada Lovelace", "-o", str(file)])
    assert answer.exit_code == 0, answer.output
    assert "person.json" in unpacked(file.read_bytes())
    kinds = [json.loads(listed.link.text)["kind"] for listed in AuditTrail(aws).of_person("ada")]
    assert sorted(kinds) == ["decision", "look"]
