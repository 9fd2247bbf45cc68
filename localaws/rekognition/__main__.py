"""The command line: ``prepare`` fetches the model pack, ``serve`` runs the server."""

import argparse
import math
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

_Number = TypeVar("_Number", int, float)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    options = _parser().parse_args(arguments)
    # One picture is too small for a second thread; numpy reads this when it is first imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if options.command == "prepare":
        return _prepare(options.pack_dir, options.pack)
    return _serve(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m localaws.rekognition", description="An Amazon Rekognition for faces on this machine."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    prepare = commands.add_parser("prepare", help="fetch and prepare a model pack")
    prepare.add_argument(
        "--pack", default="default", help="default, dlib, or a TOML file that describes your own network"
    )
    serve = commands.add_parser("serve", help="serve the API")
    for command in (prepare, serve):
        command.add_argument("--pack-dir", type=Path, required=True, help="directory of the model pack")
    _add_server_options(serve)
    return parser


def _add_server_options(serve: argparse.ArgumentParser) -> None:
    serve.add_argument("--data-dir", type=Path, required=True, help="directory of the collections")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=4577)
    serve.add_argument(
        "--threads",
        type=_positive(int),
        help="requests answered at the same time (default: 4, and with --latency-ms one more for each "
        "request that waits: 40 calls a second and 250 ms make 10 more)",
    )
    serve.add_argument("--account-id", default="000000000000", help="AWS account in ARNs")
    signing = serve.add_argument_group("signatures")
    signing.add_argument(
        "--require-signatures",
        action="store_true",
        help="check AWS signatures (version 4); otherwise every request is accepted",
    )
    signing.add_argument(
        "--credentials-file",
        type=Path,
        help="keys that may sign, in the format of ~/.aws/credentials (default: the key that "
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY name)",
    )
    signing.add_argument(
        "--identities",
        type=Path,
        metavar="FILE",
        help="check signatures, and by IAM policies what each key may do; JSON: access key ids, each with "
        "secret_access_key, arn and policies; read again when it is replaced",
    )
    signing.add_argument("--region", help="the only region that requests may be signed for (default: any)")
    disturbances = serve.add_argument_group("behaving like a distant, busy, failing Rekognition")
    disturbances.add_argument("--latency-ms", type=_duration, default=0.0, help="added to every answer")
    disturbances.add_argument(
        "--tps",
        type=_quota,
        action="append",
        default=[],
        metavar="[OPERATION=]N",
        help="calls a second of every operation, or of one; what exceeds them fails with "
        "ProvisionedThroughputExceededException; may be given several times",
    )
    disturbances.add_argument(
        "--fault-rate",
        type=_share,
        default=0.0,
        help="share of requests, 0 to 1, that fail with InternalServerError, ThrottlingException or "
        "ProvisionedThroughputExceededException",
    )
    disturbances.add_argument("--fault-seed", type=int, help="makes faults come in the same order again")


def _positive(kind: type[_Number]) -> Callable[[str], _Number]:
    def parse(text: str) -> _Number:
        number = kind(text)
        if not 0 < number < math.inf:
            raise argparse.ArgumentTypeError(f"{text} is not above 0")
        return number

    parse.__name__ = kind.__name__  # argparse names it where the text is no number
    return parse


def _duration(text: str) -> float:
    number = float(text)
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is below 0")
    return number


def _share(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return number


def _quota(text: str) -> tuple[str | None, float]:
    operation, _, rate = text.rpartition("=")
    return operation or None, _positive(float)(rate)


def _prepare(pack_dir: Path, pack: str) -> int:
    from localaws.rekognition.engine import PackError  # noqa: PLC0415 - numpy only after the environment is set
    from localaws.rekognition.engine.packs.preparation import prepare_pack  # noqa: PLC0415

    try:
        prepare_pack(pack_dir, pack, lambda sentence: print(sentence, file=sys.stderr))  # noqa: T201 - progress
    except PackError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _serve(options: argparse.Namespace) -> int:
    from localaws.rekognition.server import serve  # noqa: PLC0415
    from localaws.rekognition.settings import ServerSettings  # noqa: PLC0415

    quotas: dict[str | None, float] = dict(options.tps)
    serve(
        ServerSettings(
            host=options.host,
            port=options.port,
            data_dir=options.data_dir,
            pack_dir=options.pack_dir,
            account_id=options.account_id,
            threads=options.threads,
            region=options.region,
            require_signatures=options.require_signatures,
            credentials_file=options.credentials_file,
            identities_file=options.identities,
            latency=options.latency_ms / 1000,
            default_tps=quotas.get(None),
            operation_tps={name: rate for name, rate in quotas.items() if name is not None},
            fault_rate=options.fault_rate,
            fault_seed=options.fault_seed,
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
