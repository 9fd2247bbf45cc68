"""Collections of faces: kept on disk, searched in memory; no HTTP and no pictures."""

from localaws.rekognition.collections.errors import (
    CollectionExistsError,
    CollectionsError,
    DataInUseError,
    ForeignModelError,
    UnknownCollectionError,
    UnknownFaceError,
)
from localaws.rekognition.collections.face_collections import FaceCollections, Match
from localaws.rekognition.collections.records import Collection, FaceRecord, NewFace, RelativeBox

__all__ = [
    "Collection",
    "CollectionExistsError",
    "CollectionsError",
    "DataInUseError",
    "FaceCollections",
    "FaceRecord",
    "ForeignModelError",
    "Match",
    "NewFace",
    "RelativeBox",
    "UnknownCollectionError",
    "UnknownFaceError",
]
