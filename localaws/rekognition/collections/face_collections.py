"""Collections as Rekognition knows them: faces go in, are listed, searched and deleted."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from uuid import UUID, uuid4

from localaws.rekognition.collections.database import Database
from localaws.rekognition.collections.errors import (
    CollectionExistsError,
    ForeignModelError,
    UnknownCollectionError,
    UnknownFaceError,
)
from localaws.rekognition.collections.records import Collection, FaceRecord, NewFace
from localaws.rekognition.collections.search_index import SearchIndex
from localaws.rekognition.engine import Floats


@dataclass(frozen=True, slots=True)
class Match:
    """A face found, and the cosine between its vector and the one searched for."""

    face: FaceRecord
    cosine: float


class FaceCollections:
    """All collections of one data directory; threads may share it.

    Parameters
    ----------
    data_dir : Path
        Created where missing; held by this process alone.
    face_model_version : str
        Which vectors come in; collections of another version are listed and deleted but neither
        filled nor searched.
    dimension : int
        Length of a vector.

    Raises
    ------
    DataInUseError
        Another process holds `data_dir`.
    """

    def __init__(self, data_dir: Path, face_model_version: str, dimension: int) -> None:
        self._database = Database(data_dir)
        self._face_model_version = face_model_version
        self._dimension = dimension
        self._indexes: dict[str, SearchIndex] = {}
        #: Keeps disk and memory in step; searches do not take it once their index is loaded.
        self._change = Lock()

    def close(self) -> None:
        """Let go of the data directory."""
        self._database.close()

    def create(self, collection_id: str, tags: dict[str, str]) -> None:
        """Create a collection; raises `CollectionExistsError` where the id is taken."""
        if not self._database.add_collection(collection_id, self._face_model_version, tags):
            raise CollectionExistsError(collection_id)

    def describe(self, collection_id: str) -> Collection:
        """Return a collection; raises `UnknownCollectionError`."""
        collection = self._database.collection(collection_id)
        if collection is None:
            raise UnknownCollectionError(collection_id)
        return collection

    def face_model_version(self, collection_id: str) -> str:
        """Return the version of the model that made a collection; raises `UnknownCollectionError`."""
        version = self._database.collection_version(collection_id)
        if version is None:
            raise UnknownCollectionError(collection_id)
        return version

    def versions(self, after: str, limit: int) -> list[tuple[str, str]]:
        """Return id and FaceModelVersion of collections behind the id `after`, sorted by id."""
        return self._database.collection_versions(after, limit)

    def delete(self, collection_id: str) -> None:
        """Delete a collection with its faces; raises `UnknownCollectionError`."""
        with self._change:
            self._indexes.pop(collection_id, None)
            if not self._database.remove_collection(collection_id):
                raise UnknownCollectionError(collection_id)

    def add_faces(
        self, collection_id: str, image: bytes, external_image_id: str | None, faces: Sequence[NewFace]
    ) -> list[FaceRecord]:
        """Add the faces of an image; when this returns they are on disk and searched.

        A face that the same image has under the same external id already is not added again.

        Parameters
        ----------
        collection_id : str
        image : bytes
            The file, from which the ImageId is made.
        external_image_id : str, optional
        faces : sequence of NewFace

        Returns
        -------
        list of FaceRecord
            One for each of `faces`, in their order.

        Raises
        ------
        UnknownCollectionError, ForeignModelError
        """
        image_id = str(UUID(bytes=hashlib.sha256(image).digest()[:16], version=4))
        with self._change:
            self.check_usable(collection_id)
            index = self._index(collection_id)
            known = self._database.faces_of_image(collection_id, image_id, external_image_id)
            by_box = {record.box: record for record in known}
            fresh = [(str(uuid4()), face) for face in faces if face.box not in by_box]
            added = self._database.add_faces(collection_id, image_id, external_image_id, fresh)
            index.add([(face_id, face.vector) for face_id, face in fresh])
        by_box.update({record.box: record for record in added})
        return [by_box[face.box] for face in faces]

    def faces_after(self, collection_id: str, sequence: int, limit: int) -> list[FaceRecord]:
        """Return faces in the order of indexing; raises `UnknownCollectionError`."""
        self.face_model_version(collection_id)
        return self._database.faces_after(collection_id, sequence, limit)

    def faces_by_id(self, collection_id: str, face_ids: Sequence[str]) -> list[FaceRecord]:
        """Return those of the faces that are there, in the order asked for.

        Raises
        ------
        UnknownCollectionError
        """
        self.face_model_version(collection_id)
        found = self._database.faces_by_id(collection_id, face_ids)
        return [found[face_id] for face_id in dict.fromkeys(face_ids) if face_id in found]

    def delete_faces(self, collection_id: str, face_ids: Sequence[str]) -> list[str]:
        """Delete faces and return the ids that were there; raises `UnknownCollectionError`."""
        with self._change:
            deleted = [face.face_id for face in self.faces_by_id(collection_id, face_ids)]
            self._database.remove_faces(collection_id, deleted)
            if collection_id in self._indexes:
                self._indexes[collection_id].remove(deleted)
        return deleted

    def vector(self, collection_id: str, face_id: str) -> Floats:
        """Return a face's vector, (dimension,).

        Raises
        ------
        UnknownCollectionError, ForeignModelError, UnknownFaceError
        """
        vector = self._loaded_index(collection_id).vector(face_id)
        if vector is None:
            raise UnknownFaceError(face_id)
        return vector

    def search(self, collection_id: str, vector: Floats, limit: int, min_cosine: float) -> list[Match]:
        """Find the faces nearest to a unit vector (dimension,), nearest first.

        Raises
        ------
        UnknownCollectionError, ForeignModelError
        """
        found = self._loaded_index(collection_id).search(vector, limit, min_cosine)
        records = self._database.faces_by_id(collection_id, [face_id for face_id, _ in found])
        return [Match(records[face_id], cosine) for face_id, cosine in found if face_id in records]

    def check_usable(self, collection_id: str) -> None:
        """Check that a collection is there and of this model.

        Raises
        ------
        UnknownCollectionError, ForeignModelError
        """
        version = self.face_model_version(collection_id)
        if version != self._face_model_version:
            raise ForeignModelError(
                f"The collection {collection_id} was made with face model version {version}, this server "
                f"runs {self._face_model_version}; their faces do not compare."
            )

    def _loaded_index(self, collection_id: str) -> SearchIndex:
        index = self._indexes.get(collection_id)
        if index is None:
            with self._change:
                self.check_usable(collection_id)
                index = self._index(collection_id)
        return index

    def _index(self, collection_id: str) -> SearchIndex:
        """Return the index, loaded from disk the first time; the caller holds `_change`."""
        index = self._indexes.get(collection_id)
        if index is None:
            index = SearchIndex(self._dimension, self._database.vectors(collection_id))
            self._indexes[collection_id] = index
        return index
