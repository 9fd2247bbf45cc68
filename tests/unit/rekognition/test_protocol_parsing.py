"""What requests may hold, and what is said where they do not."""

import base64

import botocore.session
import pytest

from localaws.rekognition.protocol.errors import ServiceError
from localaws.rekognition.protocol.paging import make_token, read_token
from localaws.rekognition.protocol.validation import RequestParser
from localaws.rekognition.protocol.wsgi import MAX_ELEMENTS, parse_json


@pytest.fixture(scope="module")
def parse():
    model = botocore.session.get_session().get_service_model("rekognition")

    def parse(operation, document):
        return RequestParser(model.operation_model(operation).input_shape).parse(document)

    return parse


def refused(call, *arguments):
    with pytest.raises(ServiceError) as caught:
        call(*arguments)
    return caught.value


def test_parameters_come_back_with_blobs_decoded_and_unknown_members_left_out(parse):
    document = {
        "Image": {"Bytes": base64.b64encode(b"jpeg").decode(), "Other": 1},
        "Future": [],
        "MaxFaces": None,
    }

    assert parse("DetectFaces", document) == {"Image": {"Bytes": b"jpeg"}}


@pytest.mark.parametrize(
    ("operation", "document", "message"),
    [
        ("ListCollections", {"MaxResults": "5"}, "STRING_VALUE can not be converted to Integer"),
        ("ListCollections", {"MaxResults": 5.5}, "NUMBER_VALUE can not be converted to Integer"),
        ("ListCollections", {"MaxResults": True}, "TRUE_VALUE can not be converted to Integer"),
        ("ListCollections", {"NextToken": 7}, "NUMBER_VALUE can not be converted to String"),
        ("ListCollections", {"NextToken": []}, "Start of list found where not expected"),
        ("ListCollections", [], "Start of list found where not expected"),
        ("DetectFaces", {"Image": "x"}, "STRING_VALUE can not be converted to a structure"),
        ("DeleteFaces", {"CollectionId": "x", "FaceIds": "x"}, "STRING_VALUE can not be converted to a list"),
        (
            "DeleteFaces",
            {"CollectionId": "x", "FaceIds": [None]},
            "NULL_VALUE can not be converted to String",
        ),
        ("TagResource", {"ResourceArn": "a" * 20, "Tags": {"a": 1}}, "NUMBER_VALUE can not be converted"),
        ("SearchFaces", {"FaceMatchThreshold": float("inf")}, "NUMBER_VALUE can not be converted to Float"),
        ("SearchFaces", {"FaceMatchThreshold": float("nan")}, "NUMBER_VALUE can not be converted to Float"),
        ("SearchFaces", {"CollectionId": "\ud800"}, "half of a surrogate pair"),
        ("DetectFaces", {"Image": {"Bytes": "%%%"}}, "'image.bytes' is not valid base64"),
        ("DetectFaces", {"Image": {"Bytes": "é"}}, "'image.bytes' is not valid base64"),
    ],
)
def test_what_is_of_the_wrong_type_cannot_be_deserialized(parse, operation, document, message):
    error = refused(parse, operation, document)

    assert error.code == "SerializationException"
    assert message in error.message


@pytest.mark.parametrize(
    ("operation", "document", "message"),
    [
        (
            "DescribeCollection",
            {},
            "1 validation error detected: Value null at 'collectionId' failed to satisfy constraint: "
            "Member must not be null",
        ),
        (
            "DescribeCollection",
            {"CollectionId": "a b"},
            "1 validation error detected: Value 'a b' at 'collectionId' failed to satisfy constraint: "
            r"Member must satisfy regular expression pattern: [a-zA-Z0-9_.\-]+",
        ),
        (
            "DetectFaces",
            {"Image": {"Bytes": ""}},
            "1 validation error detected: Value at 'image.bytes' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1",
        ),
        (
            "DeleteFaces",
            {"CollectionId": "x", "FaceIds": ["x"]},
            "1 validation error detected: Value '[x]' at 'faceIds' failed to satisfy constraint: "
            "Member must satisfy constraint: [Member must satisfy regular expression pattern: "
            "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}]",
        ),
        ("SearchFaces", {"FaceMatchThreshold": 100.5, "MaxFaces": 0}, "4 validation errors detected: "),
        ("SearchFaces", {"FaceMatchThreshold": 100.5}, "Member must have value less than or equal to 100"),
        ("SearchFaces", {"MaxFaces": 4097}, "Value '4097' at 'maxFaces'"),
        (
            "DetectFaces",
            {"Image": {}, "Attributes": ["SHOE"]},
            "Member must satisfy enum value set: [DEF",
        ),
        (
            "TagResource",
            {"ResourceArn": "a" * 20, "Tags": {"aws:x": ""}},
            "Value 'aws:x' at 'tags.key' failed",
        ),
        ("TagResource", {"ResourceArn": "a" * 20, "Tags": {"a\tb": ""}}, "at 'tags.key' failed"),
    ],
)
def test_what_breaks_a_constraint_is_told_in_aws_words(parse, operation, document, message):
    error = refused(parse, operation, document)

    assert error.code == "ValidationException"
    assert message in error.message


def test_a_hundred_mistakes_do_not_make_a_hundred_sentences(parse):
    tags = {f"aws:{number}": "" for number in range(100)}
    error = refused(parse, "TagResource", {"ResourceArn": "a" * 20, "Tags": tags})

    assert error.message.startswith("100 validation errors detected")
    assert len(error.message) < 3000


def test_tags_may_be_written_in_any_script(parse):
    tags = {"größe 5": "二", "a_b.c:d/e=f+g-h@i": "٣"}

    assert parse("TagResource", {"ResourceArn": "a" * 20, "Tags": tags})["Tags"] == tags


@pytest.mark.parametrize(
    "body",
    [b"{", b"\xff", b"[" * 100_000, b"[" * 10_000, b"NaN", b'{"a": Infinity}', b"9" * 5000, b"{} {}"],
)
def test_what_is_no_json_is_refused(body):
    assert refused(parse_json, body).code == "SerializationException"


def test_a_document_of_millions_of_lists_is_refused_before_it_is_parsed():
    assert "elements" in refused(parse_json, b"[" + b"[]," * 5_000_000 + b"[]]").message


def test_the_longest_request_that_aws_allows_is_parsed():
    face_ids = ['"00000000-0000-4000-8000-000000000000"'] * 4096
    document = parse_json(b'{"FaceIds": [%s]}' % ",".join(face_ids).encode())

    assert len(document["FaceIds"]) == 4096 < MAX_ELEMENTS


@pytest.mark.parametrize("position", ["1", "9" * 18, "a", "Z" * 255, "_.-:" * 63, "0" * 255])
def test_a_paging_token_is_read_as_it_was_made_and_fits_into_255_characters(position):
    token = make_token("users of " + "x" * 255, position)

    assert read_token("users of " + "x" * 255, token) == position
    assert len(token) <= 255


@pytest.mark.parametrize("token", ["", "x", "00000", "€", "~" * 255, "a" * 255, make_token("b", "1")])
def test_a_paging_token_of_another_listing_is_refused(token):
    assert refused(read_token, "a", token).code == "InvalidPaginationTokenException"
