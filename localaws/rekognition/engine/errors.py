"""What can go wrong with a picture or a model pack."""


class EngineError(Exception):
    """Root of the engine's errors."""


class InvalidImageError(EngineError):
    """The bytes are no JPEG or PNG that can be decoded."""


class ImageDimensionsError(EngineError):
    """The picture has more pixels than the engine decodes."""


class PackError(EngineError):
    """A model pack is missing, damaged or cannot be prepared; the message says what to do."""
