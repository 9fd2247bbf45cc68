"""Every operation, called by botocore's own client; its raw answers are checked on the way."""

import re

import pytest

UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def index(client, collection, image, **more):
    return client.index_faces(CollectionId=collection, Image={"Bytes": image}, **more)


def test_a_collection_is_created_described_listed_and_deleted(client):
    created = client.create_collection(CollectionId="door.1")
    described = client.describe_collection(CollectionId="door.1")
    listed = client.list_collections()
    deleted = client.delete_collection(CollectionId="door.1")

    assert created["StatusCode"] == deleted["StatusCode"] == 200
    assert created["CollectionArn"] == "aws:rekognition:us-east-1:000000000000:collection/door.1"
    assert described["CollectionARN"] == f"arn:{created['CollectionArn']}"
    assert (described["FaceCount"], described["UserCount"]) == (0, 0)
    assert described["CreationTimestamp"].year >= 2024
    assert created["FaceModelVersion"] == described["FaceModelVersion"]
    versions = dict(zip(listed["CollectionIds"], listed["FaceModelVersions"], strict=True))
    assert versions["door.1"] == created["FaceModelVersion"]
    assert "door.1" not in client.list_collections()["CollectionIds"]


def test_arns_carry_the_region_that_the_client_signs_for(server, client_of):
    client = client_of(server.url, "eu-central-1")

    arn = client.create_collection(CollectionId="regional")["CollectionArn"]

    assert ":eu-central-1:" in arn
    client.delete_collection(CollectionId="regional")


def test_collections_are_listed_page_by_page(client):
    names = [f"page-{number}" for number in range(5)]
    for name in names:
        client.create_collection(CollectionId=name)

    pages = list(client.get_paginator("list_collections").paginate(PaginationConfig={"PageSize": 2}))

    assert [name for page in pages for name in page["CollectionIds"] if name in names] == names
    assert all(len(page["CollectionIds"]) <= 2 for page in pages)
    for name in names:
        client.delete_collection(CollectionId=name)


def test_an_indexed_face_is_recognised(client, collection, grace):
    (record,) = index(client, collection, grace, ExternalImageId="grace")["FaceRecords"]

    found = client.search_faces_by_image(
        CollectionId=collection, Image={"Bytes": grace}, FaceMatchThreshold=99
    )

    (match,) = found["FaceMatches"]
    assert match["Face"] == record["Face"]
    assert match["Similarity"] > 99.9


def test_another_person_is_not_recognised(client, collection, grace, eileen):
    index(client, collection, grace)

    found = client.search_faces_by_image(CollectionId=collection, Image={"Bytes": eileen})

    assert found["FaceMatches"] == []
    assert found["SearchedFaceConfidence"] > 99


def test_indexing_tells_the_face_and_where_it_stands(client, collection, grace):
    answer = index(client, collection, grace, ExternalImageId="hopper:1", DetectionAttributes=["ALL"])

    (record,) = answer["FaceRecords"]
    face, detail = record["Face"], record["FaceDetail"]
    assert re.fullmatch(UUID, face["FaceId"])
    assert re.fullmatch(UUID, face["ImageId"])
    assert face["ExternalImageId"] == "hopper:1"
    assert face["BoundingBox"] == detail["BoundingBox"]
    box = face["BoundingBox"]
    assert 0.3 < box["Left"] < 0.4
    assert 0.15 < box["Top"] < 0.25
    assert len(detail["Landmarks"]) == 28
    assert "AgeRange" not in detail
    assert answer["UnindexedFaces"] == []


def test_a_second_good_face_beyond_max_faces_has_that_as_its_only_reason(client, collection, both):
    answer = index(client, collection, both, MaxFaces=1, QualityFilter="AUTO")

    assert len(answer["FaceRecords"]) == 1
    reasons = sorted((face["Reasons"] for face in answer["UnindexedFaces"]), key=len)
    assert reasons[0] == ["EXCEEDS_MAX_FACES"]
    assert len(reasons) == 2
    assert "SMALL_BOUNDING_BOX" in reasons[1]


def test_without_a_limit_every_good_face_is_indexed_and_a_tiny_one_names_why_not(client, collection, both):
    answer = index(client, collection, both, QualityFilter="AUTO")

    assert len(answer["FaceRecords"]) == 2
    (tiny,) = answer["UnindexedFaces"]
    assert "SMALL_BOUNDING_BOX" in tiny["Reasons"]
    assert "EXCEEDS_MAX_FACES" not in tiny["Reasons"]


def test_a_picture_without_a_face_indexes_nothing(client, collection, chelsea):
    answer = index(client, collection, chelsea, MaxFaces=1, QualityFilter="AUTO")

    assert answer["FaceRecords"] == answer["UnindexedFaces"] == []


