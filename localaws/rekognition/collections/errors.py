"""What can go wrong with collections."""


class CollectionsError(Exception):
    """Root of this room's errors."""


class CollectionExistsError(CollectionsError):
    """The id is taken."""


class UnknownCollectionError(CollectionsError):
    """There is no collection of this id."""


class UnknownFaceError(CollectionsError):
    """The collection holds no face of this id."""


class ForeignModelError(CollectionsError):
    """The collection was made with another model pack, whose vectors do not compare."""


class DataInUseError(CollectionsError):
    """Another process has the data directory open."""
