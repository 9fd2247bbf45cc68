"""The face collection: Rekognition's calls in the words of the services."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from services.aws.errors import AwsError, error_code, translated
from services.contracts.domain import FaceMatch, UserMatch
from services.contracts.messages import InlineFrame, StoredObject

if TYPE_CHECKING:
    from mypy_boto3_rekognition.type_defs import ImageTypeDef

    from services.aws.connection import Aws

#: As many as the tables give in one read, beside the state of access control.
MOST_MATCHES = 99
_UNREADABLE = frozenset({"ImageTooLargeException", "InvalidImageFormatException"})


class NoFaceInImage(AwsError):
    """Rekognition found no face in the picture."""


class UnreadableImage(AwsError):
    """Rekognition could not read the picture, or it is too large."""


class ImageOutOfReach(AwsError):
    """Rekognition cannot read the picture in S3: it is gone, or a right is missing (S3, KMS)."""


class FaceCollection:
    """The stack's collection."""

    def __init__(self, aws: "Aws") -> None:
        self._rekognition = aws.rekognition
        self._collection_id = aws.outputs.collection_id

    def search(self, image: InlineFrame | StoredObject, threshold: float) -> list[FaceMatch]:
        """Search the picture's largest face.

        Parameters
        ----------
        image : InlineFrame or StoredObject
            JPEG or PNG; one in S3 is read there by Rekognition itself.
        threshold : float
            Least similarity of a match, in percent.

        Returns
        -------
        list of FaceMatch
            At most 100, best first.

        Raises
        ------
        NoFaceInImage, UnreadableImage
            As they say.
        ImageOutOfReach
            If Rekognition cannot read it in S3.
        AwsError
            If the collection cannot be asked.
        """
        with translated("searching the collection's faces"), _searched_picture():
            answer = self._rekognition.search_faces_by_image(
                CollectionId=self._collection_id,
                Image=_image(image),
                FaceMatchThreshold=threshold,
                MaxFaces=MOST_MATCHES,
                QualityFilter="NONE",
            )
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

    def search_users(self, image: InlineFrame | StoredObject, threshold: float) -> list[UserMatch]:
        """Search the picture's largest face among users: people with all of their photos.

        Parameters
        ----------
        image : InlineFrame or StoredObject
            JPEG or PNG; one in S3 is read there by Rekognition itself.
        threshold : float
            Least similarity of a match, in percent.

        Returns
        -------
        list of UserMatch
            At most 100, best first.

        Raises
        ------
        NoFaceInImage, UnreadableImage
            As they say.
        ImageOutOfReach
            If Rekognition cannot read it in S3.
        AwsError
            If the collection cannot be asked.
        """
        with translated("searching the collection's users"), _searched_picture():
            answer = self._rekognition.search_users_by_image(
                CollectionId=self._collection_id,
                Image=_image(image),
                UserMatchThreshold=threshold,
                MaxUsers=MOST_MATCHES,
                QualityFilter="NONE",
            )
        # Unlike a search of faces this one does not fail where it sees none.
        if "SearchedFace" not in answer:
            raise NoFaceInImage("there is no face in the picture")
        return [
            UserMatch(person_id=match["User"]["UserId"], similarity=match["Similarity"])
            for match in answer["UserMatches"]
            if "User" in match and "UserId" in match["User"] and "Similarity" in match
        ]


def _image(image: InlineFrame | StoredObject) -> "ImageTypeDef":
    if isinstance(image, InlineFrame):
        return {"Bytes": image.data}
    place: ImageTypeDef = {"S3Object": {"Bucket": image.bucket, "Name": image.key}}
    if image.version_id is not None and "S3Object" in place:
        place["S3Object"]["Version"] = image.version_id
    return place


@contextmanager
def _searched_picture() -> Generator[None]:
    """Raise what Rekognition says about the picture that it was asked to search."""
    try:
        yield
    except ClientError as error:
        _raise_if_about_the_image(error)
        # The call has no other parameter that could be wrong: AWS says so when it sees no face.
        if error_code(error) == "InvalidParameterException":
            raise NoFaceInImage("there is no face in the picture") from error
        raise


def _raise_if_about_the_image(error: ClientError) -> None:
    code = error_code(error)
    if code in _UNREADABLE:
        raise UnreadableImage(str(error)) from error
    if code == "InvalidS3ObjectException":
        raise ImageOutOfReach(str(error)) from error
