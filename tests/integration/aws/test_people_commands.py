from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from cli import held
from cli import people as commands
from cli.people import SeveralPeople
from services.aws.enrollments import EnrollmentStore
from services.aws.people import PeopleStore, PersonUnknown
from services.contracts.domain import Enrollment, EnrollmentStatus, Person, PersonStatus, Removed
from services.contracts.reasons import RejectionReason

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def facegate(aws, monkeypatch):
    """`facegate people`, with two people enrolled."""
    monkeypatch.setattr(commands, "connect", lambda on_aws: aws)
    store = PeopleStore(aws)
    for person_id, name, photos in (("ada", "Ada Lovelace", 3), ("bob", "Bob [b]", 1)):
        store.create(Person(person_id=person_id, full_name=name, photos=photos, created_at=NOW))

    def run(*arguments, said=None):
        return CliRunner().invoke(commands.people, arguments, input=said, env={"COLUMNS": "200"})

    return run


def status(aws, person_id="ada"):
    return PeopleStore(aws).get(person_id).status


def test_people_are_listed_with_what_an_operator_wants_to_know(facegate):
    listed = facegate("list")
    assert listed.exit_code == 0
    lines = [line.split() for line in listed.stdout.splitlines()]
    assert any({"Ada", "Lovelace", "ada", "active", "3"} <= set(line) for line in lines)
    assert any({"Bob", "[b]", "bob", "1"} <= set(line) for line in lines)


def test_people_are_searched_and_a_list_that_is_cut_says_so(facegate):
    assert "Bob" not in facegate("list", "love").stdout
    assert "Nobody's name begins so." in facegate("list", "x").stdout
    assert "There are more than 1" in facegate("list", "--limit", "1").stdout


@pytest.mark.parametrize("whom", ["ada", "ada  LOVELACE"])
def test_a_person_is_shown_by_id_or_by_name(facegate, whom):
    assert "Ada Lovelace" in facegate("show", whom).stdout


def test_a_person_is_shown_with_what_became_of_each_photo(facegate, aws):
    photo = Enrollment(
        enrollment_id="e-1",
        status=EnrollmentStatus.REJECTED,
        rejection=RejectionReason.BLURRED,
        bucket="photos",
        key="index/ada.jpg",
        person_id="ada",
        received_at=NOW,
    )
    EnrollmentStore(aws).save(photo)
    shown = facegate("show", "ada").stdout
    assert "rejected" in shown
    assert "s3://photos/index/ada.jpg" in shown.replace("\n", "")


def test_who_has_few_photos_is_said_to_want_more(facegate):
    assert "With 3 photos or more Bob [b]" in facegate("show", "bob").stdout
    assert "or more" not in facegate("show", "ada").stdout


def test_a_person_is_disabled_and_enabled(facegate, aws):
    assert "Ada Lovelace is disabled" in facegate("disable", "ada").stdout
    assert status(aws) is PersonStatus.DISABLED
    assert "Ada Lovelace is active" in facegate("enable", "Ada Lovelace").stdout
    assert status(aws) is PersonStatus.ACTIVE


@pytest.mark.parametrize("command", ["show", "disable", "enable", "delete"])
def test_somebody_unknown_or_half_a_name_is_refused(facegate, command):
    for whom in ("nobody", "ada l", " "):
        assert isinstance(facegate(command, whom).exception, PersonUnknown)


def test_a_name_that_two_people_have_asks_for_the_id(facegate, aws):
    PeopleStore(aws).create(Person(person_id="ada-2", full_name="Ada Lovelace", created_at=NOW))
    refused = facegate("show", "Ada Lovelace")
    assert isinstance(refused.exception, SeveralPeople)
    assert "ada, ada-2" in str(refused.exception)


def test_nobody_is_deleted_without_a_yes(facegate, aws):
    refused = facegate("delete", "ada", said="n\n")
    assert refused.exit_code == 1
    assert "Remove Ada Lovelace (3 photos) for good?" in refused.stdout
    assert status(aws) is PersonStatus.ACTIVE


