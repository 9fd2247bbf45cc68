"""The command line: ``prepare`` fetches the model pack, ``serve`` runs the server."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    options = _parser().parse_args(arguments)
    # One picture is too small for a second thread; numpy reads this when it is first imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if options.command == "prepare":
        return _prepare(options.pack_dir)
    return _serve(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m localaws.rekognition", description="An Amazon Rekognition for faces on this machine."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    prepare = commands.add_parser("prepare", help="fetch and prepare the default model pack")
    serve = commands.add_parser("serve", help="serve the API")
    for command in (prepare, serve):
        command.add_argument("--pack-dir", type=Path, required=True, help="directory of the model pack")
    serve.add_argument("--data-dir", type=Path, required=True, help="directory of the collections")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=4577)
    serve.add_argument("--threads", type=int, default=4, help="requests answered at the same time")
    serve.add_argument("--account-id", default="000000000000", help="AWS account in ARNs")
    return parser


def _prepare(pack_dir: Path) -> int:
    from localaws.rekognition.engine import PackError  # noqa: PLC0415 - numpy only after the environment is set
    from localaws.rekognition.engine.packs.preparation import prepare_default_pack  # noqa: PLC0415

    try:
        prepare_default_pack(pack_dir, lambda sentence: print(sentence, file=sys.stderr))  # noqa: T201 - progress
    except PackError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _serve(options: argparse.Namespace) -> int:
    from localaws.rekognition.server import ServerSettings, serve  # noqa: PLC0415

    serve(
        ServerSettings(
            options.host,
            options.port,
            options.data_dir,
            options.pack_dir,
            options.threads,
            options.account_id,
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
