"""The description of a model pack, a TOML file."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    StringConstraints,
    ValidationError,
)

from localaws.rekognition.engine.errors import PackError

MANIFEST = "pack.toml"

_FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*\.onnx$")]
_Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
_Fraction = Annotated[float, Field(ge=0, le=1)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PackSource(_Section):
    """Where the networks come from.

    Attributes
    ----------
    npm_directory : str
        Folder of the installed npm package that holds the files.
    sha256 : dict of str to str
        File name to the SHA-256 of the file as published, 64 hexadecimal digits.
    """

    npm_directory: str
    sha256: dict[_FileName, _Sha256]


class DetectionModel(_Section):
    """The detector: letterboxed RGB ``(x - mean) / scale`` in, scores and decoded boxes out."""

    file: _FileName
    width: PositiveInt
    height: PositiveInt
    mean: float
    scale: PositiveFloat
    min_score: _Fraction
    max_overlap: _Fraction


class LandmarkModel(_Section):
    """The 68-point network: a grey square ``x / scale`` in, fractions of the square out.

    Attributes
    ----------
    box_scale : float
        Side of the square in mean sides of the detected box.
    box_shift_down : float
        How far its centre stands below the box's, in sides of the square.
    sure_score : float
        Detections from this score on are faces; below it, the points must stay when the box is moved.
    max_drift : float
        How far they may then move, in distances between the eyes.
    """

    file: _FileName
    size: PositiveInt
    scale: PositiveFloat
    box_scale: PositiveFloat
    box_shift_down: float
    sure_score: _Fraction
    max_drift: PositiveFloat


class EmbeddingModel(_Section):
    """The recognition network: an aligned 112 x 112 chip ``(x - mean) / scale`` in, a vector out.

    Attributes
    ----------
    good_norm : float
        Typical length of the vector, before normalising, of a good photo; it shrinks with the
        photo's worth for recognition (Meng et al. 2021, MagFace).
    """

    file: _FileName
    dimension: PositiveInt
    channels: Literal["RGB", "BGR"]
    mean: float
    scale: PositiveFloat
    good_norm: PositiveFloat


class SimilarityScale(_Section):
    """Rekognition's percentage as a function of the cosine of two vectors.

    ``100 / (1 + exp(-(slope * cosine + offset)))``, strictly increasing; the parameters are chosen
    by measurement for each pack, because a cosine means something else in each.
    """

    slope: PositiveFloat
    offset: float


class PackManifest(_Section):
    """A model pack.

    Attributes
    ----------
    face_model_version : str
        Rekognition's FaceModelVersion; vectors of different versions are never compared.
    """

    name: str
    face_model_version: Annotated[str, StringConstraints(pattern=r"^[0-9.]+$")]
    source: PackSource
    detection: DetectionModel
    landmarks: LandmarkModel
    embedding: EmbeddingModel
    similarity: SimilarityScale


def read_manifest(path: Path) -> PackManifest:
    """Read a pack's description.

    Raises
    ------
    PackError
        No such file, not TOML, or not a pack's description.
    """
    try:
        return PackManifest.model_validate(tomllib.loads(path.read_text("utf-8")))
    except FileNotFoundError as error:
        raise PackError(f"There is no model pack in {path.parent}; prepare it first.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValidationError) as error:
        raise PackError(f"{path} does not describe a model pack: {error}") from error
