"""IndexFaces, ListFaces, DeleteFaces, SearchFaces, SearchFacesByImage."""

from collections.abc import Sequence
from typing import Any

from localaws.rekognition.collections import FaceRecord, Match, NewFace
from localaws.rekognition.engine import DetectedFace
from localaws.rekognition.protocol.paging import make_token, read_token
from localaws.rekognition.protocol.presentation import bounding_box, face_detail, relative_box, stored_face
from localaws.rekognition.protocol.service import (
    DEFAULT_MATCHES,
    DEFAULT_THRESHOLD,
    Call,
    Service,
    analyze,
    most_prominent_face,
)

_PAGE = 1000
_EXCEEDS_MAX_FACES = "EXCEEDS_MAX_FACES"


def index_faces(service: Service, call: Call) -> dict[str, Any]:
    """Add the faces of an image to a collection, the most prominent first."""
    parameters = call.parameters
    collection_id = parameters["CollectionId"]
    service.collections.check_usable(collection_id)
    data = service.images.read(parameters["Image"])
    with service.computing:
        faces = analyze(service, data)
        taken, left = _sort_out(faces, parameters.get("QualityFilter", "AUTO"), parameters.get("MaxFaces"))
        new = [NewFace(relative_box(face), face.confidence, face.embedding.vector) for face in taken]
    records = service.collections.add_faces(collection_id, data, parameters.get("ExternalImageId"), new)
    attributes = parameters.get("DetectionAttributes", [])
    version = service.engine.face_model_version
    return {
        "FaceRecords": [
            {"Face": stored_face(record, version), "FaceDetail": face_detail(face, attributes)}
            for record, face in zip(records, taken, strict=True)
        ],
        "UnindexedFaces": [
            {"Reasons": reasons, "FaceDetail": face_detail(face, attributes)} for face, reasons in left
        ],
        "FaceModelVersion": version,
    }


def list_faces(service: Service, call: Call) -> dict[str, Any]:
    """List faces in the order of indexing, a page at a time: all, a user's, or those of given ids."""
    parameters = call.parameters
    collection_id, user_id = parameters["CollectionId"], parameters.get("UserId")
    version = service.collections.face_model_version(collection_id)
    if user_id is not None:
        service.collections.user(collection_id, user_id)
    limit = parameters.get("MaxResults") or _PAGE
    listing = f"faces of {collection_id}"
    after = int(read_token(listing, parameters.get("NextToken")) or 0)
    if "FaceIds" in parameters:
        by_id = service.collections.faces_by_id(collection_id, parameters["FaceIds"])
        wanted = [face for face in by_id if face.sequence > after and user_id in {None, face.user_id}]
        found = sorted(wanted, key=lambda face: face.sequence)
    else:
        found = service.collections.faces_after(collection_id, after, limit + 1, user_id)
    page = found[:limit]
    return {
        "Faces": [stored_face(face, version) for face in page],
        "NextToken": make_token(listing, str(page[-1].sequence)) if len(found) > limit else None,
        "FaceModelVersion": version,
    }


def delete_faces(service: Service, call: Call) -> dict[str, Any]:
    """Delete faces; a user's faces stay, and are named like those that are not there."""
    collection_id: str = call.parameters["CollectionId"]
    face_ids = list(dict.fromkeys(call.parameters["FaceIds"]))
    found = service.collections.faces_by_id(collection_id, face_ids)
    users = {face.face_id: face.user_id for face in found if face.user_id is not None}
    deleted = service.collections.delete_faces(
        collection_id, [face_id for face_id in face_ids if face_id not in users]
    )
    gone = set(deleted)
    return {
        "DeletedFaces": deleted,
        "UnsuccessfulFaceDeletions": [
            {"FaceId": face_id, "UserId": users[face_id], "Reasons": ["ASSOCIATED_TO_AN_EXISTING_USER"]}
            if face_id in users
            else {"FaceId": face_id, "Reasons": ["FACE_NOT_FOUND"]}
            for face_id in face_ids
            if face_id not in gone
        ],
    }


def search_faces(service: Service, call: Call) -> dict[str, Any]:
    """Find the faces of a collection that resemble one of them, without that one."""
    collection_id, face_id = call.parameters["CollectionId"], call.parameters["FaceId"]
    vector = service.collections.vector(collection_id, face_id)
    limit = call.parameters.get("MaxFaces", DEFAULT_MATCHES)
    matches = service.collections.search(collection_id, vector, limit + 1, _min_cosine(service, call))
    others = [match for match in matches if match.face.face_id != face_id]
    return {
        "SearchedFaceId": face_id,
        "FaceMatches": _face_matches(service, others[:limit]),
        "FaceModelVersion": service.engine.face_model_version,
    }


def search_faces_by_image(service: Service, call: Call) -> dict[str, Any]:
    """Find the faces of a collection that resemble the one an image is about."""
    parameters = call.parameters
    collection_id = parameters["CollectionId"]
    service.collections.check_usable(collection_id)
    data = service.images.read(parameters["Image"])
    limit = parameters.get("MaxFaces", DEFAULT_MATCHES)
    with service.computing:
        face = most_prominent_face(service, data, parameters.get("QualityFilter", "NONE"))
        matches = service.collections.search(
            collection_id, face.embedding.vector, limit, _min_cosine(service, call)
        )
    return {
        "SearchedFaceBoundingBox": bounding_box(relative_box(face)),
        "SearchedFaceConfidence": face.confidence,
        "FaceMatches": _face_matches(service, matches),
        "FaceModelVersion": service.engine.face_model_version,
    }


def _sort_out(
    faces: Sequence[DetectedFace], quality_filter: str, max_faces: int | None
) -> tuple[list[DetectedFace], list[tuple[DetectedFace, list[str]]]]:
    """Split faces into those to be indexed and the others, each with the reasons why not."""
    taken: list[DetectedFace] = []
    left: list[tuple[DetectedFace, list[str]]] = []
    for face in faces:
        reasons: list[str] = [reason.value for reason in face.shortcomings(quality_filter)]
        if max_faces is not None and len(taken) >= max_faces:
            reasons.insert(0, _EXCEEDS_MAX_FACES)
        if reasons:
            left.append((face, reasons))
        else:
            taken.append(face)
    return taken, left


def _min_cosine(service: Service, call: Call) -> float:
    return service.engine.cosine(call.parameters.get("FaceMatchThreshold", DEFAULT_THRESHOLD))


def _face_matches(service: Service, matches: Sequence[Match]) -> list[dict[str, Any]]:
    version = service.engine.face_model_version

    def shown(face: FaceRecord) -> dict[str, Any]:
        return stored_face(face, version)

    return [
        {"Similarity": service.engine.similarity(match.cosine), "Face": shown(match.face)}
        for match in matches
    ]
