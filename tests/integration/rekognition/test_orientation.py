"""Photos that a camera turned: boxes and landmarks lie where they do in the upright picture."""

import struct

import cv2
import pytest

from localaws.rekognition.engine import decode_image

#: How upright pixels have to be stored so that the orientation turns them upright again.
STORED = {3: cv2.ROTATE_180, 6: cv2.ROTATE_90_COUNTERCLOCKWISE, 8: cv2.ROTATE_90_CLOCKWISE}


def turned(upright, orientation):
    jpeg = cv2.imencode(".jpg", cv2.rotate(upright, STORED[orientation]), [cv2.IMWRITE_JPEG_QUALITY, 95])[1]
    tiff = b"II*\0" + struct.pack("<IHHHIII", 8, 1, 0x0112, 3, 1, orientation, 0)
    exif = b"Exif\0\0" + tiff
    return jpeg[:2].tobytes() + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:].tobytes()


@pytest.mark.parametrize("orientation", STORED)
def test_boxes_and_landmarks_refer_to_the_upright_picture(client, grace, orientation):
    upright = decode_image(grace)[..., ::-1]

    (expected,) = client.detect_faces(Image={"Bytes": grace})["FaceDetails"]
    answer = client.detect_faces(Image={"Bytes": turned(upright, orientation)})

    (found,) = answer["FaceDetails"]
    assert found["BoundingBox"] == pytest.approx(expected["BoundingBox"], abs=0.02)
    for one, other in zip(found["Landmarks"], expected["Landmarks"], strict=True):
        assert (one["X"], one["Y"]) == pytest.approx((other["X"], other["Y"]), abs=0.02)
    # "The value of OrientationCorrection is always null" (DetectFaces).
    assert "OrientationCorrection" not in answer


def test_a_turned_photo_is_compared_and_searched_like_an_upright_one(client, collection, grace):
    sideways = turned(decode_image(grace)[..., ::-1], 6)
    client.index_faces(CollectionId=collection, Image={"Bytes": sideways})

    compared = client.compare_faces(SourceImage={"Bytes": grace}, TargetImage={"Bytes": sideways})
    found = client.search_faces_by_image(CollectionId=collection, Image={"Bytes": grace})

    assert compared["FaceMatches"][0]["Similarity"] > 99.9
    assert found["FaceMatches"][0]["Similarity"] > 99.9
