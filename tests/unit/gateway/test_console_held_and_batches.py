"""The pages of photos that wait for an operator, and of batches."""

import pytest
from flask.testing import FlaskClient

from services.contracts.domain import EnrollmentStatus, Person
from services.contracts.ids import kept_photo_key
from services.contracts.reasons import RejectionReason
from services.contracts.submissions import SubmittedFile
from tests.unit.gateway.conftest import Gateway
from tests.unit.gateway.in_memory import NOW
from tests.unit.gateway.in_memory_operators import signed_in
from tests.unit.gateway.test_batches_api import BATCH, SOURCE, note, submit
from tests.unit.gateway.test_held_api import hold, resolve

EVES_PHOTO = "/v1/people/eve/photos/e-9/image"


@pytest.fixture
def enroller(gateway: Gateway) -> FlaskClient:
    signed_in(gateway.client, "enroller")
    return gateway.client


def shown(client: FlaskClient, path: str) -> str:
    answer = client.get(f"/console/{path}")
    assert answer.status_code == 200, answer.text
    return answer.text.split("<main", 1)[-1]


def hold_beside_eve(gateway: Gateway) -> None:
    hold(gateway, key=kept_photo_key("ada", "e-1"))
    kept = {"person_id": "eve", "full_name": "Eve", "held_for": None, "detail": None}
    hold(gateway, 8, status=EnrollmentStatus.REJECTED, **kept)
    hold(gateway, 9, status=EnrollmentStatus.INDEXED, key=kept_photo_key("eve", "e-9"), **kept)


def test_where_no_photo_waits_the_page_says_what_would(enroller: FlaskClient):
    assert "No photo waits" in shown(enroller, "held")


def test_a_photo_that_waits_stands_beside_one_of_whom_it_resembles(gateway: Gateway, enroller: FlaskClient):
    hold_beside_eve(gateway)
    page = shown(enroller, "held")
    assert 'src="/v1/people/ada/photos/e-1/image"' in page
    assert f'src="{EVES_PHOTO}"' in page
    assert "Similarity 99.5 %." in page
    assert 'data-api="POST /v1/enrollments/e-1/resolution"' in page
    assert all(f'value="{resolution}"' in page for resolution in ("merge", "keep_both", "reject"))


def test_who_is_not_enrolled_before_the_decision_has_no_page_to_lead_to(
    gateway: Gateway, enroller: FlaskClient
):
    hold(gateway)
    assert 'href="/console/people/ada"' not in shown(enroller, "held")
    gateway.people.create(Person(person_id="ada", full_name="Ada", created_at=NOW))
    assert 'href="/console/people/ada"' in shown(enroller, "held")


def test_a_viewer_sees_who_waits_without_photos_or_buttons(gateway: Gateway):
    hold_beside_eve(gateway)
    signed_in(gateway.client, "viewer")
    page = shown(gateway.client, "held")
    assert "Eve" in page
    assert "/image" not in page
    assert "data-api" not in page


def test_it_cannot_be_given_to_somebody_who_was_deleted(gateway: Gateway, enroller: FlaskClient):
    hold(gateway, held_for=None)
    page = shown(enroller, "held")
    assert "was deleted since" in page
    assert 'value="merge"' not in page


def test_the_list_of_those_that_wait_goes_on(gateway: Gateway, enroller: FlaskClient):
    for number in range(10, 21):
        hold(gateway, number)
    page = shown(enroller, "held")
    assert page.count("<article") == 10
    more = page.rsplit('hx-get="', 1)[1].split('"')[0]
    assert enroller.get(more).text.count("<article") == 1


def test_what_was_decided_is_followed_until_it_is_done(gateway: Gateway, enroller: FlaskClient):
    hold(gateway)
    verdict = "held/e-1/verdict?decided=yes"
    assert resolve(gateway, {"resolution": "keep_both"}).status_code == 202
    assert "every 1s" in shown(enroller, verdict)
    hold(gateway, resolution_problem="the face does not resemble the other photos of Ada; reject it instead")
    refused = shown(enroller, verdict)
    assert "reject it instead" in refused
    assert "every" not in refused
    assert 'value="keep_both"' in refused
    hold(gateway, status=EnrollmentStatus.INDEXED, held_for=None)
    assert "The photo is one of Ada now." in shown(enroller, verdict)
    hold(gateway, status=EnrollmentStatus.REJECTED, held_for=None)
    assert "was deleted and opens no door" in shown(enroller, verdict)


