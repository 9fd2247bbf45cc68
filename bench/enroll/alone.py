"""The yardstick: the embedded Rekognition indexes the same photos, and nothing else is done with them."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

#: More clients than cores, so that the server never waits for one.
_CLIENTS = 4


class Alone:
    """IndexFaces by botocore, into a collection of its own on the same server."""

    def __init__(self, endpoint: str) -> None:
        self._rekognition: Any = boto3.client(
            "rekognition", endpoint_url=endpoint, config=Config(max_pool_connections=_CLIENTS)
        )

    def index(self, photos: Sequence[Path]) -> float:
        """Index photos; return the seconds that it took."""
        self._rekognition.create_collection(CollectionId="alone")
        with ThreadPoolExecutor(_CLIENTS) as clients:
            began = time.monotonic()
            for answer in clients.map(self._index, photos):
                answer["FaceRecords"]
            took = time.monotonic() - began
        self._rekognition.delete_collection(CollectionId="alone")
        return took

    def _index(self, photo: Path) -> Any:
        """Index a photo's most prominent face, whatever its quality, as the enroll worker does."""
        return self._rekognition.index_faces(
            CollectionId="alone",
            Image={"Bytes": photo.read_bytes()},
            ExternalImageId=photo.parent.name,
            MaxFaces=1,
            QualityFilter="NONE",
        )
