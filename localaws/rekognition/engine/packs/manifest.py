"""What a model pack consists of: its description in TOML, and what preparing it makes of that."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    StringConstraints,
    ValidationError,
    model_validator,
)

from localaws.rekognition.engine.errors import PackError

_FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*\.onnx$")]
_Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
_Version = Annotated[str, StringConstraints(pattern=r"^[0-9]+(\.[0-9]+)*$")]
_Fraction = Annotated[float, Field(ge=0, le=1)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NpmSource(_Section):
    """An npm package that networks come from.

    Attributes
    ----------
    directory : str
        Its folder that holds the files, below the directory of installation.
    sha256 : dict of str to str
        File name to the SHA-256 of the file as published, 64 hexadecimal digits.
    """

    directory: str
    sha256: dict[_FileName, _Sha256]


class PipSource(_Section):
    """A file of a Python package that a network is converted from.

    Attributes
    ----------
    path : str
        Below the directory of installation.
    sha256 : str
        Of the file as published, 64 hexadecimal digits.
    """

    path: str
    sha256: _Sha256


class DetectionModel(_Section):
    """The detector: letterboxed RGB ``(x - mean) / scale`` in; logits and offsets of prior boxes out.

    Attributes
    ----------
    file : str
    width, height : int
        Input that every picture is looked at in, pixels.
    wide_width, wide_height : int
        Input that large pictures are looked at in as well, for the small faces in them.
    mean, scale : float
    strides : tuple of int
        Pixels between the prior boxes of each prediction layer, finest first (Liu et al. 2016, SSD).
    prior_sides : tuple of tuple of float
        Sides of the square priors at each place of a layer, pixels of the input.
    center_variance, size_variance : float
        What the predicted offsets are multiplied by.
    min_score : float
        Least score of a face, 0 to 1.
    max_overlap : float
        Boxes whose intersection over union exceeds it show the same face.
    """

    file: _FileName
    width: PositiveInt
    height: PositiveInt
    wide_width: PositiveInt
    wide_height: PositiveInt
    mean: float
    scale: PositiveFloat
    strides: tuple[PositiveInt, ...]
    prior_sides: tuple[tuple[PositiveFloat, ...], ...]
    center_variance: PositiveFloat
    size_variance: PositiveFloat
    min_score: Annotated[float, Field(gt=0, lt=1)]
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


class Anchor(_Section):
    """Where a feature of the face stands in the chip that a recognition network sees.

    Attributes
    ----------
    points : tuple of int
        Of the 68; the feature is their mean.
    x, y : float
        Pixels of the chip.
    """

    points: tuple[Annotated[int, Field(ge=0, lt=68)], ...] = Field(min_length=1)
    x: float
    y: float


#: Eye centres, nose tip and mouth corners in a 112 x 112 chip: the template of ArcFace (Deng et al.
#: 2019), as InsightFace publishes it.
ARCFACE_ANCHORS = (
    Anchor(points=(36, 37, 38, 39, 40, 41), x=38.2946, y=51.6963),
    Anchor(points=(42, 43, 44, 45, 46, 47), x=73.5318, y=51.5014),
    Anchor(points=(30,), x=56.0252, y=71.7366),
    Anchor(points=(48,), x=41.5493, y=92.3655),
    Anchor(points=(54,), x=70.7299, y=92.2041),
)
_ARCFACE_SIZE = 112


class EmbeddingModel(_Section):
    """The recognition network: an aligned chip ``(x - mean) / scale`` in, a vector out.

    Attributes
    ----------
    file : str
        The input is (1, 3, size, size), float32; the first output (1, dimension).
    size : int
        Side of the chip, pixels.
    dimension : int
    channels : {"RGB", "BGR"}
        Their order in the input, and in `mean`.
    mean : float or tuple of float
    scale : float
    anchors : tuple of Anchor
        The alignment; for chips of 112 pixels ArcFace's unless others are given.
    fit : {"picture_to_chip", "chip_to_picture"}
        In which of the two the squared distances of the alignment are least; dlib's is the second.
    good_norm : float, optional
        Typical length of the vector, before normalising, of a good photo, where it shrinks with the
        photo's worth for recognition (Meng et al. 2021, MagFace).
    """

    file: _FileName
    size: Annotated[int, Field(ge=16, le=1024)] = _ARCFACE_SIZE
    dimension: Annotated[int, Field(ge=2, le=8192)]
    channels: Literal["RGB", "BGR"]
    mean: float | tuple[float, float, float]
    scale: PositiveFloat
    anchors: tuple[Anchor, ...] = ARCFACE_ANCHORS
    fit: Literal["picture_to_chip", "chip_to_picture"] = "picture_to_chip"
    good_norm: PositiveFloat | None = None

    @model_validator(mode="after")
    def _check_anchors(self) -> Self:
        if self.anchors == ARCFACE_ANCHORS and self.size != _ARCFACE_SIZE:
            raise ValueError(f"ArcFace's anchors are for chips of {_ARCFACE_SIZE} pixels: give anchors")
        if len(self.anchors) < 2:
            raise ValueError("an alignment takes two anchors at least")
        if any(not (0 <= anchor.x < self.size and 0 <= anchor.y < self.size) for anchor in self.anchors):
            raise ValueError("anchors stand inside the chip")
        return self


class SimilarityScale(_Section):
    """Rekognition's percentage as a function of the cosine of two vectors.

    ``100 / (1 + exp(-(slope * cosine + offset)))``, strictly increasing; the parameters are chosen
    by measurement for each pack, because a cosine means something else in each.
    """

    slope: PositiveFloat
    offset: float


class DefaultPack(_Section):
    """``default/pack.toml``; its detector and landmarks serve the other packs too."""

    name: Literal["default"]
    face_model_version: _Version
    source: NpmSource
    detection: DetectionModel
    landmarks: LandmarkModel
    embedding: EmbeddingModel
    similarity: SimilarityScale


class DlibPack(_Section):
    """``dlib/pack.toml``."""

    name: Literal["dlib"]
    face_model_version: _Version
    source: PipSource
    embedding: EmbeddingModel
    similarity: SimilarityScale


class CustomPack(_Section):
    """The file that names one's own recognition network, which lies beside it."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    embedding: EmbeddingModel
    similarity: SimilarityScale


class PackManifest(_Section):
    """A prepared pack.

    Attributes
    ----------
    face_model_version : str
        Rekognition's FaceModelVersion; vectors of different versions are never compared.
    """

    name: str
    face_model_version: _Version
    detection: DetectionModel
    landmarks: LandmarkModel
    embedding: EmbeddingModel
    similarity: SimilarityScale


_Description = TypeVar("_Description", bound=_Section)


def read_description(path: Path, kind: type[_Description]) -> _Description:
    """Read a pack's description.

    Raises
    ------
    PackError
        No such file, not TOML, or not such a description; the message names each wrong entry.
    """
    try:
        return kind.model_validate(tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        raise PackError(f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PackError(f"{path} is not a TOML file: {error}.") from error
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, found['loc'])) or 'the file'}: {found['msg']}" for found in error.errors()
        )
        raise PackError(f"{path} does not describe a model pack. {wrong}.") from error
