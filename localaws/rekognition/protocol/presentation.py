"""Faces in Rekognition's words.

What is not known (age, emotions, whether eyes are open ...) is left out, never made up.
"""

from collections.abc import Collection
from typing import Any

from localaws.rekognition.collections import FaceRecord, RelativeBox
from localaws.rekognition.engine import Box, DetectedFace

#: Rekognition's landmarks by the iBUG points whose mean they are; left and right are the image's.
_FIVE = {
    "eyeLeft": range(36, 42),
    "eyeRight": range(42, 48),
    "mouthLeft": (48,),
    "mouthRight": (54,),
    "nose": (30,),
}
_MORE = {
    "leftEyeBrowLeft": (17,),
    "leftEyeBrowRight": (21,),
    "leftEyeBrowUp": (19,),
    "rightEyeBrowLeft": (22,),
    "rightEyeBrowRight": (26,),
    "rightEyeBrowUp": (24,),
    "leftEyeLeft": (36,),
    "leftEyeRight": (39,),
    "leftEyeUp": (37, 38),
    "leftEyeDown": (40, 41),
    "rightEyeLeft": (42,),
    "rightEyeRight": (45,),
    "rightEyeUp": (43, 44),
    "rightEyeDown": (46, 47),
    "noseLeft": (31,),
    "noseRight": (35,),
    "mouthUp": (51,),
    "mouthDown": (57,),
    "upperJawlineLeft": (0,),
    "midJawlineLeft": (4,),
    "chinBottom": (8,),
    "midJawlineRight": (12,),
    "upperJawlineRight": (16,),
}


def face_detail(face: DetectedFace, attributes: Collection[str] = ()) -> dict[str, Any]:
    """Return a FaceDetail: the default attributes, and of those asked for the ones that are known.

    ALL brings all landmarks as well.
    """
    everything = "ALL" in attributes
    detail = {**compared_face(face), "Landmarks": _landmarks(face, _FIVE | _MORE if everything else _FIVE)}
    mouth = face.mouth_open if everything or "MOUTH_OPEN" in attributes else None
    if mouth is not None:
        detail["MouthOpen"] = {"Value": mouth.value, "Confidence": mouth.confidence}
    return detail


def compared_face(face: DetectedFace) -> dict[str, Any]:
    """Return a ComparedFace."""
    return {
        "BoundingBox": bounding_box(relative_box(face)),
        "Confidence": face.confidence,
        "Landmarks": _landmarks(face, _FIVE),
        "Pose": {"Yaw": face.pose.yaw, "Pitch": face.pose.pitch, "Roll": face.pose.roll},
        "Quality": {"Brightness": face.quality.brightness, "Sharpness": face.quality.sharpness},
    }


def stored_face(record: FaceRecord, face_model_version: str) -> dict[str, Any]:
    """Return a Face."""
    return {
        "FaceId": record.face_id,
        "BoundingBox": bounding_box(record.box),
        "ImageId": record.image_id,
        "ExternalImageId": record.external_image_id,
        "Confidence": record.confidence,
        "IndexFacesModelVersion": face_model_version,
        "UserId": record.user_id,
    }


def relative_box(face: DetectedFace) -> RelativeBox:
    """Return a detected face's place in fractions of its picture."""
    width, height = face.picture_size
    box: Box = face.box
    return RelativeBox(box.left / width, box.top / height, box.width / width, box.height / height)


def bounding_box(box: RelativeBox) -> dict[str, float]:
    """Return a BoundingBox."""
    return {"Left": box.left, "Top": box.top, "Width": box.width, "Height": box.height}


def _landmarks(face: DetectedFace, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    width, height = face.picture_size
    places = {name: face.landmarks[list(points)].mean(axis=0) for name, points in wanted.items()}
    return [{"Type": name, "X": float(x) / width, "Y": float(y) / height} for name, (x, y) in places.items()]
