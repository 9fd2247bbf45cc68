"""Batches given to the API, read against moto: archives and prefixes in S3, a part at a time."""

import io
import json
import random
import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from services.aws import archives as reading
from services.aws.archives import ArchiveStore
from services.aws.batch_sources import BatchSources
from services.aws.batches import BatchStore
from services.aws.errors import AwsError, AwsUnavailable
from services.aws.submissions import SubmissionStore
from services.aws.uploads import Uploads
from services.batches.items import UnreadableBatch
from services.contracts.domain import Batch
from services.contracts.messages import ReadBatchJob
from services.enroll import batches
from services.enroll.batches import BatchReadingService
from tests.integration.aws.serving import receive

JPEG = b"\xff\xd8\xff\xe0"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Killed(BaseException):
    """SIGKILL, as far as Python can play it: no handler of ours may catch it."""


def archive(photos, **others):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:
        for number in range(photos):
            zipped.writestr(f"Ada {number % 7}/{number:03}.jpg", JPEG + str(number).encode())
        for name, data in others.items():
            zipped.writestr(name, data)
    return file.getvalue()


def submit(aws, data, name="people.zip"):
    store = ArchiveStore(aws)
    source = store.url_of_upload("u-1", name)
    store.put(source, data)
    return SubmissionStore(aws).submit(source, name, "token t", NOW)


def worker(aws, clock=lambda: 0.0):
    return BatchReadingService(
        SubmissionStore(aws),
        BatchSources(aws),
        lambda batch: Uploads(aws, batch.batch_id, now=lambda: batch.submitted_at),
        lambda: NOW,
        clock,
    )


def jobs(aws):
    """Take what is queued."""
    found = aws.sqs.receive_message(QueueUrl=aws.outputs.enroll_queue_url, MaxNumberOfMessages=10)
    for message in found.get("Messages", []):
        body = json.loads(message["Body"])
        assert body["headers"]["task"] == "facegate.read_batch"
        aws.sqs.delete_message(QueueUrl=aws.outputs.enroll_queue_url, ReceiptHandle=message["ReceiptHandle"])
        yield ReadBatchJob.model_validate_json(json.loads(body["body"])[0][0])


def job(submission, position=0):
    return ReadBatchJob(batch_id=submission.batch_id, run=submission.run, position=position)


def told(aws, submission):
    store = SubmissionStore(aws)
    standing = store.get(submission.batch_id)
    return [file for first in range(0, standing.files_read, 100) for file in store.files(standing, first)]


def keys(aws, prefix="index/"):
    pages = aws.s3.get_paginator("list_objects_v2").paginate(Bucket="photos", Prefix=prefix)
    return [item["Key"] for page in pages for item in page.get("Contents", [])]


def test_an_archive_is_read_where_it_lies_and_every_photo_is_sent(aws):
    submission = submit(aws, archive(250, **{"notes.txt": b"x", "Eve/fake.jpg": b"a text"}))
    worker(aws).handle(*jobs(aws))
    standing = SubmissionStore(aws).get(submission.batch_id)
    assert (standing.files_read, standing.read_at, standing.problem) == (252, NOW, None)
    files = told(aws, submission)
    assert len({file.file for file in files}) == 252
    refusals = {file.file: file.refusal for file in files if file.refusal}
    assert set(refusals) == {"notes.txt", "Eve/fake.jpg"}
    assert "first bytes" in refusals["Eve/fake.jpg"]
    assert len(keys(aws)) == 250
    metadata = aws.s3.head_object(Bucket="photos", Key=keys(aws)[0])["Metadata"]
    assert (metadata["batch-id"], metadata["submitted-at"]) == (submission.batch_id, NOW.isoformat())
    # it has everybody's photos, and nobody needs it any more
    assert keys(aws, "batches/") == []


def test_members_are_read_piece_by_piece_as_they_are_needed(aws, monkeypatch):
    monkeypatch.setattr(reading, "_PIECE_BYTES", 5000)
    random.seed(1)
    people = {f"Ada/{number}.jpg": JPEG + random.randbytes(30_000) for number in range(20)}
    submission = submit(aws, archive(0, **people))
    asked = []
    get = aws.s3.get_object
    monkeypatch.setattr(aws.s3, "get_object", lambda **call: asked.append(call["Range"]) or get(**call))
    worker(aws).handle(job(submission))
    bodies = {get(Bucket="photos", Key=key)["Body"].read() for key in keys(aws)}
    assert bodies == set(people.values())
    assert len(asked) > 20


def test_a_list_of_members_that_is_no_archive_of_photos_is_not_read(aws, monkeypatch):
    monkeypatch.setattr(reading, "_MOST_AT_ONCE", 10_000)
    submission = submit(aws, archive(300))
    worker(aws).handle(job(submission))
    assert "at once; divide it" in SubmissionStore(aws).get(submission.batch_id).problem


