import zipfile
from datetime import UTC, datetime
from itertools import islice

import pytest
from botocore.exceptions import ClientError

from services.aws import uploads as uploading
from services.aws.batches import BatchStore
from services.aws.errors import AwsError
from services.aws.items import to_item
from services.aws.outcomes import Outcomes
from services.aws.prefixes import Prefix
from services.aws.uploads import Sent, Uploads
from services.batches.items import BatchItem, Refusal, UnreadableBatch
from services.batches.source import open_source
from services.contracts.domain import Batch, Enrollment, EnrollmentStatus
from services.contracts.ids import person_id_of
from services.contracts.names import from_metadata, to_metadata
from services.contracts.reasons import RejectionReason

JPEG = b"\xff\xd8\xff\xe0"
THEN, NOW = datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)


def folder(root, people, photos=1):
    for person in people:
        for number in range(photos):
            place = root / person / f"{number}.jpg"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(JPEG + f"{person} {number}".encode())
    return root


def send(aws, path, batch_id="b1"):
    with open_source(path) as source:
        return list(Uploads(aws, batch_id, now=lambda: NOW).send(source))


def keys(aws):
    found = aws.s3.list_objects_v2(Bucket="photos", Prefix="index/")
    return sorted(item["Key"] for item in found.get("Contents", []))


def note(aws, enrollment_id, status, **fields):
    enrollment = Enrollment(
        enrollment_id=enrollment_id, status=status, bucket="photos", key="k", received_at=THEN, **fields
    )
    aws.dynamodb.put_item(TableName="enrollments", Item=to_item(enrollment))
    return enrollment


def puts(aws, monkeypatch):
    """Count what is really sent."""
    sent = []
    put = aws.s3.put_object
    monkeypatch.setattr(aws.s3, "put_object", lambda **place: sent.append(place["Key"]) or put(**place))
    return sent


def test_a_photo_is_put_where_its_enrollment_gets_its_id_and_carries_whose_it_is(aws, tmp_path):
    folder(tmp_path, ["p"])
    (tmp_path / "manifest.csv").write_text(
        "file,name,groups,external id\np/0.jpg,夏目漱石,staff;nächte,0042\n"
    )
    [sent] = send(aws, tmp_path)
    assert keys(aws) == [f"index/uploads/{sent.enrollment_id}/0.jpg"]
    stored = aws.s3.get_object(Bucket="photos", Key=keys(aws)[0])
    assert stored["Body"].read() == JPEG + b"p 0"
    assert stored["ContentType"] == "image/jpeg"
    assert {name: from_metadata(value) for name, value in stored["Metadata"].items()} == {
        "fullname": "夏目漱石",
        "person-id": person_id_of("夏目漱石"),
        "batch-id": "b1",
        "file": "p/0.jpg",
        "groups": "staff,nächte",
        "external-id": "0042",
        "submitted-at": "2026-11-21T00:00:00+00:00",
    }


def test_what_is_enrolled_is_not_sent_again_by_whatever_batch(aws, tmp_path, monkeypatch):
    people = folder(tmp_path / "a", ["Ada", "Eve", "Bob"])
    for sent, status in zip(send(aws, people), EnrollmentStatus, strict=False):
        note(aws, sent.enrollment_id, status, person_id="p", attempts=1)
    sent = puts(aws, monkeypatch)
    again = send(aws, folder(tmp_path / "b", ["Ada", "Eve", "Bob"]), "b2")
    assert sent == []
    assert {photo.known.status for photo in again} == set(list(EnrollmentStatus)[:3])


def test_a_photo_that_waits_for_its_worker_is_not_replaced(aws, tmp_path):
    aws.s3.put_bucket_versioning(Bucket="photos", VersioningConfiguration={"Status": "Enabled"})
    first = send(aws, folder(tmp_path, ["Ada", "Eve"]))
    second = send(aws, tmp_path)
    versions = aws.s3.list_object_versions(Bucket="photos", Prefix="index/")["Versions"]
    assert len(versions) == 2
    assert sorted(first, key=str) == sorted(second, key=str)


