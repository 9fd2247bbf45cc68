"""``python -m assets``: put what the pages are built with into the gateway's static files."""

import argparse
import gzip
import shutil
import sys
from pathlib import Path

from localaws.rekognition.engine.errors import PackError
from localaws.rekognition.engine.packs.npm import install_locked

HERE = Path(__file__).parent
VENDOR = HERE.parent / "services" / "gateway" / "static" / "vendor"
MODULES = HERE / "node_modules"
RUNTIME = MODULES / "onnxruntime-web"
#: Served as they are, by these names.
PLAIN = {
    "ort.wasm.bundle.min.mjs": RUNTIME / "dist" / "ort.wasm.bundle.min.mjs",
    "htmx.min.js": MODULES / "htmx.org" / "dist" / "htmx.min.js",
    "lean-qr.mjs": MODULES / "lean-qr" / "index.mjs",
    "uplot.min.js": MODULES / "uplot" / "dist" / "uPlot.iife.min.js",
    "uplot.min.css": MODULES / "uplot" / "dist" / "uPlot.min.css",
    "lean-qr-svg.mjs": MODULES / "lean-qr" / "extras" / "svg.mjs",
}
#: Kept packed: Flask sends ``.gz`` files as gzip-encoded, and every browser unpacks them.
RUNTIME_CODE = RUNTIME / "dist" / "ort-wasm-simd-threaded.wasm"
DETECTOR = "fr_detect.onnx"


def main() -> None:
    """Install the locked npm packages and copy what the pages load of them, and of the model pack."""
    parser = argparse.ArgumentParser(prog="python -m assets", description=__doc__)
    parser.add_argument("--pack-dir", type=Path, required=True, help="the default model pack, prepared")
    pack = parser.parse_args().pack_dir
    try:
        install_locked(HERE)
    except PackError as error:
        sys.exit(f"assets: {error}")
    shutil.rmtree(VENDOR, ignore_errors=True)
    VENDOR.mkdir()
    for name, file in PLAIN.items():
        shutil.copy(file, VENDOR / name)
    for file in (RUNTIME_CODE, pack / DETECTOR):
        # without a time in it, the same content is the same file
        packed = gzip.compress(file.read_bytes(), compresslevel=6, mtime=0)
        (VENDOR / f"{file.name}.gz").write_bytes(packed)


if __name__ == "__main__":
    main()
