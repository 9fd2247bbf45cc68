"""DetectFaces and CompareFaces, which store nothing."""

from typing import Any

from localaws.rekognition.engine import DetectedFace
from localaws.rekognition.protocol.presentation import (
    bounding_box,
    compared_face,
    face_detail,
    relative_box,
)
from localaws.rekognition.protocol.service import (
    DEFAULT_THRESHOLD,
    Call,
    Service,
    analyze,
    most_prominent_face,
)


def detect_faces(service: Service, call: Call) -> dict[str, Any]:
    """Describe every face of an image."""
    data = service.images.read(call.parameters["Image"])
    attributes = call.parameters.get("Attributes", [])
    with service.computing:
        faces = analyze(service, data)
        return {"FaceDetails": [face_detail(face, attributes) for face in faces]}


def compare_faces(service: Service, call: Call) -> dict[str, Any]:
    """Compare the most prominent face of one image with every face of another."""
    parameters = call.parameters
    quality_filter = parameters.get("QualityFilter", "NONE")
    threshold = parameters.get("SimilarityThreshold", DEFAULT_THRESHOLD)
    source_data = service.images.read(parameters["SourceImage"])
    target_data = service.images.read(parameters["TargetImage"])
    with service.computing:
        source = most_prominent_face(service, source_data, quality_filter, "source image")
        target = analyze(service, target_data)
        compared = [
            (_similarity(service, source, face), face)
            for face in target
            if not face.shortcomings(quality_filter)
        ]
    compared.sort(key=lambda pair: pair[0], reverse=True)
    return {
        "SourceImageFace": {
            "BoundingBox": bounding_box(relative_box(source)),
            "Confidence": source.confidence,
        },
        "FaceMatches": [
            {"Similarity": similarity, "Face": compared_face(face)}
            for similarity, face in compared
            if similarity >= threshold
        ],
        "UnmatchedFaces": [compared_face(face) for similarity, face in compared if similarity < threshold],
    }


def _similarity(service: Service, one: DetectedFace, other: DetectedFace) -> float:
    return service.engine.similarity(float(one.embedding.vector @ other.embedding.vector))