@pytest.mark.parametrize(
    "fields",
    [
        {"status": EnrollmentStatus.FAILED, "person_id": "p"},
        {"status": EnrollmentStatus.INDEXED},
        {"status": EnrollmentStatus.REJECTED, "rejection": RejectionReason.PERSON_DELETED},
    ],
    ids=["failed", "its person was deleted since", "its person was deleted meanwhile"],
)
def test_what_failed_or_was_deleted_with_its_person_is_sent_anew(aws, tmp_path, fields):
    [first] = send(aws, folder(tmp_path, ["Ada"]))
    known = note(aws, first.enrollment_id, finished_at=THEN, **fields)
    aws.s3.delete_object(Bucket="photos", Key=keys(aws)[0])
    [again] = send(aws, tmp_path)
    assert len(keys(aws)) == 1
    assert again.anew
    assert not again.is_outcome(known)
    assert again.is_outcome(known.model_copy(update={"finished_at": NOW}))


def test_what_was_announced_and_never_sent_is_sent(aws, tmp_path):
    [first] = send(aws, folder(tmp_path, ["Ada"]))
    note(aws, first.enrollment_id, EnrollmentStatus.RECEIVED, person_id="p", attempts=0)
    aws.s3.delete_object(Bucket="photos", Key=keys(aws)[0])
    [again] = send(aws, tmp_path)
    assert len(keys(aws)) == 1
    assert not again.anew


def test_the_same_picture_twice_is_sent_once(aws, tmp_path):
    folder(tmp_path, ["Ada"])
    (tmp_path / "Ada/copy.jpg").write_bytes((tmp_path / "Ada/0.jpg").read_bytes())
    first, second = send(aws, tmp_path)
    assert first.enrollment_id == second.enrollment_id
    assert len(keys(aws)) == 1


def test_two_people_may_share_a_picture(aws, tmp_path):
    for person in ("Ada", "Eve"):
        (tmp_path / person).mkdir()
        (tmp_path / person / "1.jpg").write_bytes(JPEG)
    assert len({photo.enrollment_id for photo in send(aws, tmp_path)}) == 2


def test_what_cannot_be_a_photo_is_refused_and_the_others_are_sent(aws, tmp_path):
    folder(tmp_path, ["Ada"])
    (tmp_path / "Ada/text.jpg").write_text("dear diary")
    (tmp_path / "Ada/empty.jpg").touch()
    (tmp_path / "Ada/large.jpg").touch()
    (tmp_path / "Ada" / f"{'ä' * 120}.jpg").write_bytes(JPEG)
    (tmp_path / "Ada/new\nline.jpg").write_bytes(JPEG)
    with (tmp_path / "Ada/large.jpg").open("r+b") as large:
        large.truncate(100_000_000)
    answers = send(aws, tmp_path)
    refused = {answer.file: answer.sentence for answer in answers if isinstance(answer, Refusal)}
    assert "not the picture" in refused["Ada/text.jpg"]
    assert "empty" in refused["Ada/empty.jpg"]
    assert "100.0 MB" in refused["Ada/large.jpg"]
    assert "control characters" in refused["Ada/new\nline.jpg"]
    assert len(refused) == 4
    assert len(keys(aws)) == 2


def test_more_metadata_than_s3_takes_is_refused_before_it_is_sent(aws, tmp_path):
    folder(tmp_path, ["p"])
    groups = ";".join(f"{'宮' * 90}{number}" for number in range(9))
    (tmp_path / "manifest.csv").write_text(f"file,name,groups\np/0.jpg,Ada,{groups}\n")
    [refusal] = send(aws, tmp_path)
    assert "bytes of S3's metadata" in refusal.sentence
    assert keys(aws) == []


@pytest.mark.parametrize("stopped_after", [0, 1, 4, 5, 6, 10, 11])
def test_an_interrupted_batch_goes_on_where_it_stopped(aws, tmp_path, monkeypatch, stopped_after):
    monkeypatch.setattr(uploading, "MOST_IDS", 5)
    folder(tmp_path, ["Ada", "Eve", "Bob"], photos=4)
    with open_source(tmp_path) as source:
        interrupted = Uploads(aws, "b1").send(source)
        for photo in islice(interrupted, stopped_after):
            note(aws, photo.enrollment_id, EnrollmentStatus.INDEXED, person_id="p")
        interrupted.close()
    before = set(keys(aws))
    sent = puts(aws, monkeypatch)
    answers = send(aws, tmp_path)
    assert len(answers) == len({answer.enrollment_id for answer in answers}) == 12
    assert len(keys(aws)) == 12
    finished = {answer.enrollment_id for answer in answers if answer.known is not None}
    assert len(finished) == stopped_after
    assert len(sent) == 12 - stopped_after
    assert before <= set(keys(aws))


