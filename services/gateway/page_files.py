"""The files of pages: their version, their texts, and whether what is installed at build time is there."""

import hashlib
from pathlib import Path

from services.gateway.problems import PROBLEM_TYPES
from services.gateway.texts import DEFAULT_LANGUAGE, Languages

STATIC = Path(__file__).parent / "static"
#: Addresses of files change with their content, so that browsers may keep them for good.
KEPT_SECONDS = 365 * 24 * 60 * 60
DETECTOR = "detector_worker.js"
_DIGEST_CHARACTERS = 12


def version_of(folder: Path) -> str:
    """Digest names and contents of all files below `folder`."""
    digest = hashlib.sha256()
    for file in sorted(file for file in folder.rglob("*") if file.is_file()):
        digest.update(file.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:_DIGEST_CHARACTERS]


def has_detector(folder: Path) -> bool:
    """Whether what the face detector of the kiosk page runs on has been installed."""
    return (folder / "vendor" / "fr_detect.onnx.gz").exists()


def languages() -> Languages:
    """Read what the pages say; of problems, the API's own words are the ones in English."""
    return Languages.read(STATIC / "texts", {DEFAULT_LANGUAGE: _problems_in_english()})


def _problems_in_english() -> dict[str, str]:
    titles = {f"problems.{slug}.title": kind.title for slug, kind in PROBLEM_TYPES.items()}
    return titles | {f"problems.{slug}.way-out": kind.explanation for slug, kind in PROBLEM_TYPES.items()}