def test_where_no_batch_was_submitted_the_page_says_how(enroller: FlaskClient):
    page = shown(enroller, "batches")
    assert "No batch was submitted yet" in page
    assert 'data-most-bytes="200000"' in page


def test_batches_are_listed_the_last_first_with_how_far_they_were_read(
    gateway: Gateway, enroller: FlaskClient
):
    for name in ("first", "second", "third"):
        submit(gateway, {"source": f"s3://theirs/{name}"})
    submissions = gateway.submissions.submissions
    first, second, _ = submissions
    gateway.submissions.read(first, SubmittedFile(file="1.jpg", refusal="no picture"))
    gateway.submissions.read(second, problem="no archive")
    page = shown(enroller, "batches")
    rows = page.split("<tbody", 1)[1].split("<tr>")[1:]
    assert [row.split("s3://theirs/")[1].split("<")[0] for row in rows] == ["third", "second", "first"]
    assert ["Being read" in rows[0], "Not readable" in rows[1], "badge good" in rows[2]] == [True] * 3


@pytest.fixture
def read(gateway: Gateway) -> Gateway:
    """A batch of which a file was accepted, one rejected, one not sent, and one is on its way."""
    submit(gateway, {"source": SOURCE})
    gateway.submissions.read(
        BATCH,
        note(gateway, 1, EnrollmentStatus.INDEXED),
        note(gateway, 2, EnrollmentStatus.REJECTED, rejection=RejectionReason.SUNGLASSES),
        SubmittedFile(file="<3>.txt", refusal="<3>.txt is no picture."),
        note(gateway, 4, EnrollmentStatus.RECEIVED),
    )
    return gateway


def test_a_batch_that_goes_on_is_followed_until_it_is_finished(read: Gateway, enroller: FlaskClient):
    progress = enroller.get(f"/console/batches/{BATCH}/progress")
    assert "3 of 4 files are done." in progress.text
    assert "every 2s" in progress.text
    assert "HX-Trigger" not in progress.headers
    note(read, 4, EnrollmentStatus.INDEXED)
    finished = enroller.get(f"/console/batches/{BATCH}/progress")
    assert "All 4 files are done." in finished.text
    assert "every" not in finished.text
    assert finished.headers["HX-Trigger"] == "batch-finished"


def test_a_report_says_what_became_of_every_file_and_why(read: Gateway, enroller: FlaskClient):
    page = shown(enroller, f"batches/{BATCH}")
    assert "The eyes are behind sunglasses." in page
    assert '<span lang="en">&lt;3&gt;.txt is no picture.</span>' in page
    assert 'href="/console/people/ada"' in page
    assert f'href="/v1/batches/{BATCH}/report.csv"' in page


def test_a_report_of_files_that_need_attention_leaves_the_others_out(read: Gateway, enroller: FlaskClient):
    rows = shown(enroller, f"batches/{BATCH}/report?troubled=yes")
    assert ["1.jpg" in rows, "2.jpg" in rows, "&lt;3&gt;.txt" in rows, "4.jpg" in rows] == [
        False,
        True,
        True,
        False,
    ]


def test_files_that_need_attention_are_found_wherever_they_are(gateway: Gateway, enroller: FlaskClient):
    submit(gateway, {"source": SOURCE})
    accepted = note(gateway, 1, EnrollmentStatus.INDEXED)
    files = [accepted] * 2500
    files[2400:] = [SubmittedFile(file=f"bad-{number}", refusal="no") for number in range(2400, 2550)]
    gateway.submissions.read(BATCH, *files)
    found, place = [], f"/console/batches/{BATCH}/report?troubled=yes"
    pages = 0
    while place:
        page = enroller.get(place).text
        found += [row.split("<")[0] for row in page.split('class="file">')[1:]]
        place = page.rsplit('hx-get="', 1)[1].split('"')[0].replace("&amp;", "&") if "hx-get" in page else ""
        pages += 1
    assert found == [f"bad-{number}" for number in range(2400, 2550)]
    assert pages == 3


def test_an_unreadable_batch_says_where_and_why(gateway: Gateway, enroller: FlaskClient):
    submit(gateway, {"source": SOURCE})
    gateway.submissions.read(BATCH, problem="manifest.csv has no column 'full name'")
    page = shown(enroller, f"batches/{BATCH}")
    assert "Not readable" in page
    assert "manifest.csv has no column" in page


def test_an_unknown_batch_is_told_of(enroller: FlaskClient):
    assert enroller.get("/console/batches/nothing").status_code == 404
