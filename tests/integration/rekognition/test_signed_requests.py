"""A server that checks signatures, one that does not, and clients with right and wrong keys."""

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

KEYS = ("AKIAFACEGATE00000001", "a-secret/with+signs")  # pragma: allowlist secret
TEMPORARY = ("ASIAFACEGATE00000002", "another-secret", "a-token")  # pragma: allowlist secret


@pytest.fixture(scope="module")
def strict(started, tmp_path_factory, free_port):
    directory = tmp_path_factory.mktemp("strict")
    credentials = directory / "credentials"
    credentials.write_text(
        f"[default]\naws_access_key_id = {KEYS[0]}\naws_secret_access_key = {KEYS[1]}\n"
        f"[session]\naws_access_key_id = {TEMPORARY[0]}\naws_secret_access_key = {TEMPORARY[1]}\n"
        f"aws_session_token = {TEMPORARY[2]}\n"
    )
    options = ("--require-signatures", "--credentials-file", str(credentials), "--region", "eu-west-1")
    server = started(directory / "data", free_port(), *options)
    yield server
    server.stop()


def refused(client, **more):
    with pytest.raises(ClientError) as caught:
        client.list_collections(**more)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return caught.value.response["Error"]["Code"]


@pytest.mark.parametrize("keys", [KEYS, TEMPORARY])
def test_a_request_signed_with_a_known_key_is_answered(strict, client_of, keys, grace):
    client = client_of(strict.url, "eu-west-1", keys)

    assert client.list_collections()["CollectionIds"] == []
    assert len(client.detect_faces(Image={"Bytes": grace})["FaceDetails"]) == 1


@pytest.mark.parametrize(
    ("keys", "region", "code"),
    [
        (("AKIAUNKNOWN", KEYS[1]), "eu-west-1", "UnrecognizedClientException"),
        ((*KEYS, "a-token-of-nobody"), "eu-west-1", "UnrecognizedClientException"),
        (TEMPORARY[:2], "eu-west-1", "UnrecognizedClientException"),
        ((KEYS[0], "wrong"), "eu-west-1", "InvalidSignatureException"),
        (KEYS, "us-east-1", "InvalidSignatureException"),
    ],
    ids=["unknown key", "token too many", "token missing", "wrong secret", "other region"],
)
def test_a_request_signed_otherwise_is_refused(strict, client_of, keys, region, code):
    assert refused(client_of(strict.url, region, keys)) == code


def test_a_request_without_a_signature_is_refused(strict, client_of):
    assert refused(client_of(strict.url, "eu-west-1", ())) == "MissingAuthenticationTokenException"


def test_a_body_changed_on_the_way_is_refused(strict, client_of):
    client = client_of(strict.url, "eu-west-1", KEYS)

    def change(request, **_):
        request.body = request.body.replace(b"1", b"2")

    client.meta.events.register("before-send.rekognition", change)
    assert refused(client, MaxResults=1) == "InvalidSignatureException"


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_signature_of_another_time_is_refused(strict, client_of, monkeypatch, minutes):
    then = datetime.now(UTC).replace(tzinfo=None) + timedelta(minutes=minutes)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_, **__: then)

    assert refused(client_of(strict.url, "eu-west-1", KEYS)) == "InvalidSignatureException"


def test_unless_told_otherwise_any_signature_or_none_is_accepted(server, client_of):
    for keys in (("anybody", "anything"), ()):
        assert "CollectionIds" in client_of(server.url, keys=keys).list_collections()


def test_the_environment_may_name_the_key(started, client_of, tmp_path, free_port):
    environment = {"AWS_ACCESS_KEY_ID": KEYS[0], "AWS_SECRET_ACCESS_KEY": KEYS[1]}
    server = started(tmp_path / "data", free_port(), "--require-signatures", **environment)
    try:
        assert client_of(server.url, "us-east-1", KEYS).list_collections()["CollectionIds"] == []
        assert refused(client_of(server.url)) == "UnrecognizedClientException"
    finally:
        server.stop()
