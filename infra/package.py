"""The Lambda's zip: the same sources make the same bytes, wherever and whenever it is built."""

import io
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from infra.errors import DeploymentError

INGEST_SOURCES = Path(__file__).parents[1] / "lambda" / "ingest"

#: The earliest time a zip entry can carry; a real one would change the bytes at every checkout.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_READABLE_FILE = 0o100644 << 16
_UNIX = 3


class Package(NamedTuple):
    """A Lambda's zip and the S3 key that its content gives it."""

    key: str
    data: bytes


def package(sources: Path = INGEST_SOURCES) -> Package:
    """Zip the Python files of a package's folder.

    Parameters
    ----------
    sources : pathlib.Path
        The package's folder; its name becomes the folder inside the zip.

    Raises
    ------
    DeploymentError
        Where the folder holds no Python file.
    """
    files = sorted(sources.glob("*.py"))
    if not files:
        raise DeploymentError(f"{sources} holds no Python files; deploy from a checkout of the project.")
    buffer = io.BytesIO()
    # stored, not deflated: zlib versions compress differently, and a few kB need no compression
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for file in files:
            entry = zipfile.ZipInfo(f"{sources.name}/{file.name}", _EPOCH)
            entry.create_system = _UNIX
            entry.external_attr = _READABLE_FILE
            archive.writestr(entry, file.read_bytes())
    data = buffer.getvalue()
    return Package(f"{sources.name}/{sha256(data).hexdigest()}.zip", data)