def test_after_a_while_the_job_makes_room_and_goes_on_behind_the_others(aws):
    submission = submit(aws, archive(250))
    list(jobs(aws))
    seconds = iter(range(0, 1000, 15))
    positions, waiting = [], [job(submission)]
    while waiting:
        for one in waiting:
            positions.append(one.position)
            worker(aws, lambda: float(next(seconds))).handle(one)
        waiting = list(jobs(aws))
    assert positions == [0, 200]
    assert SubmissionStore(aws).get(submission.batch_id).files_read == 250


def killed_after(aws, monkeypatch, one, calls):
    left = [calls]

    def count(**_):
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    with monkeypatch.context():
        for client in (aws.dynamodb, aws.s3, aws.sqs):
            client.meta.events.register("after-call", count)
        try:
            worker(aws, lambda: 0.0).handle(one)
        except Killed:
            return True
        finally:
            for client in (aws.dynamodb, aws.s3, aws.sqs):
                client.meta.events.unregister("after-call", count)
    return False


def test_killed_after_any_call_the_next_delivery_goes_on_and_every_file_is_told_of_once(aws, monkeypatch):
    aws.s3.put_bucket_versioning(Bucket="photos", VersioningConfiguration={"Status": "Enabled"})
    data = archive(3, **{"notes.txt": b"x"})
    calls = 1
    submission = submit(aws, data)
    while killed_after(aws, monkeypatch, job(submission), calls):
        worker(aws).handle(job(submission))
        for one in jobs(aws):
            worker(aws).handle(one)
        assert SubmissionStore(aws).get(submission.batch_id).read_at == NOW
        assert sorted(file.file for file in told(aws, submission)) == [
            "Ada 0/000.jpg",
            "Ada 1/001.jpg",
            "Ada 2/002.jpg",
            "notes.txt",
        ]
        versions = aws.s3.list_object_versions(Bucket="photos", Prefix="index/")["Versions"]
        assert len(versions) == 3
        assert "Versions" not in aws.s3.list_object_versions(Bucket="photos", Prefix="batches/")
        submission = submit(aws, data)
        calls += 1
    assert calls > 8


def test_what_is_submitted_again_while_it_is_read_is_the_same_run_and_afterwards_a_new_one(aws):
    first = submit(aws, archive(3))
    assert submit(aws, archive(3)) == first
    assert len(list(jobs(aws))) == 2
    worker(aws).handle(job(first))
    again = submit(aws, archive(3))
    assert (again.batch_id, again.run, again.files_read) == (first.batch_id, 2, 0)
    worker(aws).handle(job(first, 0))
    assert SubmissionStore(aws).get(first.batch_id).read_at is None
    worker(aws).handle(job(again))
    assert len(told(aws, again)) == 3
    assert len(keys(aws)) == 3


def test_batches_are_listed_the_last_submitted_first_and_without_those_of_the_command_line(aws):
    store = SubmissionStore(aws)
    for hours in range(5):
        store.submit(f"s3://theirs/{hours}/", f"people {hours}", "token t", NOW + timedelta(hours=hours))
    worker(aws).handle(job(submit(aws, archive(3))))
    BatchStore(aws).announce(Batch(batch_id="theirs", name="folder", photos=3, created_at=NOW))
    pages, position = [], None
    while not pages or position:
        page, position = store.page(position, 4)
        pages.append([submission.name for submission in page])
    assert pages == [["people 4", "people 3", "people 2", "people 1"], pages[1]]
    assert sorted(pages[1]) == ["people 0", "people.zip"]


def test_a_part_that_another_worker_read_meanwhile_counts_once(aws):
    submission = submit(aws, archive(3))
    store = SubmissionStore(aws)
    assert store.add_files(submission, [], NOW) == submission
    files = told(aws, submission)
    worker(aws).handle(job(submission))
    assert store.add_files(submission, files, NOW) is None
    assert len(told(aws, submission)) == 3


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"no archive", "people.zip cannot be read as a ZIP archive"),
        (archive(1)[:-9], "people.zip cannot be read as a ZIP archive"),
        (archive(1, **{"manifest.csv": b"a,b\n1,2\n"}), "manifest.csv, line 1: there is no column 'file'"),
        (archive(1, **{"manifest.csv": b"\xff\xfe\x00\x00f"}), "manifest.csv, line 1: it is in UTF-32"),
        (archive(0, **{"Ada/bomb.jpg": bytes(50_000_000)}), "people.zip says that it unpacks to 50 MB"),
    ],
    ids=["no archive", "cut off", "missing columns", "encoding", "bomb"],
)
def test_what_cannot_be_read_as_a_whole_says_where_and_why(aws, data, words):
    submission = submit(aws, data)
    worker(aws).handle(job(submission))
    standing = SubmissionStore(aws).get(submission.batch_id)
    assert words in standing.problem
    assert standing.read_at == NOW
    assert keys(aws) == []


