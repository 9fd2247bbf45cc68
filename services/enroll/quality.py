"""Whether a photo is good enough to recognise its person by: a pure judgement of what Rekognition tells."""

from collections.abc import Iterator
from dataclasses import dataclass

from services.aws.face_index import IndexedPhoto, PhotographedFace
from services.contracts.reasons import RejectionReason


@dataclass(frozen=True)
class QualityLimits:
    """What the face of an enrolment photo must have.

    Attributes
    ----------
    face_side : float
        Least width and height of the face's box, pixels.
    confidence, sharpness, darkest, brightest : float
        Percentages of Rekognition's FaceDetail.
    yaw, pitch, roll : float
        Largest angle to either side, degrees.
    bystander : float
        A further face whose height is at least this share of the first one's makes it two people's photo.
    """

    face_side: float
    confidence: float
    sharpness: float
    darkest: float
    brightest: float
    yaw: float
    pitch: float
    roll: float
    bystander: float


@dataclass(frozen=True)
class Refusal:
    """Why a photo is not taken.

    Attributes
    ----------
    detail : str
        A sentence with figures.
    """

    reason: RejectionReason
    detail: str


def judge(photo: IndexedPhoto, size: tuple[int, int], limits: QualityLimits) -> Refusal | None:
    """Judge a photo by its faces.

    Parameters
    ----------
    size : (int, int)
        Width and height of the photo, pixels.

    Returns
    -------
    Refusal or None
        The reason that helps most to take a better photo; None if the photo is good.
    """
    if photo.face is None:
        return Refusal(RejectionReason.NO_FACE, "No face was found.")
    return next(_shortcomings(photo.face, photo.others, size, limits), None)


def _shortcomings(
    face: PhotographedFace, others: tuple[PhotographedFace, ...], size: tuple[int, int], limits: QualityLimits
) -> Iterator[Refusal]:
    """Name what is wrong: who is meant first, then what makes the other figures bad, too."""
    rivals = [
        other
        for other in others
        if other.height >= limits.bystander * face.height and other.confidence >= limits.confidence
    ]
    if rivals:
        yield Refusal(
            RejectionReason.SEVERAL_FACES, f"The photo shows {1 + len(rivals)} faces of similar size."
        )
    side = min(face.width * size[0], face.height * size[1])
    if side < limits.face_side:
        yield Refusal(
            RejectionReason.TOO_SMALL,
            f"The face is {side:.0f} pixels wide; {limits.face_side:.0f} are the least.",
        )
    yield from _light(face, limits)
    if face.sunglasses:
        yield Refusal(RejectionReason.SUNGLASSES, "The eyes are behind sunglasses.")
    yield from _pose(face, limits)
    if face.sharpness < limits.sharpness:
        yield Refusal(
            RejectionReason.BLURRED,
            f"The sharpness is {face.sharpness:.0f} of 100; {limits.sharpness:.0f} is the least.",
        )
    if face.confidence < limits.confidence:
        yield Refusal(
            RejectionReason.LOW_QUALITY,
            f"It is a face with {face.confidence:.0f} %; {limits.confidence:.0f} % are the least.",
        )


def _light(face: PhotographedFace, limits: QualityLimits) -> Iterator[Refusal]:
    if face.brightness < limits.darkest:
        yield Refusal(
            RejectionReason.TOO_DARK,
            f"The brightness is {face.brightness:.0f} of 100; {limits.darkest:.0f} is the least.",
        )
    if face.brightness > limits.brightest:
        yield Refusal(
            RejectionReason.TOO_BRIGHT,
            f"The brightness is {face.brightness:.0f} of 100; {limits.brightest:.0f} is the most.",
        )


def _pose(face: PhotographedFace, limits: QualityLimits) -> Iterator[Refusal]:
    turns = (
        ("to the side", face.yaw, limits.yaw),
        ("up or down", face.pitch, limits.pitch),
        ("over the shoulder", face.roll, limits.roll),
    )
    for direction, degrees, most in turns:
        if abs(degrees) > most:
            yield Refusal(
                RejectionReason.TURNED_AWAY,
                f"The face is turned {abs(degrees):.0f} degrees {direction}; {most:.0f} are the most.",
            )