def test_the_same_photo_and_external_id_are_indexed_once(client, collection, grace):
    first = index(client, collection, grace, ExternalImageId="a")["FaceRecords"][0]["Face"]
    again = index(client, collection, grace, ExternalImageId="a")["FaceRecords"][0]["Face"]

    assert again == first
    assert client.describe_collection(CollectionId=collection)["FaceCount"] == 1


def test_faces_are_listed_page_by_page_and_by_id(client, collection, grace, eileen):
    faces = [
        index(client, collection, image, ExternalImageId=name)["FaceRecords"][0]["Face"]
        for name, image in (("a", grace), ("b", eileen), ("c", grace))
    ]
    pages = client.get_paginator("list_faces").paginate(
        CollectionId=collection, PaginationConfig={"PageSize": 2}
    )

    assert [face for page in pages for face in page["Faces"]] == faces
    chosen = client.list_faces(CollectionId=collection, FaceIds=[faces[1]["FaceId"]])
    assert chosen["Faces"] == [faces[1]]


def test_deleting_faces_tells_which_were_there(client, collection, grace):
    face_id = index(client, collection, grace)["FaceRecords"][0]["Face"]["FaceId"]
    unknown = "00000000-0000-4000-8000-000000000000"

    answer = client.delete_faces(CollectionId=collection, FaceIds=[face_id, unknown])

    assert answer["DeletedFaces"] == [face_id]
    assert answer["UnsuccessfulFaceDeletions"] == [{"FaceId": unknown, "Reasons": ["FACE_NOT_FOUND"]}]
    found = client.search_faces_by_image(CollectionId=collection, Image={"Bytes": grace})
    assert found["FaceMatches"] == []


def test_searching_by_a_face_finds_its_likes_and_not_itself(client, collection, grace, eileen):
    ids = [
        index(client, collection, image, ExternalImageId=name)["FaceRecords"][0]["Face"]["FaceId"]
        for name, image in (("one", grace), ("two", grace), ("other", eileen))
    ]

    answer = client.search_faces(CollectionId=collection, FaceId=ids[0])

    assert answer["SearchedFaceId"] == ids[0]
    assert [match["Face"]["FaceId"] for match in answer["FaceMatches"]] == [ids[1]]
    everything = client.search_faces(CollectionId=collection, FaceId=ids[0], FaceMatchThreshold=0, MaxFaces=1)
    assert len(everything["FaceMatches"]) == 1


DEFAULT = {"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality"}


@pytest.mark.parametrize(
    ("attributes", "landmarks", "more"),
    [
        ([], 5, set()),
        (["DEFAULT"], 5, set()),
        (["DEFAULT", "MOUTH_OPEN"], 5, {"MouthOpen"}),
        (["AGE_RANGE", "EMOTIONS"], 5, set()),
        (["ALL"], 28, {"MouthOpen"}),
    ],
)
def test_a_detected_face_carries_the_attributes_asked_for_that_are_known(
    client, grace, attributes, landmarks, more
):
    (face,) = client.detect_faces(Image={"Bytes": grace}, Attributes=attributes)["FaceDetails"]

    assert len(face["Landmarks"]) == landmarks
    assert set(face) == DEFAULT | more


def test_every_face_of_a_picture_is_detected(client, both):
    assert len(client.detect_faces(Image={"Bytes": both})["FaceDetails"]) == 3


def test_landmarks_lie_where_they_should_in_the_image(client, eileen):
    (face,) = client.detect_faces(Image={"Bytes": eileen})["FaceDetails"]
    at = {mark["Type"]: (mark["X"], mark["Y"]) for mark in face["Landmarks"]}
    box = face["BoundingBox"]

    assert box["Left"] < at["eyeLeft"][0] < at["nose"][0] < at["eyeRight"][0] < box["Left"] + box["Width"]
    assert box["Top"] < at["eyeLeft"][1] < at["nose"][1] < at["mouthLeft"][1] < box["Top"] + box["Height"]


def test_comparing_two_pictures_sorts_out_who_is_in_both(client, grace, both):
    answer = client.compare_faces(
        SourceImage={"Bytes": grace}, TargetImage={"Bytes": both}, SimilarityThreshold=99
    )

    assert answer["FaceMatches"][0]["Similarity"] > 99.9
    assert answer["FaceMatches"][0]["Face"]["BoundingBox"]["Left"] < 0.3
    assert any(face["BoundingBox"]["Left"] > 0.6 for face in answer["UnmatchedFaces"])
    assert answer["SourceImageFace"]["Confidence"] > 99
