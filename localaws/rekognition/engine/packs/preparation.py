"""Preparing a model pack: fetched, checked, optimized, put in place at once.

A prepared pack is a directory with the networks, ``pack.json``, which describes them, and
``prepared.json``, which names the SHA-256 of each file. It appears by one rename, so that an interrupted
preparation is never taken for a prepared pack.
"""

import fcntl
import hashlib
import json
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import ValidationError

from localaws.rekognition.engine.errors import PackError
from localaws.rekognition.engine.packs.manifest import PackManifest
from localaws.rekognition.engine.packs.recipes import Progress, Recipe, recipe_of

PREPARED = "prepared.json"
MANIFEST = "pack.json"

#: Counts the ways in which packs were prepared; one prepared in another is prepared again.
_FORMAT = 2


def prepare_pack(pack_dir: Path, pack: str, progress: Progress) -> None:
    """Make `pack_dir` a prepared pack; where it is that one already, only verify it.

    Parameters
    ----------
    pack_dir : Path
        Created or replaced.
    pack : str
        ``default``, ``dlib``, or the path of a TOML file that describes one's own.
    progress : callable
        Takes a sentence for each step.

    Raises
    ------
    PackError
        npm or pip is missing or failed, a file is not the published one, or one's own network or its
        description is not fit for use.
    """
    recipe = recipe_of(pack)
    pack_dir = pack_dir.absolute()
    pack_dir.parent.mkdir(parents=True, exist_ok=True)
    with _exclusive(pack_dir.with_name(f".{pack_dir.name}.lock")):
        if _up_to_date(pack_dir, recipe.manifest):
            progress(f"The model pack {recipe.manifest.name} in {pack_dir} is prepared.")
            return
        with TemporaryDirectory(prefix=f".{pack_dir.name}-", dir=pack_dir.parent) as scratch:
            fresh = _build(Path(scratch), recipe, progress)
            if pack_dir.exists():
                shutil.rmtree(pack_dir)
            fresh.rename(pack_dir)
        progress(f"The model pack {recipe.manifest.name} is ready in {pack_dir}.")


def verify_pack(pack_dir: Path) -> PackManifest:
    """Check a prepared pack against its ``prepared.json`` and return its description.

    Raises
    ------
    PackError
        Not prepared, prepared by another version, or a file is missing or was changed.
    """
    how = f"run `python -m localaws.rekognition prepare --pack-dir {pack_dir}`."
    try:
        prepared = json.loads((pack_dir / PREPARED).read_text("utf-8"))
    except FileNotFoundError as error:
        raise PackError(f"There is no prepared model pack in {pack_dir}; {how}") from error
    if prepared.get("format") != _FORMAT:
        raise PackError(f"The model pack in {pack_dir} was prepared by another version; {how}")
    for name, digest in prepared["sha256"].items():
        path = pack_dir / name
        if not path.is_file() or _sha256(path) != digest:
            raise PackError(
                f"{path} is missing or was changed after it was prepared; prepare the pack again."
            )
    return PackManifest.model_validate_json((pack_dir / MANIFEST).read_text("utf-8"))


def _up_to_date(pack_dir: Path, manifest: PackManifest) -> bool:
    try:
        return verify_pack(pack_dir) == manifest
    except (PackError, ValidationError, json.JSONDecodeError):
        return False


def _build(scratch: Path, recipe: Recipe, progress: Callable[[str], None]) -> Path:
    fresh = scratch / "pack"
    fresh.mkdir()
    recipe.fetch(scratch, fresh, progress)
    (fresh / MANIFEST).write_text(recipe.manifest.model_dump_json(indent=2) + "\n", "utf-8")
    digests = {path.name: _sha256(path) for path in sorted(fresh.iterdir())}
    prepared = {"format": _FORMAT, "sha256": digests}
    (fresh / PREPARED).write_text(json.dumps(prepared, indent=2) + "\n", "utf-8")
    return fresh


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _exclusive(lock: Path) -> Generator[None]:
    """Let one process prepare at a time; the others wait and then find it prepared."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
