import json

import pytest

from localaws.rekognition.protocol.access_keys import AccessKeysError
from localaws.rekognition.protocol.authorization import Authorization
from localaws.rekognition.protocol.errors import ServiceError
from localaws.rekognition.protocol.identities import Identities

COLLECTION = "arn:aws:rekognition:eu-central-1:000000000000:collection/faces"


def statement(effect, actions, resource=COLLECTION):
    return {"Effect": effect, "Action": actions, "Resource": resource}


@pytest.fixture
def file(tmp_path):
    return tmp_path / "identities.json"


@pytest.fixture
def allow(file):
    """Write a file with one identity that has these statements."""

    def allow(*statements):
        policy = {"Version": "2012-10-17", "Statement": statements}
        ada = {"secret_access_key": "secret", "arn": "arn:aws:iam::0:user/ada", "policies": [policy]}
        new = file.with_suffix(".new")
        new.write_text(json.dumps({"AKIAADA": ada}))
        new.replace(file)

    return allow


def check(identities, operation, access_key_id="AKIAADA", **parameters):
    authorization = Authorization(identities, "000000000000")
    authorization.check(access_key_id, operation, {"CollectionId": "faces", **parameters}, "eu-central-1")


def test_what_a_policy_allows_for_this_collection_is_let_through(file, allow):
    allow(statement("Allow", ["rekognition:SearchFaces"]))
    check(Identities(file), "SearchFaces")


@pytest.mark.parametrize(
    "statements",
    [
        [],
        [statement("Allow", "rekognition:ListFaces")],
        [statement("Allow", "rekognition:SearchFaces", COLLECTION.replace("faces", "others"))],
        [statement("Allow", "rekognition:*"), statement("Deny", "rekognition:Search*")],
    ],
)
def test_what_no_policy_allows_or_one_denies_is_refused_and_says_who_and_what(file, allow, statements):
    allow(*statements)
    with pytest.raises(ServiceError) as refused:
        check(Identities(file), "SearchFaces")
    assert refused.value.code == "AccessDeniedException"
    assert "user/ada is not authorized to perform: rekognition:SearchFaces" in str(refused.value)


def test_a_picture_in_s3_is_read_for_those_who_may_read_it(file, allow):
    search = statement("Allow", "rekognition:SearchFacesByImage")
    frame = {"S3Object": {"Bucket": "photos", "Name": "frames/1.jpg"}}
    allow(search, statement("Allow", "s3:GetObject", "arn:aws:s3:::photos/frames/*"))
    check(Identities(file), "SearchFacesByImage", Image=frame)
    with pytest.raises(ServiceError, match="access permissions") as refused:
        check(
            Identities(file), "SearchFacesByImage", Image={"S3Object": frame["S3Object"] | {"Version": "2"}}
        )
    assert refused.value.code == "InvalidS3ObjectException"


def test_who_is_in_a_replaced_file_is_known_at_once(file, allow):
    allow()
    identities = Identities(file)
    allow(statement("Allow", "rekognition:SearchFaces"))
    check(identities, "SearchFaces")


def test_a_key_of_nobody_is_refused(file, allow):
    allow()
    with pytest.raises(ServiceError) as refused:
        check(Identities(file), "SearchFaces", access_key_id="AKIANOBODY")
    assert refused.value.code == "UnrecognizedClientException"


@pytest.mark.parametrize("text", [None, "", "[]", '{"AKIAADA": {}}'])
def test_a_file_that_holds_no_identities_stops_the_server(file, text):
    if text is not None:
        file.write_text(text)
    with pytest.raises(AccessKeysError, match=r"identities\.json"):
        Identities(file)
