"""The keys that may sign requests, from a file of AWS's format or from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from botocore.configloader import raw_config_parse
from botocore.exceptions import ConfigNotFound, ConfigParseError


class AccessKeysError(Exception):
    """No keys to check signatures with; the message says where they were looked for."""


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A key that may sign requests.

    Attributes
    ----------
    session_token : str, optional
        Of temporary credentials, which are invalid without it.
    """

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


def keys_from_file(path: Path) -> dict[str, AccessKey]:
    """Return the keys of all profiles of a shared credentials file, by access key id.

    Raises
    ------
    AccessKeysError
        The file is not there, is not of that format, or holds no key.
    """
    try:
        # botocore ships no type hints for it.
        profiles = cast("dict[str, Any]", cast("Any", raw_config_parse)(str(path)))
    except (ConfigNotFound, ConfigParseError) as error:
        raise AccessKeysError(f"{path} is not a file like ~/.aws/credentials.") from error
    keys = [key for profile in profiles.values() if (key := _key(profile)) is not None]
    if not keys:
        raise AccessKeysError(f"{path} holds no aws_access_key_id with its aws_secret_access_key.")
    return {key.access_key_id: key for key in keys}


def keys_from_environment(environment: Mapping[str, str]) -> dict[str, AccessKey]:
    """Return the one key that the environment names as for any program on AWS.

    Raises
    ------
    AccessKeysError
        It names none.
    """
    key = _key({name.lower(): value for name, value in environment.items() if name.startswith("AWS_")})
    if key is None:
        raise AccessKeysError(
            "Signatures cannot be checked without keys: name a credentials file, or set "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        )
    return {key.access_key_id: key}


def _key(profile: Mapping[str, str]) -> AccessKey | None:
    access_key_id = profile.get("aws_access_key_id")
    secret = profile.get("aws_secret_access_key")
    if not access_key_id or not secret:
        return None
    return AccessKey(access_key_id, secret, profile.get("aws_session_token") or None)
