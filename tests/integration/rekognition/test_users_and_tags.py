"""Users and tags, over the wire."""

import pytest
from botocore.exceptions import ClientError

NOBODY = "00000000-0000-4000-8000-000000000000"


def refused(call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"]


@pytest.fixture
def faces(client, collection, grace, eileen):
    """Two faces of Grace and one of Eileen."""
    return [
        client.index_faces(CollectionId=collection, Image={"Bytes": image}, ExternalImageId=name)[
            "FaceRecords"
        ][0]["Face"]["FaceId"]
        for name, image in (("g1", grace), ("g2", grace), ("e1", eileen))
    ]


@pytest.fixture
def user(client, collection, faces):
    """Grace, with her first face."""
    client.create_user(CollectionId=collection, UserId="grace")
    client.associate_faces(CollectionId=collection, UserId="grace", FaceIds=faces[:1])
    return {"CollectionId": collection, "UserId": "grace"}


def test_a_user_becomes_active_with_the_first_face(client, collection, faces):
    client.create_user(CollectionId=collection, UserId="grace")
    created = client.list_users(CollectionId=collection)["Users"]
    associated = client.associate_faces(CollectionId=collection, UserId="grace", FaceIds=faces[:2])

    assert created == [{"UserId": "grace", "UserStatus": "CREATED"}]
    assert associated["AssociatedFaces"] == [{"FaceId": face_id} for face_id in faces[:2]]
    assert associated["UserStatus"] == "ACTIVE"
    assert client.describe_collection(CollectionId=collection)["UserCount"] == 1


def test_associating_names_the_faces_that_do_not_belong_with_their_reasons(client, collection, user, faces):
    client.create_user(CollectionId=collection, UserId="eileen")
    unlike = client.associate_faces(**user, FaceIds=[faces[2], NOBODY])["UnsuccessfulFaceAssociations"]
    client.associate_faces(CollectionId=collection, UserId="eileen", FaceIds=[faces[2]])
    taken = client.associate_faces(**user, FaceIds=[faces[2]])["UnsuccessfulFaceAssociations"]

    assert [face["Reasons"] for face in unlike] == [["LOW_MATCH_CONFIDENCE"], ["FACE_NOT_FOUND"]]
    assert unlike[0]["Confidence"] < 75
    assert taken == [{"FaceId": faces[2], "UserId": "eileen", "Reasons": ["ASSOCIATED_TO_A_DIFFERENT_USER"]}]


def test_a_threshold_of_zero_takes_any_face(client, user, faces):
    answer = client.associate_faces(**user, FaceIds=[faces[2]], UserMatchThreshold=0)

    assert answer["AssociatedFaces"] == [{"FaceId": faces[2]}]


def test_users_are_found_by_image_by_face_and_by_another_user(client, collection, user, faces, both):
    client.create_user(CollectionId=collection, UserId="twin")
    client.associate_faces(CollectionId=collection, UserId="twin", FaceIds=[faces[1]])

    by_image = client.search_users_by_image(CollectionId=collection, Image={"Bytes": both})
    by_face = client.search_users(CollectionId=collection, FaceId=faces[0], MaxUsers=1)
    by_user = client.search_users(**user)

    assert {match["User"]["UserId"] for match in by_image["UserMatches"]} == {"grace", "twin"}
    assert by_image["SearchedFace"]["FaceDetail"]["BoundingBox"]["Left"] < 0.3
    assert {reason for face in by_image["UnsearchedFaces"] for reason in face["Reasons"]} == {
        "FACE_NOT_LARGEST"
    }
    assert len(by_face["UserMatches"]) == 1
    assert by_face["SearchedFace"] == {"FaceId": faces[0]}
    assert [match["User"] for match in by_user["UserMatches"]] == [{"UserId": "twin", "UserStatus": "ACTIVE"}]
    assert by_user["SearchedUser"] == {"UserId": "grace"}


def test_an_image_without_a_face_finds_no_user_and_says_so(client, collection, chelsea):
    answer = client.search_users_by_image(CollectionId=collection, Image={"Bytes": chelsea})

    assert answer["UserMatches"] == []
    assert "SearchedFace" not in answer


def test_a_user_without_faces_resembles_nobody(client, collection, user):
    client.create_user(CollectionId=collection, UserId="empty")

    assert client.search_users(CollectionId=collection, UserId="empty")["UserMatches"] == []


def test_users_are_searched_by_one_thing(client, collection, user, faces):
    assert refused(client.search_users, CollectionId=collection) == "InvalidParameterException"
    assert refused(client.search_users, **user, FaceId=faces[0]) == "InvalidParameterException"
    assert refused(client.search_users, CollectionId=collection, FaceId=NOBODY) == "InvalidParameterException"


def test_faces_are_listed_by_user_and_name_it(client, user, faces):
    listed = client.list_faces(**user)["Faces"]

    assert [(face["FaceId"], face["UserId"]) for face in listed] == [(faces[0], "grace")]
    chosen = client.list_faces(**user, FaceIds=faces)["Faces"]
    assert [face["FaceId"] for face in chosen] == faces[:1]


def test_a_face_of_a_user_is_deleted_only_once_disassociated(client, collection, user, faces):
    kept = client.delete_faces(CollectionId=collection, FaceIds=[faces[0], faces[1]])
    disassociated = client.disassociate_faces(**user, FaceIds=[faces[0]])
    deleted = client.delete_faces(CollectionId=collection, FaceIds=[faces[0]])

    assert kept["DeletedFaces"] == [faces[1]]
    assert kept["UnsuccessfulFaceDeletions"] == [
        {"FaceId": faces[0], "UserId": "grace", "Reasons": ["ASSOCIATED_TO_AN_EXISTING_USER"]}
    ]
    assert disassociated["DisassociatedFaces"] == [{"FaceId": faces[0]}]
    assert disassociated["UserStatus"] == "CREATED"
    assert deleted["DeletedFaces"] == [faces[0]]


def test_deleting_a_user_leaves_its_faces(client, collection, user, faces):
    client.delete_user(**user)

    assert client.list_users(CollectionId=collection)["Users"] == []
    assert all("UserId" not in face for face in client.list_faces(CollectionId=collection)["Faces"])
    assert client.delete_faces(CollectionId=collection, FaceIds=faces)["DeletedFaces"] == faces


def test_users_are_listed_page_by_page(client, collection):
    names = [f"{number}-" + "x" * 120 for number in range(5)]
    for name in names:
        client.create_user(CollectionId=collection, UserId=name)

    pages = list(
        client.get_paginator("list_users").paginate(CollectionId=collection, PaginationConfig={"PageSize": 2})
    )

    assert [user["UserId"] for page in pages for user in page["Users"]] == names
    assert [len(page["Users"]) for page in pages] == [2, 2, 1]


def test_a_user_id_is_given_once_and_an_unknown_user_is_not_found(client, collection, user):
    assert refused(client.create_user, **user) == "ConflictException"
    unknown = {"CollectionId": collection, "UserId": "nobody"}
    assert refused(client.delete_user, **unknown) == "ResourceNotFoundException"
    assert refused(client.search_users, **unknown) == "ResourceNotFoundException"
    for call in (client.associate_faces, client.disassociate_faces):
        assert refused(call, **unknown, FaceIds=[NOBODY]) == "ResourceNotFoundException"


def test_a_request_that_is_sent_again_is_carried_out_once(client, collection, faces):
    user = {"CollectionId": collection, "UserId": "grace"}
    for _ in range(2):
        client.create_user(**user, ClientRequestToken="create")
    first, second = (
        client.associate_faces(**user, FaceIds=faces[:1], ClientRequestToken="associate") for _ in range(2)
    )

    assert second["AssociatedFaces"] == first["AssociatedFaces"] == [{"FaceId": faces[0]}]
    mismatch = refused(client.associate_faces, **user, FaceIds=faces[1:2], ClientRequestToken="associate")
    assert mismatch == "IdempotentParameterMismatchException"


def test_a_request_that_failed_may_be_sent_again(client, collection):
    user = {"CollectionId": collection, "UserId": "late"}

    assert refused(client.delete_user, **user, ClientRequestToken="t") == "ResourceNotFoundException"
    client.create_user(**user)
    client.delete_user(**user, ClientRequestToken="t")

    assert client.list_users(CollectionId=collection)["Users"] == []


def test_a_collection_keeps_tags_which_come_and_go(client):
    arn = "arn:" + client.create_collection(CollectionId="tagged", Tags={"a": "1"})["CollectionArn"]
    client.tag_resource(ResourceArn=arn, Tags={"a": "2", "größe": ""})
    both = client.list_tags_for_resource(ResourceArn=arn)["Tags"]
    client.untag_resource(ResourceArn=arn, TagKeys=["a", "unknown"])
    left = client.list_tags_for_resource(ResourceArn=arn)["Tags"]
    client.delete_collection(CollectionId="tagged")

    assert (both, left) == ({"a": "2", "größe": ""}, {"größe": ""})
    assert refused(client.list_tags_for_resource, ResourceArn=arn) == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        ("arn:aws:rekognition:us-east-1:000000000000:collection/nowhere", "ResourceNotFoundException"),
        ("arn:aws:rekognition:us-east-1:999999999999:collection/nowhere", "ResourceNotFoundException"),
        ("arn:aws:rekognition:us-east-1:000000000000:streamprocessor/x", "ResourceNotFoundException"),
        ("arn:aws:s3:::a-bucket-of-mine", "InvalidParameterException"),
    ],
)
def test_only_collections_have_tags(client, arn, code):
    assert refused(client.tag_resource, ResourceArn=arn, Tags={"a": "1"}) == code


@pytest.mark.parametrize("tags", [{"aws:mine": "x"}, {"a": "x" * 257}, {"a;b": "x"}])
def test_tags_that_aws_forbids_are_refused(client, collection, tags):
    arn = client.describe_collection(CollectionId=collection)["CollectionARN"]

    assert refused(client.tag_resource, ResourceArn=arn, Tags=tags) == "ValidationException"


def test_more_tags_than_a_collection_may_have_exceed_its_quota(client, collection):
    arn = client.describe_collection(CollectionId=collection)["CollectionARN"]
    client.tag_resource(ResourceArn=arn, Tags={f"first-{number}": "" for number in range(40)})

    more = {f"more-{number}": "" for number in range(200)}
    assert refused(client.tag_resource, ResourceArn=arn, Tags=more) == "ServiceQuotaExceededException"
