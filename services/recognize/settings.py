"""Settings of the recognize worker, from the environment."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.recognize.policy import Policy
from services.recognize.search import SearchKind


class RecognizeSettings(BaseSettings):
    """``FACEGATE_RECOGNIZE_*``.

    Attributes
    ----------
    threshold : float
        Least similarity that opens a door, percent.
    margin : float
        Another person closer than this makes a frame ambiguous, percent.
    search : SearchKind
        Whether frames are compared with people by all of their photos together, by single faces, or both.
    concurrency : int
        Frames at once in one process.
    keep_denied_frames : bool
        Whether pictures of visitors who were denied are kept, under ``denied-frames/``, for as many days as
        the stack's parameter DeniedFrameRetentionDays says.
    """

    model_config = SettingsConfigDict(env_prefix="FACEGATE_RECOGNIZE_")

    threshold: float = Field(default=99.0, gt=0, le=100)
    margin: float = Field(default=0.5, ge=0, lt=100)
    search: SearchKind = SearchKind.USERS
    concurrency: int = Field(default=8, ge=1, le=64)
    keep_denied_frames: bool = False

    @property
    def policy(self) -> Policy:
        """The policy that these settings make."""
        return Policy(self.threshold, self.margin)
