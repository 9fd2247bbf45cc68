"""The face collection as enrollment changes it: faces in and out, and the users that faces make up."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from services.aws.collection import MOST_MATCHES, UnreadableImage
from services.aws.errors import AwsUnavailable, error_code, translated
from services.contracts.domain import FaceMatch

if TYPE_CHECKING:
    from mypy_boto3_rekognition.type_defs import AssociateFacesResponseTypeDef, FaceDetailTypeDef

    from services.aws.connection import Aws

_UNREADABLE = frozenset({"ImageTooLargeException", "InvalidImageFormatException"})
#: Rekognition changes a user in the background and meanwhile refuses another change with ConflictException.
_BUSY_PATIENCE_SECONDS = 20.0


class UserMatchSettings(BaseSettings):
    """``FACEGATE_ENROLL_USER_MATCH_THRESHOLD``, for whoever makes a face one of a user.

    Attributes
    ----------
    user_match_threshold : float
        Least similarity in percent to the person's other photos; AssociateFaces' own default.
    """

    model_config = SettingsConfigDict(env_prefix="FACEGATE_ENROLL_")

    user_match_threshold: float = Field(default=75, ge=0, le=100)


class UnlikeUser(Exception):
    """The face does not resemble the user's faces.

    Attributes
    ----------
    similarity : float, optional
        To the user, in percent.
    """

    def __init__(self, similarity: float | None) -> None:
        super().__init__("the face does not resemble the user's faces")
        self.similarity = similarity


@dataclass(frozen=True)
class PhotographedFace:
    """A face as Rekognition's FaceDetail describes it.

    Attributes
    ----------
    width, height : float
        Of its box, in fractions of the photo's.
    confidence, brightness, sharpness : float
        Percentages.
    yaw, pitch, roll : float
        In degrees; all 0 looks into the camera.
    sunglasses : bool, optional
        Whether the eyes are behind them; None where the engine does not tell.
    """

    width: float
    height: float
    confidence: float
    brightness: float
    sharpness: float
    yaw: float
    pitch: float
    roll: float
    sunglasses: bool | None = None


@dataclass(frozen=True)
class IndexedPhoto:
    """What one IndexFaces call tells of a photo.

    Attributes
    ----------
    face_id : str, optional
        The most prominent face, in the collection now whatever its quality; None if there is no face.
    face : PhotographedFace, optional
        That face.
    others : tuple of PhotographedFace
        The faces beside it, which did not go in.
    """

    face_id: str | None
    face: PhotographedFace | None
    others: tuple[PhotographedFace, ...] = ()


class FaceIndex:
    """The stack's collection."""

    def __init__(self, aws: "Aws") -> None:
        self._rekognition = aws.rekognition
        self._collection_id = aws.outputs.collection_id

    def index(self, jpeg: bytes, person_id: str) -> IndexedPhoto:
        """Put the photo's most prominent face into the collection, however good it is.

        Doing it again makes no second face: Rekognition keeps one for the same image under the same
        ExternalImageId in a collection.

        Parameters
        ----------
        jpeg : bytes
            At most 5 MB, which is what the call takes.
        person_id : str
            Kept with the face as ExternalImageId.

        Raises
        ------
        UnreadableImage
            If it is no picture, or too large.
        AwsError
            If the collection cannot be asked.
        """
        with translated("indexing a photo"):
            try:
                answer = self._rekognition.index_faces(
                    CollectionId=self._collection_id,
                    Image={"Bytes": jpeg},
                    ExternalImageId=person_id,
                    MaxFaces=1,
                    # the quality policy decides, with a reason; the filter would say no more than "poor"
                    QualityFilter="NONE",
                    DetectionAttributes=["DEFAULT", "SUNGLASSES"],
                )
            except ClientError as error:
                if error_code(error) in _UNREADABLE:
                    raise UnreadableImage(str(error)) from error
                raise
        records = [(record.get("Face", {}), record.get("FaceDetail", {})) for record in answer["FaceRecords"]]
        others = tuple(
            photographed_face(other.get("FaceDetail", {})) for other in answer.get("UnindexedFaces", [])
        )
        if not records:
            return IndexedPhoto(None, None, others)
        stored, detail = records[0]
        return IndexedPhoto(stored.get("FaceId"), photographed_face(detail), others)

    def resembling(self, face_id: str, threshold: float) -> list[FaceMatch]:
        """Search the collection for faces like one of its own.

        Parameters
        ----------
        threshold : float
            Least similarity, in percent.

        Returns
        -------
        list of FaceMatch
            At most 100, best first, without the face itself.

        Raises
        ------
        AwsUnavailable
            Also if the face is gone: another worker took it out, and doing the job again puts it in again.
        AwsError
            If the collection cannot be asked.
        """
        with translated("searching the collection for a face"):
            try:
                answer = self._rekognition.search_faces(
                    CollectionId=self._collection_id,
                    FaceId=face_id,
                    FaceMatchThreshold=threshold,
                    MaxFaces=MOST_MATCHES,
                )
            except ClientError as error:
                # an unknown face is an invalid parameter: nothing else of the call can be wrong
                if error_code(error) == "InvalidParameterException":
                    raise AwsUnavailable(f"face {face_id} is not in the collection any more") from error
                raise
        return [
            FaceMatch(
                face_id=match["Face"]["FaceId"],
                external_id=match["Face"].get("ExternalImageId"),
                user_id=match["Face"].get("UserId"),
                similarity=match["Similarity"],
            )
            for match in answer["FaceMatches"]
            if "Face" in match and "FaceId" in match["Face"] and "Similarity" in match
        ]

    def associate(self, face_id: str, person_id: str, threshold: float) -> None:
        """Make the face one of the person's Rekognition user, who is created if there is none.

        Parameters
        ----------
        threshold : float
            Least similarity to the user's other faces, in percent.

        Raises
        ------
        UnlikeUser
            If it does not resemble them.
        AwsError
            If the collection cannot be asked, or the face cannot become the user's.
        """
        with translated(f"associating face {face_id} with user {person_id}"):
            answer = _while_busy()(self._associate, face_id, person_id, threshold)
        for refused in answer["UnsuccessfulFaceAssociations"]:
            reasons = refused.get("Reasons", [])
            if "LOW_MATCH_CONFIDENCE" in reasons:
                raise UnlikeUser(refused.get("Confidence"))
            # its face is gone or another user's: another worker took it out just now
            raise AwsUnavailable(f"face {face_id} did not become user {person_id}'s: {', '.join(reasons)}")

    def _associate(self, face_id: str, person_id: str, threshold: float) -> "AssociateFacesResponseTypeDef":
        request: Any = {
            "CollectionId": self._collection_id,
            "UserId": person_id,
            "FaceIds": [face_id],
            "UserMatchThreshold": threshold,
        }
        try:
            return self._rekognition.associate_faces(**request)
        except self._rekognition.exceptions.ResourceNotFoundException:
            # asked for only when needed: most photos are of people who have one already
            self._create_user(person_id)
            return self._rekognition.associate_faces(**request)

    def _create_user(self, person_id: str) -> None:
        try:
            self._rekognition.create_user(CollectionId=self._collection_id, UserId=person_id)
        except self._rekognition.exceptions.ConflictException:
            return  # another worker created the same one just now

    def delete(self, face_ids: list[str]) -> None:
        """Take faces of no user out of the collection; one that is not there is not an error.

        Raises
        ------
        AwsError
            If the collection cannot be asked.
        """
        with translated("deleting faces"):
            self._rekognition.delete_faces(CollectionId=self._collection_id, FaceIds=face_ids)

    def remove(self, face_id: str, person_id: str) -> None:
        """Take a face from its person's user and out of the collection; done already is not an error.

        Raises
        ------
        AwsError
            If the collection cannot be asked.
        """
        with translated(f"removing face {face_id}"):
            _while_busy()(self._disassociate, face_id, person_id)
        self.delete([face_id])

    def delete_user(self, person_id: str) -> None:
        """Delete the user that a person's faces make up; the faces stay. None there is not an error.

        Raises
        ------
        AwsError
            If the collection refuses.
        """
        with translated(f"deleting user {person_id}"):
            _while_busy()(self._delete_user, person_id)

    def _delete_user(self, person_id: str) -> None:
        try:
            self._rekognition.delete_user(CollectionId=self._collection_id, UserId=person_id)
        except self._rekognition.exceptions.ResourceNotFoundException:
            return

    def _disassociate(self, face_id: str, person_id: str) -> None:
        try:
            self._rekognition.disassociate_faces(
                CollectionId=self._collection_id, UserId=person_id, FaceIds=[face_id]
            )
        except self._rekognition.exceptions.ResourceNotFoundException:
            return  # without a user it is nobody's


def _while_busy() -> Retrying:
    return Retrying(
        retry=retry_if_exception(_user_is_busy),
        wait=wait_random_exponential(multiplier=0.1, max=2),
        stop=stop_after_delay(_BUSY_PATIENCE_SECONDS),
        reraise=True,
    )


def _user_is_busy(error: BaseException) -> bool:
    return isinstance(error, ClientError) and error_code(error) == "ConflictException"


def photographed_face(detail: "FaceDetailTypeDef") -> PhotographedFace:
    """Read what is judged of a face from Rekognition's FaceDetail; what is missing there is 0."""
    box, pose, quality = detail.get("BoundingBox", {}), detail.get("Pose", {}), detail.get("Quality", {})
    return PhotographedFace(
        width=box.get("Width", 0.0),
        height=box.get("Height", 0.0),
        confidence=detail.get("Confidence", 0.0),
        brightness=quality.get("Brightness", 0.0),
        sharpness=quality.get("Sharpness", 0.0),
        yaw=pose.get("Yaw", 0.0),
        pitch=pose.get("Pitch", 0.0),
        roll=pose.get("Roll", 0.0),
        sunglasses=detail.get("Sunglasses", {}).get("Value"),
    )
