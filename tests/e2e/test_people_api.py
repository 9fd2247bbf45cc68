"""A program enrols a person through the API, and the person is let in: all processes real."""

import csv
import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
import requests
from PIL import Image, ImageEnhance, ImageOps

from cli.demo import as_frame
from cli.kiosk import recognize
from cli.portraits import cat, eileen_collins, grace_hopper
from services.aws.census import take_census
from services.aws.people import PeopleStore
from services.aws.tokens import TokenStore
from services.contracts.domain import IssuedToken, Scope
from services.contracts.tokens import ApiToken
from services.drift.finding import find_drift
from tests.conftest import REPOSITORY, running_facegate, until


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A Facegate in which nobody is enrolled yet."""
    with running_facegate(tmp_path_factory.mktemp("people"), "lobby", "logs-people") as running:
        yield running


class Program:
    """A program with a token for people."""

    def __init__(self, house):
        self.token = ApiToken.issue()
        self.url = house.gateway_url
        TokenStore(house.aws).add(
            IssuedToken(
                token_id=self.token.token_id,
                name="test",
                scopes=(Scope.PEOPLE_READ, Scope.PEOPLE_WRITE),
                token_sha256=self.token.sha256,
                created_at=datetime.now(UTC),
            )
        )

    def call(self, method, path, **arguments):
        headers = {"Authorization": f"Bearer {self.token}", **arguments.pop("headers", {})}
        return requests.request(method, self.url + path, headers=headers, timeout=20, **arguments)

    def get(self, path):
        return self.call("GET", path).json()

    def finished(self, path):
        """Wait until an enrollment is; it may not be known before its photo has arrived."""
        return until(lambda: (found := self.get(path)).get("finished_at") and found)


@pytest.fixture(scope="module")
def program(house):
    return Program(house)


def photos():
    """Three pictures of one face, as different as one picture can be made."""
    with Image.open(eileen_collins()) as portrait:
        face = portrait.convert("RGB")
    for image in (face, ImageOps.mirror(face), ImageEnhance.Brightness(face).enhance(0.85)):
        encoded = io.BytesIO()
        image.save(encoded, "JPEG", quality=95)
        yield encoded.getvalue()


@pytest.fixture(scope="module")
def eileen(program):
    """Eileen Collins, created and with three photos: two sent to the gateway, one put into S3 with a form."""
    created = program.call("POST", "/v1/people", json={"full_name": "Eileen Collins", "groups": ["crew"]})
    assert created.status_code == 201, created.text
    location = created.headers["Location"]
    assert "no photo" in created.json()["wants_more_photos"]

    first, second, third = photos()
    sent = [
        program.call("POST", f"{location}/photos", data=photo, headers={"Content-Type": "image/jpeg"})
        for photo in (first, second)
    ]
    assert [answer.status_code for answer in sent] == [202, 202], [answer.text for answer in sent]
    wanted = {"photos": [{"sha256": sha256(third).hexdigest(), "content_type": "image/jpeg"}]}
    (upload,) = program.call("POST", f"{location}/photos/uploads", json=wanted).json()["uploads"]
    put = requests.post(upload["url"], data=upload["fields"], files={"file": third}, timeout=20)
    assert put.status_code == 204, put.text

    for path in (*(answer.headers["Location"] for answer in sent), upload["enrollment"]):
        assert program.finished(path)["status"] == "indexed"
    return location


def test_a_person_created_by_the_api_with_three_photos_is_let_in(house, program, eileen):
    person = program.get(eileen)
    assert (person["photos"], person["wants_more_photos"]) == (3, None)
    decision = recognize(house.gateway_url, house.token, as_frame(eileen_collins()), "image/jpeg", 8)
    assert (decision["outcome"], decision["person"]["person_id"]) == ("granted", person["person_id"])


def test_people_and_their_photos_are_found_again(program, eileen):
    person = program.get(eileen)
    assert program.get("/v1/people?search=eil")["people"] == [person]
    listed = until(lambda: len(found := program.get(f"{eileen}/photos")["photos"]) >= 3 and found)
    assert {photo["status"] for photo in listed} == {"indexed"}


def test_a_photo_sent_again_changes_nothing(program, eileen):
    again = program.call(
        "POST", f"{eileen}/photos", data=next(photos()), headers={"Content-Type": "image/jpeg"}
    )
    assert (again.status_code, again.json()["status"]) == (200, "indexed")
    assert program.get(eileen)["photos"] == 3


def test_a_disabled_person_is_not_let_in_until_enabled(house, program, eileen):
    changed = program.call("PATCH", eileen, json={"status": "disabled"})
    assert changed.json()["status"] == "disabled"
    frame = as_frame(eileen_collins())
    decision = recognize(house.gateway_url, house.token, frame, "image/jpeg", 8)
    assert (decision["outcome"], decision["reason"]) == ("denied", "person_disabled")
    program.call("PATCH", eileen, json={"status": "active"})
    assert recognize(house.gateway_url, house.token, frame, "image/jpeg", 8)["outcome"] == "granted"


def test_a_photo_of_a_cat_is_rejected_with_a_sentence(program, eileen):
    sent = program.call(
        "POST", f"{eileen}/photos", data=cat().read_bytes(), headers={"Content-Type": "image/png"}
    )
    rejected = program.finished(sent.headers["Location"])
    assert (rejected["status"], rejected["reason"]) == ("rejected", "no_face")
    assert rejected["message"].startswith("No face was found")


def test_a_form_takes_no_other_key_and_no_larger_file(program, eileen):
    wanted = {"photos": [{"sha256": "a" * 64, "content_type": "image/jpeg"}]}
    body = program.call("POST", f"{eileen}/photos/uploads", json=wanted).json()
    form = body["uploads"][0]
    elsewhere = form["fields"] | {"key": "photos/somebody/else.jpg"}
    assert requests.post(form["url"], data=elsewhere, files={"file": b"x"}, timeout=20).status_code == 403
    larger = {"file": b"x" * (body["max_bytes"] + 1)}
    assert requests.post(form["url"], data=form["fields"], files=larger, timeout=20).status_code == 400


def test_a_revoked_token_opens_nothing_soon_after(house):
    program = Program(house)
    assert program.call("GET", "/v1/people").status_code == 200
    TokenStore(house.aws).revoke(program.token.token_id)
    until(lambda: program.call("GET", "/v1/people").status_code == 401, patience=10)


def test_the_log_has_the_requests_and_no_token(house, program, eileen):
    assert program.token.secret not in house.log("gateway")
    assert '"/v1/people' in house.log("gateway")


def test_a_removed_photo_is_gone_and_the_others_still_open_the_door(house, program, eileen):
    # the cat's photo is among them, and their order is that of their ids
    listed = program.get(f"{eileen}/photos")["photos"]
    photo = next(photo for photo in listed if photo["status"] == "indexed")
    accepted = program.call("DELETE", f"{eileen}/photos/{photo['enrollment_id']}")
    assert accepted.status_code == 202, accepted.text
    receipt = program.finished(accepted.headers["Location"])
    assert (receipt["faces"], receipt["enrollment_id"]) == (1, photo["enrollment_id"])
    assert receipt["photos"] >= 1
    assert program.get(eileen)["photos"] == 2
    left = program.get(f"/v1/enrollments/{photo['enrollment_id']}")
    assert (left["status"], left["person_id"], left["file"]) == ("removed", None, None)
    assert "Collins" not in str(left)
    assert not list(find_drift(take_census(house.aws)))
    decision = recognize(house.gateway_url, house.token, as_frame(eileen_collins()), "image/jpeg", 8)
    assert decision["outcome"] == "granted"


def test_a_deleted_person_is_let_in_no_more_and_leaves_a_receipt(house, program, eileen):
    person_id = program.get(eileen)["person_id"]
    accepted = program.call("DELETE", eileen)
    assert accepted.status_code == 202, accepted.text
    receipt = program.finished(accepted.headers["Location"])
    assert (receipt["person_id"], receipt["faces"]) == (person_id, 2)
    assert receipt["photos"] >= 2
    assert program.call("GET", eileen).status_code == 404
    assert program.get("/v1/people")["people"] == []
    decision = recognize(house.gateway_url, house.token, as_frame(eileen_collins()), "image/jpeg", 8)
    assert (decision["outcome"], decision["reason"]) == ("denied", "no_match")


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("jq")), reason="needs curl and jq")
def test_the_examples_of_the_documentation_work_word_for_word(house, tmp_path):
    text = (REPOSITORY / "docs" / "people-api.md").read_text()
    (script,) = re.findall("```bash\n(.*?)```", text, re.DOTALL)
    script = script.replace("http://127.0.0.1:8000", house.gateway_url)
    first, second, _ = photos()
    (tmp_path / "ada.jpg").write_bytes(first)
    (tmp_path / "ada2.jpg").write_bytes(second)
    with zipfile.ZipFile(tmp_path / "people.zip", "w") as people:
        people.write(grace_hopper(), "Grace_Hopper_0001.jpg")
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "FACEGATE_HOME": str(house.settings.home),
        "FACEGATE_GATEWAY_PORT": str(house.settings.gateway_port),
        "FACEGATE_AWS_PORT": str(house.settings.aws_port),
        "FACEGATE_REKOGNITION_PORT": str(house.settings.rekognition_port),
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (line,) = csv.DictReader((tmp_path / "report.csv").read_text().splitlines())
    assert (line["status"], line["full name"]) == ("indexed", "Grace Hopper")
    assert PeopleStore(house.aws).page("ada").people == ()