def test_a_bad_entry_is_refused_by_file_or_line_and_the_others_are_sent(aws):
    lines = [
        "file,full name",
        "1.jpg,Ada",
        "2.jpg,",
        "../../etc/passwd.jpg,Eve",
        "1.jpg,Bob",
        "\udcff.jpg,Zoe",
    ]
    manifest = "\n".join(lines).encode(errors="surrogateescape")
    submission = submit(aws, archive(0, **{"manifest.csv": manifest, "1.jpg": JPEG, "2.jpg": JPEG}))
    worker(aws).handle(job(submission))
    refused = {file.file: file.refusal for file in told(aws, submission) if file.refusal}
    assert set(refused) == {f"manifest.csv, line {number}" for number in (3, 4, 5, 6)}
    assert "full name" in refused["manifest.csv, line 3"]
    assert "no such file" in refused["manifest.csv, line 4"]
    assert "line 2 names this file already" in refused["manifest.csv, line 5"]
    assert "not UTF-8" in refused["manifest.csv, line 6"]
    assert len(keys(aws)) == 1


def test_a_batch_that_is_too_long_is_cut_with_a_sentence(aws, monkeypatch):
    monkeypatch.setattr(batches, "MOST_FILES", 150)
    submission = submit(aws, archive(250))
    worker(aws).handle(job(submission))
    standing = SubmissionStore(aws).get(submission.batch_id)
    assert (standing.files_read, standing.problem) == (100, "it has more than 150 files; divide it")


def test_a_prefix_that_somebody_filled_is_read_and_stays(aws):
    for number in range(3):
        aws.s3.put_object(
            Bucket="photos", Key=f"batches/crew/{number}.jpg", Body=JPEG, Metadata={"FullName": "Ada"}
        )
    submission = SubmissionStore(aws).submit("s3://photos/batches/crew", "crew", "token t", NOW)
    worker(aws).handle(*jobs(aws))
    assert [file.file for file in told(aws, submission)] == ["0.jpg", "1.jpg", "2.jpg"]
    assert len(keys(aws, "batches/")) == 3
    # the command line may tell of the same place
    assert BatchStore(aws).get(submission.batch_id).photos == 3


def test_an_archive_that_is_not_there_is_named(aws):
    submission = SubmissionStore(aws).submit("s3://photos/batches/x.zip", "x.zip", "token t", NOW)
    worker(aws).handle(job(submission))
    problem = SubmissionStore(aws).get(submission.batch_id).problem
    assert problem == "s3://photos/batches/x.zip is not there; upload it first"
    with pytest.raises(UnreadableBatch), ArchiveStore(aws).opened("s3://photos/batches/y.zip"):
        pass


def test_what_aws_refuses_is_told_when_the_job_is_given_up(aws):
    submission = SubmissionStore(aws).submit("s3://nowhere/x/", "x", "token t", NOW)
    with pytest.raises(AwsError, match="s3://nowhere/x/"):
        worker(aws).handle(job(submission))
    worker(aws).give_up(job(submission), "NoSuchBucket")
    assert SubmissionStore(aws).get(submission.batch_id).problem == "Reading was given up: NoSuchBucket"
    assert SubmissionStore(aws).submit("s3://nowhere/x/", "x", "token t", NOW).run == 2


def test_while_s3_is_away_the_job_is_left_for_another_try(aws, monkeypatch):
    submission = submit(aws, archive(3))

    def away(**_):
        raise AwsUnavailable("S3 is away")

    with monkeypatch.context() as patched:
        patched.setattr(aws.s3, "get_object", away)
        with pytest.raises(AwsUnavailable):
            worker(aws).handle(job(submission))
    worker(aws).handle(job(submission))
    assert len(told(aws, submission)) == 3


def test_a_form_puts_an_archive_where_it_is_submitted_from(aws):
    form = ArchiveStore(aws).form(ArchiveStore(aws).url_of_upload("u-2", "crew.zip"), 1000, 60)
    assert form.fields["key"] == "batches/uploads/u-2/crew.zip"
    assert form.fields["Content-Type"] == "application/zip"


def test_what_files_became_leaves_after_a_month(aws):
    submission = submit(aws, archive(1))
    worker(aws).handle(job(submission))
    item = aws.dynamodb.get_item(TableName="batches", Key={"batch_id": {"S": f"{submission.batch_id}#1#0"}})[
        "Item"
    ]
    assert int(item["expires_at"]["N"]) == int((NOW + timedelta(days=30)).timestamp())
    aws.dynamodb.delete_item(TableName="batches", Key={"batch_id": item["batch_id"]})
    assert told(aws, submission) == []
    assert receive(aws, aws.outputs.enroll_queue_url)
