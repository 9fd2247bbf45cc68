"""Users: faces taken together, searched by what they have in common."""

from collections.abc import Sequence
from typing import Any

from localaws.rekognition.collections import UnchangedFace, UserMatch
from localaws.rekognition.engine import DetectedFace
from localaws.rekognition.protocol.errors import invalid_parameter
from localaws.rekognition.protocol.paging import make_token, read_token
from localaws.rekognition.protocol.presentation import face_detail
from localaws.rekognition.protocol.service import (
    DEFAULT_MATCHES,
    DEFAULT_THRESHOLD,
    Call,
    Service,
    analyze,
)

#: "The value ranges from 0-100 and default value is 75" (AssociateFaces).
_ASSOCIATION_THRESHOLD = 75.0
_PAGE = 100


def create_user(service: Service, call: Call) -> dict[str, Any]:
    """Create a user without faces."""
    service.collections.create_user(call.parameters["CollectionId"], call.parameters["UserId"])
    return {}


def delete_user(service: Service, call: Call) -> dict[str, Any]:
    """Delete a user; the faces stay in the collection."""
    service.collections.delete_user(call.parameters["CollectionId"], call.parameters["UserId"])
    return {}


def list_users(service: Service, call: Call) -> dict[str, Any]:
    """List users by id, a page at a time."""
    collection_id = call.parameters["CollectionId"]
    limit = call.parameters.get("MaxResults", _PAGE)
    listing = f"users of {collection_id}"
    after = read_token(listing, call.parameters.get("NextToken"))
    found = service.collections.users_after(collection_id, after, limit + 1)
    page = found[:limit]
    return {
        "Users": [{"UserId": user.user_id, "UserStatus": user.status} for user in page],
        "NextToken": make_token(listing, page[-1].user_id) if len(found) > limit else None,
    }


def associate_faces(service: Service, call: Call) -> dict[str, Any]:
    """Add faces to a user, those that resemble the ones it has."""
    parameters = call.parameters
    threshold = parameters.get("UserMatchThreshold", _ASSOCIATION_THRESHOLD)
    done = service.collections.associate_faces(
        parameters["CollectionId"],
        parameters["UserId"],
        parameters["FaceIds"],
        service.engine.cosine(threshold),
    )
    return {
        "AssociatedFaces": [{"FaceId": face_id} for face_id in done.associated],
        "UnsuccessfulFaceAssociations": [
            {**_unchanged(face), "Confidence": _similarity(service, face.cosine)}
            for face in done.unsuccessful
        ],
        "UserStatus": done.status,
    }


def disassociate_faces(service: Service, call: Call) -> dict[str, Any]:
    """Take faces from a user."""
    parameters = call.parameters
    done = service.collections.disassociate_faces(
        parameters["CollectionId"], parameters["UserId"], parameters["FaceIds"]
    )
    return {
        "DisassociatedFaces": [{"FaceId": face_id} for face_id in done.disassociated],
        "UnsuccessfulFaceDisassociations": [_unchanged(face) for face in done.unsuccessful],
        "UserStatus": done.status,
    }


def search_users(service: Service, call: Call) -> dict[str, Any]:
    """Find the users that resemble a face or another user of the collection."""
    parameters = call.parameters
    collection_id, user_id, face_id = (
        parameters["CollectionId"],
        parameters.get("UserId"),
        parameters.get("FaceId"),
    )
    if (user_id is None) == (face_id is None):
        raise invalid_parameter("Either UserId or FaceId is searched for")
    if user_id is not None:
        searched: dict[str, Any] = {"SearchedUser": {"UserId": user_id}}
        vector = service.collections.user_vector(collection_id, user_id)
    else:
        searched = {"SearchedFace": {"FaceId": face_id}}
        vector = service.collections.vector(collection_id, str(face_id))
    limit = _limit(call)
    # A user without faces resembles nobody; one with faces most of all itself.
    matches = (
        service.collections.search_users(collection_id, vector, limit + 1, _min_cosine(service, call))
        if vector is not None
        else []
    )
    others = [match for match in matches if match.user_id != user_id]
    return {
        **searched,
        "UserMatches": _user_matches(service, others[:limit]),
        "FaceModelVersion": service.engine.face_model_version,
    }


def search_users_by_image(service: Service, call: Call) -> dict[str, Any]:
    """Find the users that resemble the face an image is about; the other faces are told about."""
    parameters = call.parameters
    collection_id = parameters["CollectionId"]
    service.collections.check_usable(collection_id)
    data = service.images.read(parameters["Image"])
    matches: list[UserMatch] = []
    with service.computing:
        # All of them, small ones too: the answer tells of the faces that were not searched for.
        faces = analyze(service, data)
        searched, others = _sort_out(faces, parameters.get("QualityFilter", "NONE"))
        if searched is not None:
            matches = service.collections.search_users(
                collection_id, searched.embedding.vector, _limit(call), _min_cosine(service, call)
            )
    return {
        "SearchedFace": None if searched is None else {"FaceDetail": face_detail(searched)},
        "UserMatches": _user_matches(service, matches),
        "UnsearchedFaces": [
            {"FaceDetails": face_detail(face), "Reasons": reasons} for face, reasons in others
        ],
        "FaceModelVersion": service.engine.face_model_version,
    }


def _sort_out(
    faces: Sequence[DetectedFace], quality_filter: str
) -> tuple[DetectedFace | None, list[tuple[DetectedFace, list[str]]]]:
    """Choose the first face good enough; the others come with the reasons why not they."""
    searched: DetectedFace | None = None
    others: list[tuple[DetectedFace, list[str]]] = []
    for face in faces:
        reasons = [reason.value for reason in face.shortcomings(quality_filter)]
        if searched is None and not reasons:
            searched = face
        else:
            others.append((face, reasons if searched is None else ["FACE_NOT_LARGEST", *reasons]))
    return searched, others


def _limit(call: Call) -> int:
    return call.parameters.get("MaxUsers", DEFAULT_MATCHES)


def _min_cosine(service: Service, call: Call) -> float:
    return service.engine.cosine(call.parameters.get("UserMatchThreshold", DEFAULT_THRESHOLD))


def _similarity(service: Service, cosine: float | None) -> float | None:
    return None if cosine is None else service.engine.similarity(cosine)


def _unchanged(face: UnchangedFace) -> dict[str, Any]:
    return {"FaceId": face.face_id, "UserId": face.user_id, "Reasons": face.reasons}


def _user_matches(service: Service, matches: Sequence[UserMatch]) -> list[dict[str, Any]]:
    return [
        {
            "Similarity": service.engine.similarity(match.cosine),
            "User": {"UserId": match.user_id, "UserStatus": match.status},
        }
        for match in matches
    ]
