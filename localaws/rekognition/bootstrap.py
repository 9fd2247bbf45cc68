"""Plugging the parts of one server process together."""

import os
from typing import TYPE_CHECKING, cast

import botocore.session
from botocore.config import Config

from localaws.rekognition.collections import FaceCollections
from localaws.rekognition.engine import FaceEngine
from localaws.rekognition.protocol.access_keys import keys_from_environment, keys_from_file
from localaws.rekognition.protocol.application import Application
from localaws.rekognition.protocol.authorization import Authorization
from localaws.rekognition.protocol.disturbances import Disturbances, Quotas
from localaws.rekognition.protocol.identities import Identities
from localaws.rekognition.protocol.images import ImageReader
from localaws.rekognition.protocol.operations import HANDLERS
from localaws.rekognition.protocol.service import Service
from localaws.rekognition.protocol.signatures import SignatureCheck
from localaws.rekognition.settings import ServerSettings, SettingsError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def make_application(settings: ServerSettings) -> Application:
    """Plug the parts together.

    Raises
    ------
    PackError
        The model pack is not prepared, or damaged.
    CollectionsError
        Another process has the data directory, or it is not laid out as this version does.
    AccessKeysError
        Signatures are to be checked, and there are no keys.
    SettingsError
        A quota is for an operation that there is not.
    """
    signatures, authorization = _make_checks(settings)
    disturbances = _make_disturbances(settings) if settings.disturbs else None
    engine = FaceEngine.load(settings.pack_dir)
    collections = FaceCollections(settings.data_dir, engine.face_model_version, engine.dimension)
    service = Service(engine, collections, ImageReader(_make_s3_client), settings.account_id)
    return Application(service, signatures, disturbances, authorization)


def _make_checks(settings: ServerSettings) -> tuple[SignatureCheck | None, Authorization | None]:
    """Return what checks who calls and what they may do, as far as the settings want it checked."""
    if settings.identities_file is not None:
        identities = Identities(settings.identities_file)
        return SignatureCheck(identities, settings.region), Authorization(identities, settings.account_id)
    if not settings.require_signatures:
        return None, None
    if settings.credentials_file is not None:
        keys = keys_from_file(settings.credentials_file)
    else:
        keys = keys_from_environment(os.environ)
    return SignatureCheck(keys, settings.region), None


def _make_disturbances(settings: ServerSettings) -> Disturbances:
    unknown = sorted(set(settings.operation_tps) - set(HANDLERS))
    if unknown:
        raise SettingsError(f"--tps {unknown[0]}=...: the operations are {', '.join(HANDLERS)}")
    return Disturbances(
        settings.latency,
        Quotas(settings.default_tps, settings.operation_tps),
        settings.fault_rate,
        settings.fault_seed,
    )


def _make_s3_client() -> "S3Client":
    # Environment variables name endpoint, region and credentials, as for any program on AWS. botocore
    # suffices and starts the server .15 s sooner than boto3.
    config = Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 3, "mode": "standard"})
    return cast("S3Client", botocore.session.get_session().create_client("s3", config=config))
