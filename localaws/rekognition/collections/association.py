"""Which faces become a user's, and what the user's vector is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from localaws.rekognition.collections.records import AssociationFailure, FaceRecord, UnchangedFace
from localaws.rekognition.engine import Floats

#: AWS's quota of faces a user.
MAX_FACES_OF_USER = 100


@dataclass(frozen=True, slots=True)
class Sorted:
    """Faces that change and faces that stay as they are; those that need nothing are in neither."""

    changing: list[FaceRecord]
    unsuccessful: list[UnchangedFace]


def faces_to_associate(
    face_ids: Sequence[str],
    found: Mapping[str, FaceRecord],
    user_id: str,
    cosines: Mapping[str, float],
    min_cosine: float,
) -> Sorted:
    """Sort the faces asked for as AssociateFaces does.

    Parameters
    ----------
    face_ids : sequence of str
    found : mapping of str to FaceRecord
        Those that are there, by id.
    user_id : str
    cosines : mapping of str to float
        Between face and user, by face id; empty where the user has no face yet, and any is taken.
    min_cosine : float
    """
    changing: list[FaceRecord] = []
    unsuccessful: list[UnchangedFace] = []
    for face_id in dict.fromkeys(face_ids):
        face = found.get(face_id)
        if face is None:
            unsuccessful.append(_not_found(face_id))
        elif face.user_id is None:
            cosine = cosines.get(face_id)
            if cosine is not None and cosine < min_cosine:
                reason = AssociationFailure.LOW_MATCH_CONFIDENCE
                unsuccessful.append(UnchangedFace(face_id, None, cosine, (reason,)))
            else:
                changing.append(face)
        elif face.user_id != user_id:
            unsuccessful.append(_of_another(face))
    return Sorted(changing, unsuccessful)


def faces_to_disassociate(face_ids: Sequence[str], found: Mapping[str, FaceRecord], user_id: str) -> Sorted:
    """Sort the faces asked for as DisassociateFaces does; parameters as in `faces_to_associate`."""
    changing: list[FaceRecord] = []
    unsuccessful: list[UnchangedFace] = []
    for face_id in dict.fromkeys(face_ids):
        face = found.get(face_id)
        if face is None:
            unsuccessful.append(_not_found(face_id))
        elif face.user_id == user_id:
            changing.append(face)
        elif face.user_id is not None:
            unsuccessful.append(_of_another(face))
    return Sorted(changing, unsuccessful)


def vector_of_user(vectors: Sequence[Floats]) -> Floats:
    """Return the mean of a user's faces' unit vectors, of length 1, (dimension,), float32.

    A mean of three photos keeps impostors out at a lower threshold than the nearest of the three
    (docs/recognition-accuracy.md).
    """
    mean = np.mean(np.asarray(vectors, np.float64), axis=0)
    return (mean / np.linalg.norm(mean)).astype(np.float32)


def _not_found(face_id: str) -> UnchangedFace:
    return UnchangedFace(face_id, None, None, (AssociationFailure.FACE_NOT_FOUND,))


def _of_another(face: FaceRecord) -> UnchangedFace:
    reason = AssociationFailure.ASSOCIATED_TO_A_DIFFERENT_USER
    return UnchangedFace(face.face_id, face.user_id, None, (reason,))
