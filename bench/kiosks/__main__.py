"""The recognition path under load. The last line is JSON.

When all parts ran, the figures are kept in bench/results: those of one run, never a patchwork of several.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from inspect import getdoc
from pathlib import Path

from bench.kiosks.figures import Figures
from bench.kiosks.frames import visitors
from bench.kiosks.parts import ALL, ON_ONE_STAND, ON_STANDS_OF_THEIR_OWN
from bench.kiosks.stand import Stands

_RESULTS = Path(__file__).parent.parent / "results"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the parts asked for, or all of them."""
    chosen = _parts(arguments)
    complete = set(chosen) == set(ALL)
    people = visitors()
    stands = Stands(people, _RESULTS if complete else None)
    figures: Figures = {"people": len(people.photos), "frames": len(people.frames)}
    figures |= _run(chosen, stands) | asdict(stands.total)
    if complete:
        (_RESULTS / "kiosks.json").write_text(json.dumps(figures, indent=2) + "\n")
    else:
        print("only some parts ran: the figures in bench/results stay as they are", file=sys.stderr)
    print(json.dumps(figures))


def _run(chosen: Sequence[str], stands: Stands) -> Figures:
    figures: Figures = {}
    if shared := [part for part in chosen if part in ON_ONE_STAND]:
        with stands.put_up() as bench:
            for part in shared:
                print(f"… {part}", file=sys.stderr)
                figures |= ON_ONE_STAND[part](bench, stands)
    for part in chosen:
        if part in ON_STANDS_OF_THEIR_OWN:
            print(f"… {part}", file=sys.stderr)
            figures |= ON_STANDS_OF_THEIR_OWN[part](stands)
    return figures


def _parts(arguments: Sequence[str] | None) -> list[str]:
    width = max(map(len, ALL)) + 2
    explained = [
        f"  {name:{width}}{(getdoc(part) or '').partition(chr(10))[0]}" for name, part in ALL.items()
    ]
    parser = argparse.ArgumentParser(
        prog="python -m bench.kiosks",
        description=__doc__,
        epilog="\n".join(["parts:", *explained]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("parts", nargs="*", metavar="part", help="which to run; all of them if none is named")
    chosen: list[str] = parser.parse_args(arguments).parts
    if unknown := sorted(set(chosen) - set(ALL)):
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(ALL)}")
    return [name for name in ALL if name in chosen] or list(ALL)


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


if __name__ == "__main__":
    main()
