"""What can go wrong with collections."""


class CollectionsError(Exception):
    """Root of this room's errors."""


class CollectionExistsError(CollectionsError):
    """The id is taken."""


class UnknownCollectionError(CollectionsError):
    """There is no collection of this id."""


class UnknownFaceError(CollectionsError):
    """The collection holds no face of this id."""


class UserExistsError(CollectionsError):
    """The collection has a user of this id."""


class UnknownUserError(CollectionsError):
    """The collection has no user of this id."""


class QuotaExceededError(CollectionsError):
    """A user has as many faces, or a collection as many tags, as it may have."""


class ForeignModelError(CollectionsError):
    """The collection was made with another model pack, whose vectors do not compare."""


class DataInUseError(CollectionsError):
    """Another process has the data directory open."""


class DataLayoutError(CollectionsError):
    """The data directory was written by a version that laid it out differently."""
