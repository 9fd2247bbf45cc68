"""Two public-domain portraits and a cat, as packages that we depend on ship them."""

from importlib.util import find_spec
from pathlib import Path


def grace_hopper() -> Path:
    """Find matplotlib's portrait of Grace Hopper (US Navy, public domain)."""
    return _shipped("matplotlib", "mpl-data/sample_data/grace_hopper.jpg")


def eileen_collins() -> Path:
    """Find scikit-image's portrait of the astronaut Eileen Collins (NASA, public domain)."""
    return _shipped("skimage", "data/astronaut.png")


def cat() -> Path:
    """Find scikit-image's cat Chelsea (CC0)."""
    return _shipped("skimage", "data/chelsea.png")


def _shipped(package: str, path: str) -> Path:
    # Found, not imported: matplotlib alone takes half a second.
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"{package} is not installed, and {Path(path).name} comes with it")
    return Path(spec.origin).parent / path