def test_a_bucket_that_refuses_ends_the_batch_with_its_reason(aws, tmp_path, monkeypatch):
    denied = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutObject")
    monkeypatch.setattr(aws.s3, "put_object", lambda **_: (_ for _ in ()).throw(denied))
    with pytest.raises(AwsError, match=r"storing photo Ada/0\.jpg"):
        send(aws, folder(tmp_path, ["Ada", "Eve"]))


def test_no_more_photos_are_read_than_memory_is_meant_for(aws, tmp_path, monkeypatch):
    monkeypatch.setattr(uploading, "_WINDOW_BYTES", 10_000)
    folder(tmp_path, ["Ada"], photos=40)
    for file in (tmp_path / "Ada").iterdir():
        file.write_bytes(file.read_bytes() + bytes(1000))
    taken = 0

    def counted(source):
        nonlocal taken
        for item in source:
            taken += 1
            yield item

    with open_source(tmp_path) as source:
        sending = Uploads(aws, "b1").send(counted(source))
        next(sending)
        # one window on its way, the next one read
        assert taken <= 20
        sending.close()


def test_an_archive_is_sent_by_several_threads(aws, tmp_path):
    path = tmp_path / "people.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        for number in range(12):
            zipped.writestr(f"Ada/{number}.jpg", JPEG + str(number).encode())
    assert len(send(aws, path)) == 12
    bodies = {aws.s3.get_object(Bucket="photos", Key=key)["Body"].read() for key in keys(aws)}
    assert bodies == {JPEG + str(number).encode() for number in range(12)}


# ---- prefixes that somebody else filled


def put(aws, bucket, key, data=JPEG, **metadata):
    aws.s3.put_object(Bucket=bucket, Key=key, Body=data, Metadata=metadata)


def test_photos_with_a_full_name_are_copied_without_passing_through_here(aws, monkeypatch):
    aws.s3.create_bucket(Bucket="theirs")
    put(aws, "theirs", "new/1.jpg", FullName=to_metadata("Zoë"), groups="staff, night")
    put(aws, "theirs", "new/2.jpg")
    put(aws, "theirs", "new/notes.txt", FullName="Eve")
    put(aws, "theirs", "newer/3.jpg", FullName="Eve")
    monkeypatch.setattr(aws.s3, "get_object", lambda **_: pytest.fail("a photo was read"))
    prefix = Prefix(aws, "s3://theirs/new")
    answers = {answer.file: answer for answer in Uploads(aws, "b1").send(prefix)}
    assert prefix.count() == len(answers) == 3
    assert "no FullName metadata" in answers["2.jpg"].sentence
    assert "no picture by its name" in answers["notes.txt"].sentence
    assert keys(aws) == [f"index/uploads/{answers['1.jpg'].enrollment_id}/1.jpg"]
    metadata = aws.s3.head_object(Bucket="photos", Key=keys(aws)[0])["Metadata"]
    assert (from_metadata(metadata["fullname"]), metadata["groups"]) == ("Zoë", "staff,night")


def test_a_prefix_in_the_stack_s_own_bucket_may_have_a_manifest(aws):
    put(aws, "photos", "drop/a/1.jpg")
    put(aws, "photos", "drop/manifest.csv", b"file;name\na/1.jpg;Ada\na/2.jpg;Eve\n../x.jpg;Eve\n")
    prefix = Prefix(aws, "s3://photos/drop/")
    first, *refused = list(prefix)
    assert isinstance(first, BatchItem)
    assert [refusal.file for refusal in refused] == ["manifest.csv, line 3", "manifest.csv, line 4"]
    assert "no such object" in refused[0].sentence
    assert "leads out of the prefix" in refused[1].sentence
    [sent] = [answer for answer in Uploads(aws, "b1").send(prefix) if isinstance(answer, Sent)]
    assert keys(aws) == [f"index/uploads/{sent.enrollment_id}/1.jpg"]
    assert prefix.count() == 3


