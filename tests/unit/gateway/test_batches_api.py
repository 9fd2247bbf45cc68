"""Programs submit batches, and ask what became of every file."""

import csv
import zipfile
from datetime import timedelta
from io import BytesIO, StringIO
from typing import Any

import pytest
from werkzeug.test import TestResponse

from services.contracts.domain import Enrollment, EnrollmentStatus, Scope
from services.contracts.ids import batch_id_of
from services.contracts.reasons import RejectionReason
from services.contracts.submissions import SubmittedFile
from services.contracts.tokens import ApiToken
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.in_memory import NOW, issued
from tests.unit.gateway.test_people_api import get, refusal

SOURCE = "s3://photos/batches/crew"
BATCH = batch_id_of(SOURCE)


def archive(**members: bytes) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, data in members.items():
            zipped.writestr(f"Ada/{name}.jpg", data)
    return file.getvalue()


def post(gateway: Gateway, data: bytes, **arguments: Any) -> TestResponse:
    headers = gateway.as_program()
    return gateway.client.post(
        "/v1/batches", headers=headers, data=data, content_type="application/zip", **arguments
    )


def submit(gateway: Gateway, source: Any, path: str = "/v1/batches") -> TestResponse:
    return gateway.client.post(path, headers=gateway.as_program(), json=source)


def note(gateway: Gateway, number: int, status: EnrollmentStatus, **fields: Any) -> SubmittedFile:
    enrollment = Enrollment(
        enrollment_id=f"e-{number}",
        status=status,
        bucket="photos",
        key="k",
        received_at=NOW,
        person_id="ada",
        full_name="Ada",
        **{"file": f"{number}.jpg"} | fields,
    )
    gateway.enrollments.enrollments[enrollment.enrollment_id] = enrollment
    return SubmittedFile(file=f"{number}.jpg", enrollment_id=enrollment.enrollment_id)


@pytest.fixture
def read(gateway: Gateway) -> Gateway:
    """A batch of seven files that was read, of which one photo is on its way and one has not arrived yet."""
    submit(gateway, {"source": SOURCE})
    blurred = {"rejection": RejectionReason.BLURRED, "detail": "Sharpness 12."}
    gateway.submissions.read(
        BATCH,
        note(gateway, 0, EnrollmentStatus.INDEXED),
        note(gateway, 1, EnrollmentStatus.REJECTED, **blurred),
        note(gateway, 2, EnrollmentStatus.RECEIVED),
        SubmittedFile(file="3.jpg", enrollment_id="e-3"),
        SubmittedFile(file="=4.txt", refusal="it is no picture by its name"),
        note(gateway, 5, EnrollmentStatus.FAILED, finished_at=NOW).model_copy(
            update={"finished_before": NOW}
        ),
        note(gateway, 6, EnrollmentStatus.INDEXED, file="6b.jpg", finished_at=NOW).model_copy(
            update={"finished_before": NOW - timedelta(days=1)}
        ),
    )
    return gateway


def test_an_archive_is_put_into_s3_and_read_behind_the_answer(gateway: Gateway):
    data = archive(one=b"1")
    answer = post(gateway, data, query_string={"name": "crew.zip"})
    assert answer.status_code == 202
    body = answer.get_json()
    assert (body["status"], body["files"], body["name"]) == ("reading", 0, "crew.zip")
    assert answer.headers["Location"] == f"/v1/batches/{body['batch_id']}"
    assert gateway.archives.stored == {body["source"]: data}
    assert gateway.submissions.get(body["batch_id"]).submitted_by == f"token {gateway.program.token_id}"


def test_the_same_archive_sent_again_is_the_same_batch_and_another_is_another(gateway: Gateway):
    one, two = archive(one=b"1"), archive(two=b"2")
    first, again, other = (post(gateway, data).get_json() for data in (one, one, two))
    assert first["batch_id"] == again["batch_id"] != other["batch_id"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "cannot be read as a ZIP archive"),
        (b"PK\x03\x04 but not much more", "cannot be read as a ZIP archive"),
        (archive(one=b"1")[:-5], "cannot be read as a ZIP archive"),
        (archive(bomb=bytes(20_000_000)), "unpacks to 20 MB"),
    ],
    ids=["empty", "damaged", "cut off", "bomb"],
)
def test_what_is_no_archive_of_photos_is_refused_at_once(gateway: Gateway, data: bytes, words: str):
    answer = post(gateway, data)
    assert refusal(answer) == (422, "invalid-batch")
    assert words in answer.get_json()["detail"]
    assert gateway.archives.stored == gateway.submissions.submissions == {}


