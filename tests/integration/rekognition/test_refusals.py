"""What is wrong with a request is said in AWS's words."""

import http.client
import json
import struct
import zlib

import cv2
import numpy as np
import pytest
from botocore.exceptions import ClientError


def refused(call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"]


def _encoded(height, width, extension=".png"):
    return cv2.imencode(extension, np.full((height, width, 3), 90, np.uint8))[1].tobytes()


def _png_bomb():
    chunk = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


@pytest.mark.parametrize(
    ("image", "code"),
    [
        (b"not a picture", "InvalidImageFormatException"),
        (_encoded(300, 300, ".jpg")[:-50], "InvalidImageFormatException"),
        (_png_bomb(), "ImageTooLargeException"),
        (b"\xff" * (5 * 1024 * 1024 + 1), "ImageTooLargeException"),
        (_encoded(10, 10), "InvalidParameterException"),
        (_encoded(79, 200), "InvalidParameterException"),
        (b"", "ValidationException"),
    ],
    ids=["text", "truncated", "bomb", "over 5 MB", "10x10", "79 high", "empty"],
)
def test_an_image_that_cannot_be_used_is_refused(client, image, code):
    assert refused(client.detect_faces, Image={"Bytes": image}) == code


def test_a_picture_without_a_face_cannot_be_searched_or_compared(client, collection, chelsea, grace):
    nobody = {"Bytes": chelsea}

    assert (
        refused(client.search_faces_by_image, CollectionId=collection, Image=nobody)
        == "InvalidParameterException"
    )
    assert (
        refused(client.compare_faces, SourceImage=nobody, TargetImage={"Bytes": grace})
        == "InvalidParameterException"
    )


def test_an_image_is_given_one_way(client):
    assert refused(client.detect_faces, Image={}) == "InvalidParameterException"
    both = {"Bytes": b"x", "S3Object": {"Bucket": "photos", "Name": "x"}}
    assert refused(client.detect_faces, Image=both) == "InvalidParameterException"
    assert (
        refused(client.detect_faces, Image={"S3Object": {"Bucket": "photos"}}) == "InvalidS3ObjectException"
    )


def test_an_unknown_collection_is_not_found(client, grace):
    image = {"Bytes": grace}
    for call, more in (
        (client.describe_collection, {}),
        (client.delete_collection, {}),
        (client.index_faces, {"Image": image}),
        (client.search_faces_by_image, {"Image": image}),
        (client.list_faces, {}),
        (client.delete_faces, {"FaceIds": ["00000000-0000-4000-8000-000000000000"]}),
        (client.search_faces, {"FaceId": "00000000-0000-4000-8000-000000000000"}),
    ):
        assert refused(call, CollectionId="nowhere", **more) == "ResourceNotFoundException"


def test_a_collection_id_is_given_once(client, collection):
    assert refused(client.create_collection, CollectionId=collection) == "ResourceAlreadyExistsException"


def test_an_unknown_face_or_user_is_said_to_be_unknown(client, collection):
    face_id = "00000000-0000-4000-8000-000000000000"

    assert (
        refused(client.search_faces, CollectionId=collection, FaceId=face_id) == "InvalidParameterException"
    )
    assert refused(client.list_faces, CollectionId=collection, UserId="ada") == "ResourceNotFoundException"


@pytest.mark.parametrize("token", ["x", "bm90IG91cnM=", "%%%"])
def test_a_paging_token_of_someone_else_is_refused(client, collection, token):
    assert (
        refused(client.list_faces, CollectionId=collection, NextToken=token)
        == "InvalidPaginationTokenException"
    )
    assert refused(client.list_collections, NextToken=token) == "InvalidPaginationTokenException"


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("create_collection", {"CollectionId": "with space"}),
        ("create_collection", {"CollectionId": "x" * 256}),
        ("list_faces", {"CollectionId": "x", "MaxResults": 4097}),
        ("search_faces", {"CollectionId": "x", "FaceId": "not-a-face-id"}),
        (
            "search_faces",
            {
                "CollectionId": "x",
                "FaceId": "00000000-0000-4000-8000-000000000000",
                "FaceMatchThreshold": 101,
            },
        ),
        ("index_faces", {"CollectionId": "x", "Image": {"Bytes": b"x"}, "QualityFilter": "BEST"}),
        ("index_faces", {"CollectionId": "x", "Image": {"Bytes": b"x"}, "ExternalImageId": "a/b"}),
        ("detect_faces", {"Image": {"Bytes": b"x"}, "Attributes": ["SHOE_SIZE"]}),
    ],
)
def test_what_the_service_model_forbids_is_refused(client, operation, parameters):
    assert refused(getattr(client, operation), **parameters) == "ValidationException"


def test_operations_beyond_faces_say_that_they_are_not_part_of_this_server(client, grace):
    with pytest.raises(ClientError, match="DetectLabels is not part of this server"):
        client.detect_labels(Image={"Bytes": grace})


@pytest.fixture
def raw(server):
    host, port = server.url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)

    def post(body, target="RekognitionService.ListCollections", method="POST", headers=()):
        connection.request(method, "/", body, {"X-Amz-Target": target, **dict(headers)})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    yield post
    connection.close()


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'"x"', b'{"MaxResults": "many"}', b"\xff\xfe", b"[" * 100_000]
)
def test_a_body_that_is_no_request_is_a_400(raw, body):
    status, answer = raw(body)

    assert status == 400
    assert answer["__type"] in {"SerializationException", "ValidationException"}


def test_bytes_that_are_no_base64_are_a_400(raw):
    status, answer = raw(b'{"Image": {"Bytes": "%%%"}}', "RekognitionService.DetectFaces")

    assert (status, answer["__type"]) == (400, "SerializationException")


@pytest.mark.parametrize(
    "target", ["", "DynamoDB_20120810.GetItem", "RekognitionService.Nothing", "RekognitionService."]
)
def test_a_request_for_nothing_known_says_what_is_expected(raw, target):
    status, answer = raw(b"{}", target)

    assert (status, answer["__type"]) == (400, "UnknownOperationException")
    assert "X-Amz-Target" in answer["message"]


def test_a_refused_request_leaves_the_connection_usable(raw):
    assert raw(b"x" * 100_000, "RekognitionService.Nothing")[0] == 400
    assert raw(b"{}")[0] == 200


def test_a_body_over_15_mb_is_refused_unread(raw):
    status, answer = raw(b"", headers={"Content-Length": str(15 * 1024 * 1024 + 1)})

    assert (status, answer["__type"]) == (413, "RequestEntityTooLargeException")


@pytest.mark.parametrize(("size", "status"), [(2_000, 200), (15 * 1024 * 1024 + 1, 413)])
def test_a_body_in_chunks_is_read_up_to_the_same_limit(raw, size, status):
    chunks = (b" " * 1000 if start else b"{}" + b" " * 998 for start in range(0, size, 1000))

    # A body of unknown length is what http.client sends in chunks.
    assert raw(chunks)[0] == status


def test_members_that_the_model_does_not_know_are_passed_over(raw):
    assert raw(b'{"Future": 1, "MaxResults": 1, "NextToken": null}')[0] == 200


def test_nothing_of_the_image_is_logged(client, server):
    refused(client.detect_faces, Image={"Bytes": b"a-secret-picture"})

    log = server.log.read_text()
    assert "DetectFaces 400 InvalidImageFormatException" in log
    assert "a-secret-picture" not in log
    assert "YS1zZWNyZXQtcGljdHVyZQ" not in log