def heads(aws, monkeypatch):
    """Tell which objects' metadata is asked for."""
    asked = []
    head = aws.s3.head_object
    monkeypatch.setattr(aws.s3, "head_object", lambda **place: asked.append(place["Key"]) or head(**place))
    return asked


def test_with_a_manifest_no_object_is_asked_for_by_itself(aws, monkeypatch):
    lines = "".join(f"{number}.jpg,Ada\n" for number in range(50))
    put(aws, "photos", "drop/manifest.csv", f"file,name\n{lines}".encode())
    for number in range(50):
        put(aws, "photos", f"drop/{number}.jpg")
    asked = heads(aws, monkeypatch)
    assert len(list(Prefix(aws, "s3://photos/drop"))) == 50
    assert asked == ["drop/manifest.csv"]


def test_the_rest_of_a_prefix_is_gone_through_in_order_and_the_first_are_not_asked_for(aws, monkeypatch):
    for number in range(150):
        put(aws, "photos", f"drop/{number:03}.jpg", FullName="Ada")
    asked = heads(aws, monkeypatch)
    prefix = Prefix(aws, "s3://photos/drop")
    assert [item.file for item in prefix.rest(70)] == [f"{number:03}.jpg" for number in range(70, 150)]
    assert set(asked) == {"drop/manifest.csv", *(f"drop/{number:03}.jpg" for number in range(70, 150))}
    put(aws, "photos", "drop/manifest.csv", b"file,name\n007.jpg,Ada\n003.jpg,Eve\n149.jpg,Bob\n")
    assert [item.full_name for item in prefix.rest(1)] == ["Eve", "Bob"]


def test_a_photo_replaced_in_its_prefix_is_another_photo(aws):
    put(aws, "photos", "drop/1.jpg", FullName="Ada")
    [first] = Uploads(aws, "b1").send(Prefix(aws, "s3://photos/drop"))
    put(aws, "photos", "drop/1.jpg", JPEG + b"newer", FullName="Ada")
    [second] = Uploads(aws, "b1").send(Prefix(aws, "s3://photos/drop"))
    assert first.enrollment_id != second.enrollment_id


@pytest.mark.parametrize("url", ["s3://photos", "s3://photos/index/x", "s3://photos/photos", "s3://"])
def test_a_prefix_where_facegate_keeps_its_own_is_refused(aws, url):
    with pytest.raises(UnreadableBatch, match=r"names no bucket|keeps its own"):
        Prefix(aws, url)


def test_a_bucket_that_is_not_there_is_named(aws):
    with pytest.raises(AwsError, match="s3://nowhere/new/"):
        Prefix(aws, "s3://nowhere/new").count()


# ---- records


def test_outcomes_are_read_a_hundred_at_a_time_and_again_where_some_are_left_unread(aws, monkeypatch):
    ids = [f"e{number}" for number in range(100)]
    for enrollment_id in ids[:50]:
        note(aws, enrollment_id, EnrollmentStatus.INDEXED, person_id="p")
    read = aws.dynamodb.batch_get_item
    asked = []

    def partly(RequestItems):  # noqa: N803 - boto3's own name
        wanted = RequestItems["enrollments"]["Keys"]
        asked.append(len(wanted))
        first = {"enrollments": {**RequestItems["enrollments"], "Keys": wanted[:60]}}
        rest = {"enrollments": {**RequestItems["enrollments"], "Keys": wanted[60:]}} if wanted[60:] else {}
        return read(RequestItems=first) | {"UnprocessedKeys": rest}

    monkeypatch.setattr(aws.dynamodb, "batch_get_item", partly)
    assert set(Outcomes(aws).of(ids)) == set(ids[:50])
    assert asked == [100, 40]
    assert Outcomes(aws).of([]) == {}


def test_a_batch_that_is_run_again_keeps_its_birth(aws):
    store = BatchStore(aws)
    store.announce(Batch(batch_id="b1", name="/people", photos=3, created_at=THEN))
    store.announce(Batch(batch_id="b1", name="/people", photos=4, created_at=NOW))
    batch = store.get("b1")
    assert (batch.photos, batch.created_at) == (4, THEN)
    assert store.get("b2") is None
