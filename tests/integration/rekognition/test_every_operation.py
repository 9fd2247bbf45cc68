"""Every face operation of the API, by botocore's own client; conftest checks each raw answer."""

import pytest

from localaws.rekognition.protocol.operations import HANDLERS

#: Amazon Rekognition's operations on collections, faces and users, and on the faces of an image.
FACE_OPERATIONS = [
    "AssociateFaces",
    "CompareFaces",
    "CreateCollection",
    "CreateUser",
    "DeleteCollection",
    "DeleteFaces",
    "DeleteUser",
    "DescribeCollection",
    "DetectFaces",
    "DisassociateFaces",
    "IndexFaces",
    "ListCollections",
    "ListFaces",
    "ListTagsForResource",
    "ListUsers",
    "SearchFaces",
    "SearchFacesByImage",
    "SearchUsers",
    "SearchUsersByImage",
    "TagResource",
    "UntagResource",
]


@pytest.fixture(scope="module")
def answers(server, client_of, grace, both):
    """One session through all operations; each answer by its operation."""
    client = client_of(server.url)
    image, people = {"Image": {"Bytes": grace}}, {"CollectionId": "session"}
    user = people | {"UserId": "grace"}
    found = {"CreateCollection": client.create_collection(**people, Tags={"team": "doors"})}
    arn = {"ResourceArn": f"arn:{found['CreateCollection']['CollectionArn']}"}
    found["TagResource"] = client.tag_resource(**arn, Tags={"floor": "2"})
    found["UntagResource"] = client.untag_resource(**arn, TagKeys=["team"])
    found["ListTagsForResource"] = client.list_tags_for_resource(**arn)
    found["DetectFaces"] = client.detect_faces(**image, Attributes=["ALL"])
    found["CompareFaces"] = client.compare_faces(SourceImage={"Bytes": grace}, TargetImage={"Bytes": both})
    found["IndexFaces"] = client.index_faces(**people, Image={"Bytes": both}, ExternalImageId="both")
    faces = [record["Face"]["FaceId"] for record in found["IndexFaces"]["FaceRecords"]]
    found["CreateUser"] = client.create_user(**user)
    found["AssociateFaces"] = client.associate_faces(**user, FaceIds=faces[:1])
    found["ListUsers"] = client.list_users(**people)
    found["ListFaces"] = client.list_faces(**people)
    found["SearchFaces"] = client.search_faces(**people, FaceId=faces[0], FaceMatchThreshold=0)
    found["SearchFacesByImage"] = client.search_faces_by_image(**people, **image)
    found["SearchUsers"] = client.search_users(**people, FaceId=faces[0])
    found["SearchUsersByImage"] = client.search_users_by_image(**people, Image={"Bytes": both})
    found["DescribeCollection"] = client.describe_collection(**people)
    found["ListCollections"] = client.list_collections()
    found["DisassociateFaces"] = client.disassociate_faces(**user, FaceIds=faces)
    found["DeleteUser"] = client.delete_user(**user)
    found["DeleteFaces"] = client.delete_faces(**people, FaceIds=faces)
    found["DeleteCollection"] = client.delete_collection(**people)
    return found


@pytest.mark.parametrize("operation", FACE_OPERATIONS)
def test_an_operation_answers_as_the_service_model_says(answers, operation):
    assert answers[operation]["ResponseMetadata"]["HTTPStatusCode"] == 200


#: What an answer of a session with faces, users and tags has to hold, where the model requires nothing.
@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("AssociateFaces", {"AssociatedFaces", "UnsuccessfulFaceAssociations", "UserStatus"}),
        ("CompareFaces", {"FaceMatches", "SourceImageFace", "UnmatchedFaces"}),
        ("CreateCollection", {"CollectionArn", "FaceModelVersion", "StatusCode"}),
        ("CreateUser", set()),
        ("DeleteCollection", {"StatusCode"}),
        ("DeleteFaces", {"DeletedFaces", "UnsuccessfulFaceDeletions"}),
        ("DeleteUser", set()),
        (
            "DescribeCollection",
            {"CollectionARN", "CreationTimestamp", "FaceCount", "FaceModelVersion", "UserCount"},
        ),
        ("DetectFaces", {"FaceDetails"}),
        ("DisassociateFaces", {"DisassociatedFaces", "UnsuccessfulFaceDisassociations", "UserStatus"}),
        ("IndexFaces", {"FaceModelVersion", "FaceRecords", "UnindexedFaces"}),
        ("ListCollections", {"CollectionIds", "FaceModelVersions"}),
        ("ListFaces", {"FaceModelVersion", "Faces"}),
        ("ListTagsForResource", {"Tags"}),
        ("ListUsers", {"Users"}),
        ("SearchFaces", {"FaceMatches", "FaceModelVersion", "SearchedFaceId"}),
        (
            "SearchFacesByImage",
            {"FaceMatches", "FaceModelVersion", "SearchedFaceBoundingBox", "SearchedFaceConfidence"},
        ),
        ("SearchUsers", {"FaceModelVersion", "SearchedFace", "UserMatches"}),
        ("SearchUsersByImage", {"FaceModelVersion", "SearchedFace", "UnsearchedFaces", "UserMatches"}),
        ("TagResource", set()),
        ("UntagResource", set()),
    ],
)
def test_an_answer_holds_what_aws_puts_into_it(answers, operation, members):
    assert set(answers[operation]) - {"ResponseMetadata"} == members


def test_no_operation_beyond_these_is_offered_and_none_is_missing():
    assert sorted(HANDLERS) == FACE_OPERATIONS