def test_an_archive_that_is_too_large_is_told_the_other_way(gateway: Gateway):
    assert refusal(post(gateway, bytes(200_001))) == (413, "archive-too-large")


@pytest.mark.parametrize(
    "name", ["x", "x.tar", "../x.zip", "a/b.zip", "a\\b.zip", "a\nb.zip", "x" * 300 + ".zip"]
)
def test_an_archive_s_name_is_a_plain_one(gateway: Gateway, name: str):
    assert refusal(post(gateway, archive(one=b"1"), query_string={"name": name})) == (400, "invalid-query")
    answer = submit(gateway, {"name": name}, "/v1/batches/uploads")
    assert refusal(answer) == (422, "invalid-fields")


def test_a_large_archive_goes_into_s3_with_a_form_and_is_submitted_from_there(gateway: Gateway):
    form = submit(gateway, {"name": "Æther.zip"}, "/v1/batches/uploads").get_json()
    assert form["fields"]["key"] == form["source"]
    assert form["source"].endswith("/Æther.zip")
    assert form["max_bytes"] == 5_000_000_000
    assert submit(gateway, {"source": form["source"]}).status_code == 202


@pytest.mark.parametrize(
    "source", [SOURCE, "s3://photos/batches/x.zip", "s3://theirs/new", "s3://theirs/a.zip"]
)
def test_a_batch_may_lie_in_s3_where_the_operator_allows_it(gateway: Gateway, source: str):
    answer = submit(gateway, {"source": source})
    assert (answer.status_code, answer.get_json()["batch_id"]) == (202, batch_id_of(source))


@pytest.mark.parametrize(
    "source",
    [
        "s3://photos/index/x",
        "s3://photos/photos/ada",
        "s3://photos/batchesx/y",
        "s3://photos/batches/../index/x",
        "s3://payroll/2026",
    ],
)
def test_batches_are_read_from_nowhere_else(gateway: Gateway, source: str):
    assert refusal(submit(gateway, {"source": source})) == (403, "forbidden-source")
    assert gateway.submissions.submissions == {}


@pytest.mark.parametrize(
    "body",
    [{}, {"source": 7}, {"source": "/etc/passwd"}, {"source": "s3://x/"}, {"source": SOURCE, "more": 1}, []],
)
def test_what_names_no_source_is_refused(gateway: Gateway, body: Any):
    assert refusal(submit(gateway, body)) == (422, "invalid-fields")


def test_progress_counts_every_file_once(read: Gateway):
    body = get(read, f"/v1/batches/{BATCH}").get_json()
    assert (body["status"], body["files"]) == ("enrolling", 7)
    counted = {status: count for status, count in body["counts"].items() if count}
    assert counted == {"indexed": 2, "rejected": 1, "received": 3, "refused": 1}


def test_a_batch_is_finished_when_every_file_has_an_outcome(gateway: Gateway):
    submit(gateway, {"source": SOURCE})
    assert get(gateway, f"/v1/batches/{BATCH}").get_json()["status"] == "reading"
    gateway.submissions.read(BATCH, note(gateway, 0, EnrollmentStatus.INDEXED), ended=False)
    assert get(gateway, f"/v1/batches/{BATCH}").get_json()["status"] == "reading"
    gateway.submissions.read(BATCH, note(gateway, 0, EnrollmentStatus.INDEXED))
    assert get(gateway, f"/v1/batches/{BATCH}").get_json()["status"] == "finished"


def test_a_batch_that_cannot_be_read_says_where_and_why(gateway: Gateway):
    submit(gateway, {"source": SOURCE})
    gateway.submissions.read(BATCH, problem="manifest.csv, line 1: there is no column 'file'")
    body = get(gateway, f"/v1/batches/{BATCH}").get_json()
    assert body["status"] == "unreadable"
    assert body["message"] == "manifest.csv, line 1: there is no column 'file'"


