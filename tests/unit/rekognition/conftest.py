"""The prepared model pack, and pictures to look at."""

import os
import sys
from pathlib import Path

import pytest

from cli.portraits import cat, eileen_collins, grace_hopper
from localaws.rekognition.engine import FaceEngine, decode_image
from localaws.rekognition.engine.packs.preparation import prepare_pack

HOME = Path(os.environ.get("FACEGATE_HOME", Path(__file__).parents[3] / ".facegate"))


@pytest.fixture(scope="session")
def pack_dir() -> Path:
    directory = HOME / "models" / "default"
    prepare_pack(directory, "default", sys.stderr.write)
    return directory


@pytest.fixture(scope="session")
def engine(pack_dir) -> FaceEngine:
    return FaceEngine.load(pack_dir)


@pytest.fixture(scope="session")
def grace():
    return decode_image(grace_hopper().read_bytes())


@pytest.fixture(scope="session")
def eileen():
    return decode_image(eileen_collins().read_bytes())


@pytest.fixture(scope="session")
def chelsea():
    return decode_image(cat().read_bytes())
