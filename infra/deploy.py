"""Deploy the stack: code bucket, package, CloudFormation; the same on AWS and on the embedded AWS.

``python -m infra.deploy --stack facegate`` prints the stack's outputs as JSON.
"""

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Mapping, Sequence

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from infra import TEMPLATE
from infra.codebucket import store_package
from infra.errors import DeploymentError
from infra.package import package
from infra.stack import Progress, Stack

#: The Lambda's name, `<stack>-ingest`, may have 64 characters.
_STACK_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,56}")
_BUCKET_NAME_LENGTH = 63


def deploy(
    session: boto3.Session,
    stack_name: str,
    *,
    parameters: Mapping[str, str] | None = None,
    timeout: float = 1800,
    progress: Progress = lambda _: None,
) -> dict[str, str]:
    """Create the stack or bring it up to date.

    Parameters
    ----------
    session : boto3.Session
        Credentials and region; ``AWS_ENDPOINT_URL`` in the environment leads it elsewhere than to AWS.
    stack_name : str
        Letters, digits and hyphens, at most 57.
    parameters : mapping of str to str, optional
        The template's parameters. One not given keeps the value it was deployed with before; a new
        stack takes the template's defaults and the bucket ``<stack>-photos-<account>-<region>``.
    timeout : float
        Seconds to wait for CloudFormation.
    progress : callable
        Told each step in words.

    Returns
    -------
    dict of str to str
        The stack's outputs.

    Raises
    ------
    DeploymentError
        Where it cannot be done, with the reasons CloudFormation gave and the way out.
    """
    if not _STACK_NAME.fullmatch(stack_name):
        raise DeploymentError(
            f"{stack_name!r} is no name for a stack: a letter, then letters, digits and hyphens, "
            "57 characters at most."
        )
    if not session.region_name:
        raise DeploymentError("No region is set: give --region, or set AWS_REGION.")
    template = TEMPLATE.read_text()
    stack = Stack(session, stack_name, time.monotonic() + timeout, progress)
    account = session.client("sts").get_caller_identity()["Account"]
    values = _known(stack.parameter_names(template), parameters or {}, stack.parameter_values())
    values.setdefault("BucketName", photo_bucket_name(stack_name, account, session.region_name))
    progress("packing the Lambda")
    code = package()
    values["CodeBucket"], values["CodeKey"] = store_package(session, account, code), code.key
    stack.deploy(template, values)
    return stack.outputs()


def photo_bucket_name(stack_name: str, account: str, region: str) -> str:
    """Return the default bucket's name: account and region make it unique in the world.

    Raises
    ------
    DeploymentError
        Where it would be longer than S3 allows.
    """
    name = f"{stack_name}-photos-{account}-{region}".lower()
    if len(name) > _BUCKET_NAME_LENGTH:
        raise DeploymentError(
            f"The bucket's name {name} would be longer than {_BUCKET_NAME_LENGTH} characters: "
            "give one with --parameter BucketName=..."
        )
    return name


def _known(names: set[str], given: Mapping[str, str], previous: Mapping[str, str]) -> dict[str, str]:
    if unknown := given.keys() - names:
        raise DeploymentError(
            f"The template has no parameter {', '.join(sorted(unknown))}; "
            f"it has {', '.join(sorted(names - {'CodeBucket', 'CodeKey'}))}."
        )
    return {key: value for key, value in {**previous, **given}.items() if key in names}


def _parameter(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not (key and separator):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    return key, value


def main(arguments: Sequence[str] | None = None) -> int:
    """Deploy from the command line; 0 when done, 1 with the reason on standard error."""
    parser = argparse.ArgumentParser(prog="python -m infra.deploy", description="Deploy Facegate's stack.")
    parser.add_argument("--stack", default="facegate", help="the stack's name (default: %(default)s)")
    parser.add_argument("--region", default=os.environ.get("AWS_REGION"), help="the AWS region")
    parser.add_argument(
        "--parameter",
        type=_parameter,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the template; may be given several times",
    )
    options = parser.parse_args(arguments)
    try:
        outputs = deploy(
            boto3.Session(region_name=options.region),
            options.stack,
            parameters=dict(options.parameter),
            progress=_tell,
        )
    except DeploymentError as error:
        return _fail(str(error))
    except (NoCredentialsError, PartialCredentialsError):
        return _fail("No complete AWS credentials were found: run `aws configure`, or set AWS_PROFILE.")
    except (BotoCoreError, ClientError) as error:
        return _fail(f"AWS answered with an error: {error}")
    sys.stdout.write(json.dumps(outputs, indent=2) + "\n")
    return 0


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _fail(reason: str) -> int:
    _tell(f"deploying failed: {reason}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
