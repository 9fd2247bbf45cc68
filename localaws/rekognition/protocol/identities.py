"""Who may do what: keys with IAM's policies, from a file that may change while the server runs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from localaws.rekognition.protocol.access_keys import AccessKey, AccessKeysError


@dataclass(frozen=True, slots=True)
class Identity(AccessKey):
    """A key, whose it is, and what they may do.

    Attributes
    ----------
    arn : str
        The user's or role's.
    policies : tuple of mapping
        Documents as IAM has them.
    """

    arn: str = ""
    policies: tuple[Mapping[str, Any], ...] = ()


class Identities:
    """The identities of a file, read again when the file has been replaced.

    Parameters
    ----------
    path : Path
        JSON: access key ids, each with ``secret_access_key``, ``arn`` and ``policies``.

    Raises
    ------
    AccessKeysError
        The file is not there, or not of that form.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._version = self._version_of_file()
        self._identities = self._read()

    def get(self, access_key_id: str) -> Identity | None:
        """Return whose key this is.

        Raises
        ------
        AccessKeysError
            The file was replaced by one that cannot be read.
        """
        with self._lock:
            version = self._version_of_file()
            if version != self._version:
                self._identities = self._read()
                self._version = version
            return self._identities.get(access_key_id)

    def _version_of_file(self) -> tuple[int, int]:
        try:
            found = self._path.stat()
        except OSError as error:
            raise AccessKeysError(f"{self._path} is not there: {error.strerror}.") from error
        return found.st_ino, found.st_mtime_ns

    def _read(self) -> dict[str, Identity]:
        try:
            document: dict[str, Any] = json.loads(self._path.read_text())
            return {
                access_key_id: Identity(
                    access_key_id,
                    known["secret_access_key"],
                    arn=known["arn"],
                    policies=tuple(known["policies"]),
                )
                for access_key_id, known in document.items()
            }
        except (OSError, ValueError, AttributeError, KeyError, TypeError) as error:
            raise AccessKeysError(f"{self._path} holds no identities: {error!r}.") from error
