"""AWS::Rekognition::Collection for the embedded CloudFormation, which lacks it.

A stack's collection is made in the embedded Rekognition, and deleted there with the stack.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from localaws.identities import ROOT

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient


def register(endpoint: str) -> None:
    """Teach the embedded CloudFormation to make collections at this endpoint."""
    provisioners: Any = import_module("ministack.services.cloudformation.provisioners")
    provisioners._RESOURCE_HANDLERS["AWS::Rekognition::Collection"] = FaceCollections(endpoint).handlers()


class CollectionNotMadeError(Exception):
    """The embedded Rekognition did not answer; CloudFormation shows the message as the reason."""


class FaceCollections:
    """Creates, replaces and deletes collections as a stack says.

    Parameters
    ----------
    endpoint : str
        URL of the embedded Rekognition.
    """

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._responses: Any = import_module("ministack.core.responses")

    def handlers(self) -> dict[str, Any]:
        """Return them as ministack's table of resource types wants them."""
        return {"create": self.create, "update": self.update, "delete": self.delete}

    def create(
        self, _logical_id: str, properties: dict[str, Any], _stack_name: str
    ) -> tuple[str, dict[str, str]]:
        """Create the collection; return its id and attributes.

        One that is there already is taken over: the embedded CloudFormation loses what it did since
        its last save when the machine fails, and the faces are still wanted.
        """
        collection_id: str = properties["CollectionId"]
        client = self._client()
        try:
            try:
                arn = client.create_collection(CollectionId=collection_id)["CollectionArn"]
            except client.exceptions.ResourceAlreadyExistsException:
                arn = client.describe_collection(CollectionId=collection_id)["CollectionARN"]
        except BotoCoreError as error:
            raise CollectionNotMadeError(
                f"The embedded Rekognition at {self._endpoint} does not answer: {error}"
            ) from error
        # Rekognition says aws:rekognition:..., CloudFormation and IAM say arn:aws:rekognition:...
        return collection_id, {"Arn": arn if arn.startswith("arn:") else f"arn:{arn}"}

    def update(
        self, physical_id: str, _old: dict[str, Any], properties: dict[str, Any], stack_name: str
    ) -> tuple[str, dict[str, str]]:
        """Create the collection of a changed id; CloudFormation's UpdateReplacePolicy leaves the old one."""
        return self.create(physical_id, properties, stack_name)

    def delete(self, physical_id: str, _properties: dict[str, Any]) -> None:
        """Delete the collection; one that is gone already is as deleted as it should be."""
        client = self._client()
        try:
            client.delete_collection(CollectionId=physical_id)
        except client.exceptions.ResourceNotFoundException:
            return

    def _client(self) -> "RekognitionClient":
        # in the region of the request that CloudFormation is working on
        return boto3.Session(
            aws_access_key_id=ROOT.access_key_id,
            aws_secret_access_key=ROOT.secret_access_key,
            region_name=self._responses.get_region(),
        ).client(
            "rekognition",
            endpoint_url=self._endpoint,
            config=Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 2}),
        )
