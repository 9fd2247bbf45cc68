"""A release for instances without internet: the services, their packages, units and an installer."""

import gzip
import io
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.errors import DeploymentError
from infra.package import Package

_SOURCES = Path(__file__).parents[1]
#: What the pages load, which make puts there.
_PAGES = Path("services", "gateway", "static", "vendor")
_PROGRAMS = frozenset({"install.sh", "caddy"})
#: What the instances are: Amazon Linux 2023 on Graviton, whose glibc is 2.34, with its Python 3.12.
PLATFORM, PYTHON = "aarch64-manylinux_2_34", "3.12"


def release(
    sources: Path = _SOURCES,
    lock: Path = _SOURCES / "requirements" / "services.lock",
    *,
    with_proxy: bool = False,
) -> Package:
    """Pack a release; the same sources and lock make the same bytes.

    Parameters
    ----------
    sources : pathlib.Path
        A checkout of the project.
    lock : pathlib.Path
        The packages, with versions and hashes.
    with_proxy : bool
        Whether it has Caddy, for an instance that nothing stands before.

    Raises
    ------
    DeploymentError
        Where what the pages are built with is missing, or a package cannot be fetched.
    """
    if not (sources / _PAGES).is_dir():
        raise DeploymentError(f"{sources / _PAGES} is missing: run `make assets` in the checkout first.")
    with TemporaryDirectory() as folder:
        packages, proxy = Path(folder, "packages"), Path(folder, "proxy")
        _install(lock, packages)
        contents = dict(_contents(sources, packages))
        if with_proxy:
            _install(_SOURCES / "requirements" / "proxy.lock", proxy)
            contents["caddy"] = proxy / "bin" / "caddy"
        return _packed(contents)


def _install(lock: Path, into: Path) -> None:
    installed = subprocess.run(
        [
            *(sys.executable, "-m", "uv", "pip", "install", "--quiet", "--require-hashes"),
            *("--only-binary", ":all:", "--python-platform", PLATFORM, "--python-version", PYTHON),
            *("--target", str(into), "-r", str(lock)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if installed.returncode:
        raise DeploymentError(f"The release's packages cannot be fetched:\n{installed.stderr.strip()}")


def _contents(sources: Path, packages: Path) -> Iterator[tuple[str, Path]]:
    for folder, place in (("infra/instance", ""), ("services", "services/")):
        for file in _files(sources / folder):
            yield f"{place}{file.relative_to(sources / folder)}", file
    for file in _files(packages):
        # programs name the interpreter they were installed by, and nobody calls them
        if file.parts[len(packages.parts)] not in {"bin", ".lock"}:
            yield f"packages/{file.relative_to(packages)}", file


def _files(folder: Path) -> Iterator[Path]:
    for file in folder.rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts:
            yield file


def _packed(contents: dict[str, Path]) -> Package:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, file in sorted(contents.items()):
            data = file.read_bytes()
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            entry.mode = 0o755 if name in _PROGRAMS else 0o644
            archive.addfile(entry, io.BytesIO(data))
    # named after what is in it: zlib's versions compress differently
    key = f"releases/{sha256(raw.getvalue()).hexdigest()}.tar.gz"
    return Package(key, gzip.compress(raw.getvalue(), compresslevel=6, mtime=0))