def test_the_report_tells_of_every_file(read: Gateway):
    files = get(read, f"/v1/batches/{BATCH}/report").get_json()["files"]
    told = [(file["file"], file["status"]) for file in files]
    assert told == [
        ("0.jpg", "indexed"),
        ("1.jpg", "rejected"),
        ("2.jpg", "received"),
        ("3.jpg", "received"),
        ("=4.txt", "refused"),
        ("5.jpg", "received"),
        ("6.jpg", "indexed"),
    ]
    assert files[1]["reason"] == "blurred"
    assert files[1]["message"].endswith("Sharpness 12.")
    assert files[4]["message"] == "it is no picture by its name"
    assert "the same picture as 6b.jpg" in files[6]["message"]
    assert files[0] == {
        "file": "0.jpg",
        "status": "indexed",
        "reason": None,
        "message": None,
        "full_name": "Ada",
        "person_id": "ada",
        "enrollment_id": "e-0",
    }


def test_a_long_report_is_paged_and_counted_whole(gateway: Gateway):
    submit(gateway, {"source": SOURCE})
    gateway.submissions.read(
        BATCH, *(note(gateway, number, EnrollmentStatus.INDEXED) for number in range(250))
    )
    assert get(gateway, f"/v1/batches/{BATCH}").get_json()["counts"]["indexed"] == 250
    seen: list[str] = []
    cursor: str | None = None
    while not seen or cursor:
        page = get(
            gateway, f"/v1/batches/{BATCH}/report", limit=70, **({"cursor": cursor} if cursor else {})
        ).get_json()
        seen += [file["file"] for file in page["files"]]
        cursor = page["next_cursor"]
    assert seen == [f"{number}.jpg" for number in range(250)]
    stale = get(gateway, f"/v1/batches/{BATCH}/report", cursor="x")
    assert refusal(stale) == (400, "invalid-cursor")


def test_the_report_is_a_csv_file_too_in_which_no_cell_is_a_formula(read: Gateway):
    answer = get(read, f"/v1/batches/{BATCH}/report.csv")
    assert answer.mimetype == "text/csv"
    lines = list(csv.DictReader(StringIO(answer.get_data(as_text=True))))
    assert [line["status"] for line in lines].count("received") == 3
    assert lines[1]["reason"] == "blurred"
    assert lines[4]["file"] == "'=4.txt"


@pytest.mark.parametrize("path", ["", "/report", "/report.csv"])
@pytest.mark.parametrize("batch_id", ["unknown", "x" * 3000, f"{BATCH}%230"])
def test_unknown_batches_are_told_apart_from_errors(gateway: Gateway, path: str, batch_id: str):
    submit(gateway, {"source": SOURCE})
    assert refusal(get(gateway, f"/v1/batches/{batch_id}{path}")) == (404, "unknown-batch")


@pytest.mark.parametrize("scopes", [(), (Scope.PEOPLE_READ, Scope.PEOPLE_WRITE)])
def test_batches_have_a_scope_of_their_own(gateway: Gateway, scopes: tuple[Scope, ...]):
    gateway.program = ApiToken.issue()
    gateway.programs.tokens[gateway.program.token_id] = issued(gateway.program, *scopes)
    assert refusal(submit(gateway, {"source": SOURCE})) == (403, "insufficient-scope")
    assert refusal(get(gateway, f"/v1/batches/{BATCH}")) == (403, "insufficient-scope")


def test_more_archives_than_memory_is_meant_for_are_told_to_come_again(gateway: Gateway, monkeypatch):
    from services.gateway import batches_api

    answers = []

    def read_another(*_: object) -> bytes:
        answers.append(post(gateway, archive(one=b"1")))
        return archive(one=b"1")

    monkeypatch.setattr(batches_api, "read_body", read_another)
    assert post(gateway, archive(one=b"1")).status_code == 202
    assert refusal(answers[0])[1] == "too-many-archives"
    assert answers[0].headers["Retry-After"] == "2"
