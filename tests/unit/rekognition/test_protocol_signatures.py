"""Signatures that botocore made, and what becomes of them when something is changed."""

from datetime import UTC, datetime, timedelta

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from localaws.rekognition.protocol.access_keys import (
    AccessKey,
    AccessKeysError,
    keys_from_environment,
    keys_from_file,
)
from localaws.rekognition.protocol.errors import ServiceError
from localaws.rekognition.protocol.signatures import SignatureCheck, SignedRequest

KEY = AccessKey("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
BODY = b'{"MaxResults":1}'


@pytest.fixture
def headers():
    """What botocore sends with BODY, names in lower case."""
    request = AWSRequest(
        "POST",
        "http://127.0.0.1:4577/",
        {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "RekognitionService.ListCollections"},
        BODY,
    )
    SigV4Auth(Credentials(KEY.access_key_id, KEY.secret_access_key), "rekognition", "eu-west-1").add_auth(
        request
    )
    sent = {name.lower(): str(value) for name, value in request.headers.items()}
    return sent | {"host": "127.0.0.1:4577", "content-length": str(len(BODY)), "user-agent": "Boto3"}


def check(headers, body=BODY, path="/", query="", **more):
    SignatureCheck({KEY.access_key_id: KEY}, **more).check(SignedRequest("POST", path, query, headers, body))


def refused(headers, **more):
    with pytest.raises(ServiceError) as caught:
        check(headers, **more)
    return caught.value


def test_what_botocore_signs_passes(headers):
    check(headers)
    check(headers, region="eu-west-1")


@pytest.mark.parametrize(
    "change",
    [
        {"body": b'{"MaxResults":2}'},
        {"path": "/other"},
        {"query": "x=1"},
        {"region": "us-east-1"},
    ],
)
def test_a_signature_covers_body_path_query_and_region(headers, change):
    assert refused(headers, **change).code == "InvalidSignatureException"


@pytest.mark.parametrize("name", ["host", "x-amz-target", "content-type"])
def test_a_signature_covers_the_headers_it_names(headers, name):
    assert refused(headers | {name: "something-else"}).code == "InvalidSignatureException"


def test_a_claimed_hash_of_the_body_counts_for_nothing(headers):
    headers["x-amz-content-sha256"] = "UNSIGNED-PAYLOAD"
    headers["authorization"] = headers["authorization"].replace("host;", "host;x-amz-content-sha256;")

    assert refused(headers).code == "InvalidSignatureException"


def test_one_changed_digit_of_the_signature_is_noticed(headers):
    last = headers["authorization"][-1]
    headers["authorization"] = headers["authorization"][:-1] + ("0" if last != "0" else "1")

    assert "does not match the signature you provided" in refused(headers).message


@pytest.mark.parametrize(
    ("minutes", "said"), [(5.5, "Signature expired"), (-5.5, "Signature not yet current")]
)
def test_a_clock_may_be_off_by_five_minutes(headers, minutes, said):
    signed_at = datetime.now(UTC)

    check(headers, now=lambda: signed_at + timedelta(minutes=minutes / abs(minutes) * 4.5))
    error = refused(headers, now=lambda: signed_at + timedelta(minutes=minutes))
    assert error.code == "InvalidSignatureException"
    assert said in error.message


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256", "IncompleteSignatureException"),
        ("Signature=", "Sign=", "IncompleteSignatureException"),
        ("SignedHeaders=", "Headers=", "IncompleteSignatureException"),
        ("/aws4_request", "", "IncompleteSignatureException"),
        ("/rekognition/", "/s3/", "InvalidSignatureException"),
        (";host", "", "InvalidSignatureException"),
        ("AKIDEXAMPLE", "AKIDANOTHER", "UnrecognizedClientException"),
        ("AKIDEXAMPLE/2", "AKIDEXAMPLE/1", "InvalidSignatureException"),
    ],
)
def test_an_authorization_of_another_form_is_refused_in_aws_words(headers, old, new, code):
    assert old in headers["authorization"]
    headers["authorization"] = headers["authorization"].replace(old, new)

    assert refused(headers).code == code


@pytest.mark.parametrize("date", ["", "yesterday", "20260101"])
def test_a_request_without_a_time_is_incomplete(headers, date):
    assert refused(headers | {"x-amz-date": date}).code == "IncompleteSignatureException"


def test_a_request_without_authorization_lacks_its_token(headers):
    del headers["authorization"]

    assert refused(headers).code == "MissingAuthenticationTokenException"


def test_keys_come_from_a_file_or_the_environment_and_stay_out_of_messages(tmp_path):
    file = tmp_path / "credentials"
    file.write_text("[a]\naws_access_key_id=A\naws_secret_access_key=s3cret\n[b]\nregion=eu-west-1\n")

    assert keys_from_file(file) == {"A": AccessKey("A", "s3cret")}
    environment = {"AWS_ACCESS_KEY_ID": "B", "AWS_SECRET_ACCESS_KEY": "t", "AWS_SESSION_TOKEN": "u"}
    assert keys_from_environment(environment) == {"B": AccessKey("B", "t", "u")}
    assert "s3cret" not in repr(keys_from_file(file))


@pytest.mark.parametrize("text", [None, "no sections", "[a]\nregion=eu-west-1\n"])
def test_a_file_without_keys_is_named(tmp_path, text):
    file = tmp_path / "credentials"
    if text is not None:
        file.write_text(text)

    with pytest.raises(AccessKeysError, match="credentials"):
        keys_from_file(file)
    with pytest.raises(AccessKeysError, match="AWS_ACCESS_KEY_ID"):
        keys_from_environment({"HOME": "/"})
