"""Users: several faces of one person, searched as one vector."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from localaws.rekognition.collections.association import (
    MAX_FACES_OF_USER,
    faces_to_associate,
    faces_to_disassociate,
    vector_of_user,
)
from localaws.rekognition.collections.errors import QuotaExceededError, UnknownUserError, UserExistsError
from localaws.rekognition.collections.gallery import GalleryChange
from localaws.rekognition.collections.records import (
    Association,
    Disassociation,
    FaceRecord,
    UserMatch,
    UserRecord,
    UserStatus,
)
from localaws.rekognition.collections.store import SEGMENT_ROWS, Store
from localaws.rekognition.engine import Floats


class UserCollections:
    """The users of the collections of one data directory."""

    def __init__(
        self, data_dir: Path, face_model_version: str, dimension: int, segment_rows: int = SEGMENT_ROWS
    ) -> None:
        self._store = Store(data_dir, face_model_version, dimension, segment_rows)

    def create_user(self, collection_id: str, user_id: str) -> None:
        """Create a user without faces.

        Raises
        ------
        UnknownCollectionError, ForeignModelError, UserExistsError
        """
        with self._store.changing:
            self._store.check_usable(collection_id)
            with self._store.change() as change:
                if not self._store.users.add(change.connection, collection_id, user_id):
                    raise UserExistsError(user_id)

    def delete_user(self, collection_id: str, user_id: str) -> None:
        """Delete a user; the faces stay, without a user.

        Raises
        ------
        UnknownCollectionError, UnknownUserError
        """
        with self._store.changing:
            self.user(collection_id, user_id)
            members = self._store.faces.of_user(collection_id, user_id)
            with self._store.change() as change:
                self._store.faces.set_user(change.connection, members, None)
                self._represent(change, collection_id, user_id, [])
                self._store.users.remove(change.connection, collection_id, user_id)

    def user(self, collection_id: str, user_id: str) -> UserRecord:
        """Return a user; raises `UnknownCollectionError`, `UnknownUserError`."""
        self._store.version(collection_id)
        user = self._store.users.by_id(collection_id, user_id)
        if user is None:
            raise UnknownUserError(user_id)
        return user

    def users_after(self, collection_id: str, user_id: str, limit: int) -> list[UserRecord]:
        """Return users whose id sorts behind `user_id`, in order; raises `UnknownCollectionError`."""
        self._store.version(collection_id)
        return self._store.users.after(collection_id, user_id, limit)

    def associate_faces(
        self, collection_id: str, user_id: str, face_ids: Sequence[str], min_cosine: float
    ) -> Association:
        """Make faces a user's.

        A face that is the user's already is passed over. Where the user has faces, another must
        resemble them; the first ones are taken as they are.

        Parameters
        ----------
        collection_id, user_id : str
        face_ids : sequence of str
        min_cosine : float
            Between a face and the user as it was before.

        Raises
        ------
        UnknownCollectionError, ForeignModelError, UnknownUserError
        QuotaExceededError
            The user would have more than 100 faces; none is associated.
        """
        with self._store.changing:
            self._store.check_usable(collection_id)
            user = self.user(collection_id, user_id)
            found = self._store.faces.by_id(collection_id, face_ids)
            cosines = self._cosines(collection_id, user_id, found)
            faces = faces_to_associate(face_ids, found, user_id, cosines, min_cosine)
            if not faces.changing:
                return Association([], faces.unsuccessful, user.status)
            members = self._store.faces.of_user(collection_id, user_id) + faces.changing
            if len(members) > MAX_FACES_OF_USER:
                raise QuotaExceededError(f"A user may have at most {MAX_FACES_OF_USER} faces.")
            with self._store.change() as change:
                self._store.faces.set_user(change.connection, faces.changing, user_id)
                status = self._represent(change, collection_id, user_id, members)
        return Association([face.face_id for face in faces.changing], faces.unsuccessful, status)

    def disassociate_faces(self, collection_id: str, user_id: str, face_ids: Sequence[str]) -> Disassociation:
        """Take faces away from a user; a face without a user is passed over.

        Raises
        ------
        UnknownCollectionError, UnknownUserError
        """
        with self._store.changing:
            user = self.user(collection_id, user_id)
            found = self._store.faces.by_id(collection_id, face_ids)
            faces = faces_to_disassociate(face_ids, found, user_id)
            if not faces.changing:
                return Disassociation([], faces.unsuccessful, user.status)
            members = self._members_without(collection_id, user_id, faces.changing)
            with self._store.change() as change:
                self._store.faces.set_user(change.connection, faces.changing, None)
                status = self._represent(change, collection_id, user_id, members)
        return Disassociation([face.face_id for face in faces.changing], faces.unsuccessful, status)

    def user_vector(self, collection_id: str, user_id: str) -> Floats | None:
        """Return a user's vector, (dimension,), of length 1; None while the user has no face.

        Raises
        ------
        UnknownCollectionError, ForeignModelError, UnknownUserError
        """
        self.user(collection_id, user_id)
        gallery = self._store.gallery(collection_id, "users")
        with self._store.in_step:
            key = self._store.users.vector_key(collection_id, user_id)
            return None if key is None else gallery.vector(key)

    def search_users(
        self, collection_id: str, vector: Floats, limit: int, min_cosine: float
    ) -> list[UserMatch]:
        """Find the users nearest to a unit vector (dimension,), nearest first.

        Raises
        ------
        UnknownCollectionError, ForeignModelError
        """
        gallery = self._store.gallery(collection_id, "users")
        found = gallery.search(vector, limit, min_cosine)
        users = self._store.users.by_vector_key([key for key, _ in found])
        if len(users) < len(found):
            # A user changed between the two steps and has a new vector by now.
            with self._store.in_step:
                found = gallery.search(vector, limit, min_cosine)
                users = self._store.users.by_vector_key([key for key, _ in found])
        return [
            UserMatch(users[key].user_id, users[key].status, cosine) for key, cosine in found if key in users
        ]

    def _cosines(self, collection_id: str, user_id: str, faces: Mapping[str, FaceRecord]) -> dict[str, float]:
        """Return the cosine between a user and each face without one; nothing where the user has no face."""
        key = self._store.users.vector_key(collection_id, user_id)
        if key is None:
            return {}
        users = self._store.gallery_to_change(collection_id, "users")
        gallery = self._store.gallery_to_change(collection_id, "faces")
        vector = users.vector(key)
        return {
            face_id: float(gallery.vector(face.sequence) @ vector)
            for face_id, face in faces.items()
            if face.user_id is None
        }

    def _members_without(
        self, collection_id: str, user_id: str, leaving: Sequence[FaceRecord]
    ) -> list[FaceRecord]:
        gone = {face.sequence for face in leaving}
        members = self._store.faces.of_user(collection_id, user_id)
        return [face for face in members if face.sequence not in gone]

    def _represent(
        self, change: GalleryChange, collection_id: str, user_id: str, members: Sequence[FaceRecord]
    ) -> UserStatus:
        """Give a user the vector of these faces, or none."""
        users = self._store.gallery_to_change(collection_id, "users")
        faces = self._store.gallery_to_change(collection_id, "faces")
        old = self._store.users.vector_key(collection_id, user_id)
        key = None
        if members:
            vectors = [faces.vector(face.sequence) for face in members]
            (key,) = change.store(users, [vector_of_user(vectors)])
        if old is not None:
            change.erase(users, [old])
        self._store.users.set_vector_key(change.connection, collection_id, user_id, key)
        return UserStatus.ACTIVE if members else UserStatus.CREATED
