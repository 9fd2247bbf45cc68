"""What is on disk and what is in memory of it, kept in step."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from localaws.rekognition.collections.collection_table import CollectionTable, GalleryKind
from localaws.rekognition.collections.database import Database
from localaws.rekognition.collections.errors import ForeignModelError, UnknownCollectionError
from localaws.rekognition.collections.face_table import FaceTable
from localaws.rekognition.collections.gallery import Gallery, GalleryChange
from localaws.rekognition.collections.segment import remove_all_but
from localaws.rekognition.collections.user_table import UserTable

#: How many vectors a segment has at most: as many take two seconds to write, while changes wait. A
#: sixteenth of them makes a segment; fewer are compared one by one, in half a millisecond.
SEGMENT_ROWS = 65_536


class Store:
    """The tables and the galleries of one data directory.

    Who changes anything holds `changing`; who searches a gallery that is loaded holds nothing. Disk and
    memory are in step for who holds `in_step`, and nothing long is done with it.
    """

    def __init__(
        self, data_dir: Path, face_model_version: str, dimension: int, segment_rows: int = SEGMENT_ROWS
    ) -> None:
        self._database = Database(data_dir)
        self._segments = data_dir / "segments"
        self._segment_rows = segment_rows
        self.collections = CollectionTable(self._database)
        self.faces = FaceTable(self._database)
        self.users = UserTable(self._database)
        self.face_model_version = face_model_version
        self.dimension = dimension
        self._galleries: dict[tuple[str, GalleryKind], Gallery] = {}
        self.changing = Lock()
        self.in_step = Lock()
        self._remove_unknown_segments()

    def close(self) -> None:
        """Let go of the data directory."""
        self._database.close()

    @contextmanager
    def change(self) -> Generator[GalleryChange]:
        """Change tables and galleries; the caller holds `changing`.

        On disk when this ends, and seen by searches that begin afterwards; nothing of it is, when it
        ends with an exception.
        """
        with self.in_step:
            with self._database.transaction() as connection:
                change = GalleryChange(connection)
                yield change
                change.end()
            change.show()
        change.tidy()

    def version(self, collection_id: str) -> str:
        """Return the version of the model that made a collection; raises `UnknownCollectionError`."""
        version = self.collections.version(collection_id)
        if version is None:
            raise UnknownCollectionError(collection_id)
        return version

    def check_usable(self, collection_id: str) -> None:
        """Check that a collection is there and of this model.

        Raises
        ------
        UnknownCollectionError, ForeignModelError
        """
        version = self.version(collection_id)
        if version != self.face_model_version:
            raise ForeignModelError(
                f"The collection {collection_id} was made with face model version {version}, this server "
                f"runs {self.face_model_version}; their faces do not compare."
            )

    def gallery(self, collection_id: str, kind: GalleryKind) -> Gallery:
        """Return a gallery to be searched; the caller does not hold `changing`.

        Raises
        ------
        UnknownCollectionError, ForeignModelError
        """
        gallery = self._galleries.get((collection_id, kind))
        if gallery is None:
            with self.changing:
                self.check_usable(collection_id)
                gallery = self.gallery_to_change(collection_id, kind)
        return gallery

    def gallery_to_change(self, collection_id: str, kind: GalleryKind) -> Gallery:
        """Return a gallery, whatever model made it; the caller holds `changing`.

        Raises
        ------
        UnknownCollectionError
        """
        gallery = self._galleries.get((collection_id, kind))
        if gallery is None:
            version = self.version(collection_id)
            gallery_id, dimension = self.collections.gallery(collection_id, kind)
            gallery = Gallery(self._database, self._segments, gallery_id, dimension, self._segment_rows)
            # One of another model is never searched; only now and then is something deleted from it.
            if version == self.face_model_version:
                self._galleries[collection_id, kind] = gallery
        return gallery

    def forget_galleries(self, collection_id: str) -> None:
        """Let go of a deleted collection's galleries; the caller holds `changing`."""
        self._galleries.pop((collection_id, "faces"), None)
        self._galleries.pop((collection_id, "users"), None)
        self._remove_unknown_segments()

    def _remove_unknown_segments(self) -> None:
        names = self._database.rows("SELECT name FROM segments")
        remove_all_but(self._segments, [name for (name,) in names])
