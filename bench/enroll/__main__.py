"""Enrollment of batches under measurement. The last line is JSON.

When all parts ran, the figures are kept in bench/results: those of one run, never a patchwork of several.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.enroll.memory import memory
from bench.enroll.throughput import throughput

_RESULTS = Path(__file__).parent.parent / "results"
#: Of telephones (12 megapixels, a bit more than 3 MB), whose ratio is the headline, and of webcams.
_TELEPHONE, _WEBCAM = (4032, 3024), (640, 480)


def telephone() -> dict[str, Any]:
    """Enrol 500 photos of 12 megapixels."""
    return throughput(_TELEPHONE)


def webcam() -> dict[str, Any]:
    """Enrol 500 photos of 640x480."""
    figures = throughput(_WEBCAM)
    return {f"webcam_{name}" if name != "lost" else name: figure for name, figure in figures.items()}


PARTS: dict[str, Callable[[], dict[str, Any]]] = {"telephone": telephone, "webcam": webcam, "memory": memory}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the parts asked for, or all of them; exit with 1 if a photo was lost."""
    chosen = _parts(arguments)
    figures: dict[str, Any] = {}
    lost = 0
    for name in chosen:
        print(f"… {name}", file=sys.stderr)
        figures |= PARTS[name]()
        lost += figures.pop("lost")
    figures["lost"] = lost
    if set(chosen) == set(PARTS):
        (_RESULTS / "enroll.json").write_text(json.dumps(figures, indent=2) + "\n")
    else:
        print("only some parts ran: the figures in bench/results stay as they are", file=sys.stderr)
    print(json.dumps(figures))
    sys.exit(lost > 0)


def _parts(arguments: Sequence[str] | None) -> list[str]:
    parser = argparse.ArgumentParser(prog="python -m bench.enroll", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", metavar="part", help=f"{', '.join(PARTS)}; all of them if none is named"
    )
    chosen: list[str] = parser.parse_args(arguments).parts
    if unknown := sorted(set(chosen) - set(PARTS)):
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    return [name for name in PARTS if name in chosen] or list(PARTS)


if __name__ == "__main__":
    main()
