"""Collections as Rekognition knows them: faces go in, become users, are listed, searched and deleted."""

import hashlib
from collections.abc import Mapping, Sequence
from uuid import UUID, uuid4

from localaws.rekognition.collections.errors import (
    CollectionExistsError,
    QuotaExceededError,
    UnknownCollectionError,
    UnknownFaceError,
)
from localaws.rekognition.collections.records import Collection, FaceRecord, Match, NewFace
from localaws.rekognition.collections.user_collections import UserCollections
from localaws.rekognition.engine import Floats

#: AWS's quota of tags a resource.
MAX_TAGS = 50


class FaceCollections(UserCollections):
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
    segment_rows : int, optional
        How many vectors a file has at most.

    Raises
    ------
    DataInUseError
        Another process holds `data_dir`.
    DataLayoutError
        `data_dir` was written by another version.
    """

    def close(self) -> None:
        """Let go of the data directory."""
        self._store.close()

    def create(self, collection_id: str, tags: dict[str, str]) -> None:
        """Create a collection.

        Raises
        ------
        CollectionExistsError, QuotaExceededError
        """
        _check_tags(tags)
        version, dimension = self._store.face_model_version, self._store.dimension
        with self._store.changing, self._store.change() as change:
            if not self._store.collections.add(change.connection, collection_id, version, dimension, tags):
                raise CollectionExistsError(collection_id)

    def describe(self, collection_id: str) -> Collection:
        """Return a collection; raises `UnknownCollectionError`."""
        collection = self._store.collections.collection(collection_id)
        if collection is None:
            raise UnknownCollectionError(collection_id)
        return collection

    def face_model_version(self, collection_id: str) -> str:
        """Return the version of the model that made a collection; raises `UnknownCollectionError`."""
        return self._store.version(collection_id)

    def versions(self, after: str, limit: int) -> list[tuple[str, str]]:
        """Return id and FaceModelVersion of collections behind the id `after`, sorted by id."""
        return self._store.collections.versions(after, limit)

    def delete(self, collection_id: str) -> None:
        """Delete a collection with its faces and users; raises `UnknownCollectionError`."""
        with self._store.changing:
            with self._store.change() as change:
                if not self._store.collections.remove(change.connection, collection_id):
                    raise UnknownCollectionError(collection_id)
            self._store.forget_galleries(collection_id)

    def tags(self, collection_id: str) -> dict[str, str]:
        """Return a collection's tags; raises `UnknownCollectionError`."""
        tags = self._store.collections.tags(collection_id)
        if tags is None:
            raise UnknownCollectionError(collection_id)
        return tags

    def tag(self, collection_id: str, tags: dict[str, str]) -> None:
        """Add tags to a collection; a key that is there gets the new value.

        Raises
        ------
        UnknownCollectionError, QuotaExceededError
        """
        with self._store.changing:
            merged = self.tags(collection_id) | tags
            _check_tags(merged)
            with self._store.change() as change:
                self._store.collections.set_tags(change.connection, collection_id, merged)

    def untag(self, collection_id: str, keys: Sequence[str]) -> None:
        """Take tags away; keys that are not there are passed over; raises `UnknownCollectionError`."""
        with self._store.changing:
            kept = {key: value for key, value in self.tags(collection_id).items() if key not in set(keys)}
            with self._store.change() as change:
                self._store.collections.set_tags(change.connection, collection_id, kept)

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
        with self._store.changing:
            self.check_usable(collection_id)
            gallery = self._store.gallery_to_change(collection_id, "faces")
            known = self._store.faces.of_image(collection_id, image_id, external_image_id)
            by_box = {record.box: record for record in known}
            fresh = [face for face in faces if face.box not in by_box]
            vectors = [face.vector for face in fresh]
            with self._store.change() as change:
                keys = change.store(gallery, vectors)
                added = [
                    FaceRecord(key, str(uuid4()), image_id, external_image_id, face.box, face.confidence)
                    for key, face in zip(keys, fresh, strict=True)
                ]
                self._store.faces.add(change.connection, collection_id, added)
        by_box.update({record.box: record for record in added})
        return [by_box[face.box] for face in faces]

    def faces_after(
        self, collection_id: str, sequence: int, limit: int, user_id: str | None = None
    ) -> list[FaceRecord]:
        """Return faces, of a user or all, in the order of indexing.

        Raises
        ------
        UnknownCollectionError, UnknownUserError
        """
        self.face_model_version(collection_id)
        if user_id is not None:
            self.user(collection_id, user_id)
        return self._store.faces.after(collection_id, sequence, limit, user_id)

    def faces_by_id(self, collection_id: str, face_ids: Sequence[str]) -> list[FaceRecord]:
        """Return those of the faces that are there, in the order asked for.

        Raises
        ------
        UnknownCollectionError
        """
        self.face_model_version(collection_id)
        found = self._store.faces.by_id(collection_id, face_ids)
        return [found[face_id] for face_id in dict.fromkeys(face_ids) if face_id in found]

    def delete_faces(self, collection_id: str, face_ids: Sequence[str]) -> list[str]:
        """Delete faces, also out of their users, and return the ids that were there.

        Raises
        ------
        UnknownCollectionError
        """
        with self._store.changing:
            gallery = self._store.gallery_to_change(collection_id, "faces")
            faces = self.faces_by_id(collection_id, face_ids)
            user_ids = {face.user_id for face in faces if face.user_id is not None}
            with self._store.change() as change:
                for user_id in user_ids:
                    members = self._members_without(collection_id, user_id, faces)
                    self._represent(change, collection_id, user_id, members)
                change.erase(gallery, [face.sequence for face in faces])
                self._store.faces.remove(change.connection, faces)
        return [face.face_id for face in faces]

    def vector(self, collection_id: str, face_id: str) -> Floats:
        """Return a face's vector, (dimension,).

        Raises
        ------
        UnknownCollectionError, ForeignModelError, UnknownFaceError
        """
        gallery = self._store.gallery(collection_id, "faces")
        face = self._store.faces.by_id(collection_id, [face_id]).get(face_id)
        if face is None:
            raise UnknownFaceError(face_id)
        try:
            return gallery.vector(face.sequence)
        except KeyError as error:
            raise UnknownFaceError(face_id) from error

    def search(self, collection_id: str, vector: Floats, limit: int, min_cosine: float) -> list[Match]:
        """Find the faces nearest to a unit vector (dimension,), nearest first.

        Raises
        ------
        UnknownCollectionError, ForeignModelError
        """
        found = self._store.gallery(collection_id, "faces").search(vector, limit, min_cosine)
        records = self._store.faces.by_sequence([sequence for sequence, _ in found])
        return [Match(records[sequence], cosine) for sequence, cosine in found if sequence in records]

    def check_usable(self, collection_id: str) -> None:
        """Check that a collection is there and of this model.

        Raises
        ------
        UnknownCollectionError, ForeignModelError
        """
        self._store.check_usable(collection_id)


def _check_tags(tags: Mapping[str, str]) -> None:
    if len(tags) > MAX_TAGS:
        raise QuotaExceededError(f"A collection may have at most {MAX_TAGS} tags.")
