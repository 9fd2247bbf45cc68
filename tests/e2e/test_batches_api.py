"""Programs submit batches to the gateway, and every file is accounted for: all processes real."""

import csv
import io
import zipfile
from datetime import UTC, datetime

import pytest
import requests
from PIL import Image, ImageEnhance, ImageOps

from cli.portraits import cat, grace_hopper
from services.aws.tokens import TokenStore
from services.contracts.domain import IssuedToken, Scope
from services.contracts.tokens import ApiToken
from tests.conftest import until


@pytest.fixture
def call(facegate, grace_is_enrolled):
    token = ApiToken.issue()
    TokenStore(facegate.aws).add(
        IssuedToken(
            token_id=token.token_id,
            name="test",
            scopes=(Scope.BATCHES_WRITE,),
            token_sha256=token.sha256,
            created_at=datetime.now(UTC),
        )
    )

    def call(method, path, **arguments):
        headers = {"Authorization": f"Bearer {token}", **arguments.pop("headers", {})}
        return requests.request(method, facegate.gateway_url + path, headers=headers, timeout=20, **arguments)

    return call


def photo(change):
    """Grace Hopper, changed a little: under another name her face would be held."""
    with Image.open(grace_hopper()) as portrait:
        encoded = io.BytesIO()
        change(portrait.convert("RGB")).save(encoded, "JPEG", quality=95)
    return encoded.getvalue()


def darker(image):
    return ImageEnhance.Brightness(image).enhance(0.9)


def archive(**members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        for name, data in members.items():
            zipped.writestr(name, data)
    return file.getvalue()


def finished(call, submitted):
    assert submitted.status_code == 202, submitted.text
    place = submitted.headers["Location"]

    def done():
        batch = call("GET", place).json()
        return batch["status"] in {"finished", "unreadable"} and batch

    return place, until(done, 60)


def told(call, place):
    return {file["file"]: file for file in call("GET", f"{place}/report").json()["files"]}


def test_an_archive_sent_to_the_gateway_is_enrolled_and_told_of_file_by_file(facegate, call):
    data = archive(
        **{
            "Grace_Hopper/1.jpg": photo(ImageOps.mirror),
            "Grace_Hopper/cat.png": cat().read_bytes(),
            "Grace_Hopper/text.jpg": b"dear diary",
            "../outside.jpg": b"x",
        }
    )

    def send():
        return call(
            "POST", "/v1/batches?name=crew.zip", data=data, headers={"Content-Type": "application/zip"}
        )

    place, batch = finished(call, send())
    assert (batch["status"], batch["files"]) == ("finished", 4), batch
    counts = {status: count for status, count in batch["counts"].items() if count}
    assert counts == {"indexed": 1, "rejected": 1, "refused": 2}
    files = told(call, place)
    assert files["Grace_Hopper/1.jpg"]["full_name"] == "Grace Hopper"
    assert files["Grace_Hopper/cat.png"]["reason"] == "no_face"
    assert "first bytes" in files["Grace_Hopper/text.jpg"]["message"]
    assert "leads out of the archive" in files["../outside.jpg"]["message"]

    report = call("GET", f"{place}/report.csv").text
    assert {line["file"] for line in csv.DictReader(report.splitlines())} == set(files)
    assert finished(call, send())[0] == place
    assert told(call, place) == files
    uploads = facegate.aws.s3.list_object_versions(
        Bucket=facegate.aws.outputs.photo_bucket_name, Prefix="batches/uploads/"
    )
    assert not uploads.get("Versions")


def test_a_large_archive_goes_into_s3_with_a_form(call):
    form = call("POST", "/v1/batches/uploads", json={"name": "crew.zip"}).json()
    data = archive(**{"Grace_Hopper_0002.jpg": photo(darker)})
    put = requests.post(form["url"], data=form["fields"], files={"file": data}, timeout=20)
    assert put.status_code == 204, put.text
    _, batch = finished(call, call("POST", "/v1/batches", json={"source": form["source"]}))
    assert (batch["status"], batch["counts"]["indexed"]) == ("finished", 1)


def test_a_prefix_with_a_manifest_is_read_where_somebody_put_it(facegate, call):
    bucket = facegate.aws.outputs.photo_bucket_name
    files = {
        "manifest.csv": b"file,full name\na.jpg,Grace Hopper\nb.jpg,Grace Hopper\n",
        "a.jpg": photo(darker),
    }
    for name, data in files.items():
        facegate.aws.s3.put_object(Bucket=bucket, Key=f"batches/inbox/{name}", Body=data)
    place, batch = finished(
        call, call("POST", "/v1/batches", json={"source": f"s3://{bucket}/batches/inbox"})
    )
    assert batch["files"] == 2
    files = told(call, place)
    assert files["a.jpg"]["status"] in {"indexed", "rejected"}
    assert "no such object" in files["manifest.csv, line 3"]["message"]


def test_a_batch_that_cannot_be_read_says_why(facegate, call):
    source = f"s3://{facegate.aws.outputs.photo_bucket_name}/batches/nothing.zip"
    _, batch = finished(call, call("POST", "/v1/batches", json={"source": source}))
    assert (batch["status"], batch["message"]) == ("unreadable", f"{source} is not there; upload it first")
