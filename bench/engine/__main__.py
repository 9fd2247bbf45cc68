"""``python -m bench.engine [part ...]``: measure the embedded Rekognition, JSON as the last line.

Each part runs in a process of its own, so that none inherits another's memory, threads or core. The
figures of the parts that ran are merged into ``bench/results/engine.json``.
"""

import argparse
import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

PARTS = ("pipeline", "accuracy", "search", "http")

_RESULTS = Path(__file__).parent.parent / "results" / "engine.json"


def main() -> int:
    """Run the parts named, or all, and return an exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.engine", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"any of {', '.join(PARTS)}; all by default")
    parser.add_argument("--inside", choices=PARTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    if options.inside:
        print(json.dumps(import_module(f"bench.engine.{options.inside}").run()))
        return 0
    figures: dict[str, float] = json.loads(_RESULTS.read_text("utf-8")) if _RESULTS.exists() else {}
    measured: dict[str, float] = {}
    for part in options.parts or PARTS:
        print(f"{part} ...", file=sys.stderr, flush=True)
        measured |= _run_part(part)
    _RESULTS.parent.mkdir(parents=True, exist_ok=True)
    _RESULTS.write_text(json.dumps(dict(sorted((figures | measured).items())), indent=2) + "\n", "utf-8")
    print(json.dumps(measured))
    return 0


def _run_part(part: str) -> dict[str, float]:
    # More threads would only blur what one core does.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "bench.engine", "--inside", part]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{part} failed with status {done.returncode}.")
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    sys.exit(main())