def test_a_deletion_that_no_worker_does_yet_is_said_to_go_on(facegate, aws):
    pending = facegate("delete", "ada", "--yes", "--timeout", "0")
    assert isinstance(pending.exception, commands.DeletionPending)
    assert "does an enroll worker run?" in str(pending.exception)
    assert status(aws) is PersonStatus.DELETING


def test_a_deletion_is_waited_for_and_its_receipt_shown(facegate, aws, monkeypatch):
    request = commands.DeletionStore.request

    def finish(store, *arguments):
        deletion = request(store, *arguments)
        store.note(deletion, Removed.FACES, 3)
        store.finish(deletion, NOW)
        return deletion

    monkeypatch.setattr(commands.DeletionStore, "request", finish)
    done = facegate("delete", "ada", "--yes")
    assert "removed Ada Lovelace: 3 faces" in done.stdout
    assert PeopleStore(aws).get("ada") is None


def indexed(aws):
    photo = Enrollment(
        enrollment_id="e-1",
        status=EnrollmentStatus.INDEXED,
        bucket="photos",
        key="photos/ada/e-1.jpg",
        person_id="ada",
        received_at=NOW,
    )
    EnrollmentStore(aws).save(photo)


def test_a_photo_is_removed_by_the_id_that_its_person_is_shown_with(facegate, aws, monkeypatch):
    indexed(aws)
    assert "e-1" in facegate("show", "ada").stdout
    request = commands.PhotoRemovalStore.request

    def finish(store, *arguments):
        deletion = request(store, *arguments)
        store.finish(deletion.deletion_id, "e-1", NOW)
        return deletion

    monkeypatch.setattr(commands.PhotoRemovalStore, "request", finish)
    done = facegate("remove-photo", "Ada Lovelace", "e-1", "--yes")
    assert "removed a photo of Ada Lovelace" in done.stdout
    assert EnrollmentStore(aws).get("e-1").status is EnrollmentStatus.REMOVED
    assert status(aws) is PersonStatus.ACTIVE


def test_no_photo_is_removed_without_a_yes_and_one_that_no_worker_removes_yet_is_said_to_go_on(facegate, aws):
    indexed(aws)
    assert facegate("remove-photo", "ada", "e-1", said="n\n").exit_code == 1
    assert EnrollmentStore(aws).get("e-1").status is EnrollmentStatus.INDEXED
    pending = facegate("remove-photo", "ada", "e-1", "--yes", "--timeout", "0")
    assert "the photo is marked as deleted" in str(pending.exception)


@pytest.mark.parametrize("whom", ["", " ", "nobody", "x" * 3000, "Zoë/…"])
def test_whoever_is_not_there_is_named_with_the_way_out(facegate, whom):
    refused = facegate("show", whom).exception
    assert isinstance(refused, PersonUnknown)
    assert f"{whom[:100]!r}; facegate people list" in str(refused)


def test_an_id_is_shown_whole_in_a_narrow_terminal(facegate, aws):
    person_id = "d62c4a92-392c-5034-817f-386d7e86c664"
    PeopleStore(aws).create(Person(person_id=person_id, full_name="A " * 40, created_at=NOW))
    narrow = CliRunner().invoke(commands.people, ["list"], env={"COLUMNS": "80"})
    assert person_id in narrow.stdout


@pytest.mark.parametrize("enrollment_id", ["", "x" * 3000, "not an id", "../e-1"])
def test_a_held_photo_is_asked_for_by_an_id(aws, monkeypatch, enrollment_id):
    monkeypatch.setattr(held, "connect", lambda on_aws: aws)
    refused = CliRunner().invoke(held.held, ["reject", enrollment_id], env={"COLUMNS": "200"})
    assert refused.exit_code == 2
    assert "facegate held list shows it" in refused.output


def test_a_photo_that_does_not_wait_is_named_with_the_way_out(aws, monkeypatch):
    aws.rekognition = None
    monkeypatch.setattr(held, "connect", lambda on_aws: aws)
    refused = CliRunner().invoke(held.held, ["reject", "e-1"]).exception
    assert str(refused) == "there is no enrollment e-1; the list of held photos has those that wait"
