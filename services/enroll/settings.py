"""Settings of the enroll worker, from the environment."""

from pydantic import Field

from services.aws.face_index import UserMatchSettings
from services.enroll.preprocessing import PhotoLimits
from services.enroll.quality import QualityLimits


class EnrollSettings(UserMatchSettings):
    """``FACEGATE_ENROLL_*``.

    The limits of quality stand where the embedded Rekognition was measured to tell good photos from dark,
    blurred, small and turned ones (docs/recognition-accuracy.md).

    Attributes
    ----------
    concurrency : int
        Photos at once in one process.
    max_bytes : int
        Largest photo taken, as a file.
    max_pixels : int
        Most pixels (width times height) of a photo, read from its header before decoding.
    longest_side : int
        Larger photos are made smaller before they are indexed and kept, pixels. A JPEG comes out between
        three quarters of it and all of it: telephones' 12, 48 and 50 megapixels a little below 2048.
    keep_originals : bool
        Whether the file as it was uploaded stays in the bucket, with all that the camera wrote into it.
    min_face_side : float
        Least width and height of a face, pixels in the photo as it is indexed.
    min_confidence : float
        How sure Rekognition has to be that it is a face, percent.
    min_sharpness, min_brightness, max_brightness : float
        Limits of a face's quality, in Rekognition's percentages.
    max_yaw, max_pitch, max_roll : float
        How far a face may be turned to either side, degrees.
    max_bystander : float
        From this share of the first face's height a second one makes it a photo of two people.
    duplicate_threshold : float
        From this similarity in percent a face that belongs to another person is held for an operator.
    """

    concurrency: int = Field(default=4, ge=1, le=64)
    max_bytes: int = Field(default=30_000_000, ge=1)
    max_pixels: int = Field(default=64_000_000, ge=1)
    longest_side: int = Field(default=2048, ge=160, le=4096)
    keep_originals: bool = False
    min_face_side: float = Field(default=60, ge=0)
    min_confidence: float = Field(default=90, ge=0, le=100)
    min_sharpness: float = Field(default=40, ge=0, le=100)
    min_brightness: float = Field(default=25, ge=0, le=100)
    max_brightness: float = Field(default=85, ge=0, le=100)
    max_yaw: float = Field(default=45, ge=0, le=180)
    max_pitch: float = Field(default=30, ge=0, le=180)
    max_roll: float = Field(default=30, ge=0, le=180)
    max_bystander: float = Field(default=0.7, gt=0)
    duplicate_threshold: float = Field(default=99, ge=0, le=100)

    @property
    def photo(self) -> PhotoLimits:
        """What a file may measure."""
        return PhotoLimits(self.max_pixels, self.longest_side)

    @property
    def quality(self) -> QualityLimits:
        """What a face must have."""
        return QualityLimits(
            face_side=self.min_face_side,
            confidence=self.min_confidence,
            sharpness=self.min_sharpness,
            darkest=self.min_brightness,
            brightest=self.max_brightness,
            yaw=self.max_yaw,
            pitch=self.max_pitch,
            roll=self.max_roll,
            bystander=self.max_bystander,
        )
