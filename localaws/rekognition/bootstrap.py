"""Plugging the parts of one server process together."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

import botocore.session
from botocore.config import Config

from localaws.rekognition.collections import FaceCollections
from localaws.rekognition.engine import FaceEngine
from localaws.rekognition.protocol.application import Application
from localaws.rekognition.protocol.images import ImageReader
from localaws.rekognition.protocol.service import Service

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def make_application(data_dir: Path, pack_dir: Path, account_id: str) -> Application:
    """Plug the parts together.

    Raises
    ------
    PackError
        The model pack is not prepared, or damaged.
    DataInUseError
        Another process has the data directory.
    """
    engine = FaceEngine.load(pack_dir)
    collections = FaceCollections(data_dir, engine.face_model_version, engine.dimension)
    return Application(Service(engine, collections, ImageReader(_make_s3_client), account_id))


def _make_s3_client() -> "S3Client":
    # Environment variables name endpoint, region and credentials, as for any program on AWS. botocore
    # suffices and starts the server .15 s sooner than boto3.
    config = Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 3, "mode": "standard"})
    return cast("S3Client", botocore.session.get_session().create_client("s3", config=config))
