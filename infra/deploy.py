"""Deploy a site: code bucket, packages, CloudFormation; the same on AWS and on the embedded AWS."""

import re
import time
from collections.abc import Collection, Mapping

import boto3

from infra.codebucket import CodeBucket
from infra.errors import DeploymentError
from infra.package import package
from infra.parts import CORE, INSTANCES, Part, require_known
from infra.release import release
from infra.stack import Approve, Progress, Stack

#: The Lambda's name, `<stack>-ingest`, may have 64 characters.
_STACK_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,56}")
_BUCKET_NAME_LENGTH = 63
#: What all resources of a site are tagged with, so that a bill can be divided by sites.
SITE_TAG = "facegate-site"


def deploy(
    session: boto3.Session,
    stack_name: str,
    *,
    parameters: Mapping[str, str] | None = None,
    parts: Collection[Part] = CORE,
    timeout: float = 1800,
    progress: Progress = lambda _: None,
    approve: Approve = lambda _: True,
) -> dict[str, str]:
    """Create the stack or bring it up to date.

    Parameters
    ----------
    session : boto3.Session
        Credentials and region; ``AWS_ENDPOINT_URL`` in the environment leads it elsewhere than to AWS.
    stack_name : str
        Letters, digits and hyphens, at most 57.
    parameters : mapping of str to str, optional
        The templates' parameters. One not given keeps the value it was deployed with before; a new
        stack takes the template's defaults and the bucket ``<stack>-photos-<account>-<region>``.
    parts : collection of Part
        What to deploy; other parts that are there stay as they are.
    timeout : float
        Seconds to wait for CloudFormation.
    progress : callable
        Told each step in words.
    approve : callable
        Asked with what would change before anything does.

    Returns
    -------
    dict of str to str
        The outputs of the stack and of all its parts.

    Raises
    ------
    DeploymentDeclined
        Where it was not approved.
    DeploymentError
        Where it cannot be done, with the reasons CloudFormation gave and the way out.
    """
    if not _STACK_NAME.fullmatch(stack_name):
        raise DeploymentError(
            f"{stack_name!r} is no name for a stack: a letter, then letters, digits and hyphens, "
            "57 characters at most."
        )
    stacks = {
        part: open_stack(
            session,
            part.stack_name(stack_name),
            timeout=timeout,
            progress=progress,
            tags={SITE_TAG: stack_name},
        )
        for part in Part
        if part in parts
    }
    account = session.client("sts").get_caller_identity()["Account"]
    bucket = CodeBucket(session, account)
    templates = {part: bucket.template(part.template.read_text()) for part in stacks}
    declared = {part: stack.parameter_names(templates[part]) for part, stack in stacks.items()}
    given = parameters or {}
    _require_queues_of_their_own(stacks)
    require_known(given, set().union(*declared.values()), stacks)
    outputs: dict[str, str] = {}
    for part in _up_to_the_last(stacks):
        if part not in stacks:
            outputs |= _outputs_of(open_stack(session, part.stack_name(stack_name)))
            continue
        values = {**stacks[part].parameter_values(), **outputs, **given}
        values |= {"DataStack": stack_name, "CodeBucketName": bucket.name}
        if part is Part.DATA:
            values.setdefault("BucketName", photo_bucket_name(stack_name, account, session.region_name))
            progress("packing the Lambda")
            code = package()
            bucket.store(code)
            values |= {"CodeBucket": bucket.name, "CodeKey": code.key}
        if part in INSTANCES:
            progress("packing the release")
            packed = release(with_proxy=part is Part.SINGLE)
            bucket.store(packed)
            values["ReleaseKey"] = packed.key
        known = {name: value for name, value in values.items() if name in declared[part]}
        stacks[part].deploy(templates[part], known, approve)
        outputs |= stacks[part].outputs()
    return outputs


def _require_queues_of_their_own(stacks: Mapping[Part, Stack]) -> None:
    """Refuse a stack from when queues and data were one: two stacks cannot have queues of the same names."""
    if Part.QUEUES not in stacks or Part.DATA not in stacks or not stacks[Part.DATA].describe():
        return
    if any(resource.kind == "AWS::SQS::Queue" for resource in stacks[Part.DATA].resources()):
        raise DeploymentError(
            "This stack is from before queues had a stack of their own, and cannot be brought up to date: "
            "on one machine remove the folder FACEGATE_HOME, elsewhere destroy the stack and deploy another."
        )


def _up_to_the_last(parts: Collection[Part]) -> list[Part]:
    """Return the parts whose outputs matter to those that are deployed, and these."""
    order = list(Part)
    return order[: 1 + max(map(order.index, parts))]


def _outputs_of(stack: Stack) -> dict[str, str]:
    return stack.outputs() if stack.describe() else {}


def open_stack(
    session: boto3.Session,
    stack_name: str,
    *,
    timeout: float = 1800,
    progress: Progress = lambda _: None,
    tags: Mapping[str, str] | None = None,
) -> Stack:
    """Return a stack, which need not exist, of the session's account and region.

    Raises
    ------
    DeploymentError
        Where no region is set.
    """
    if not session.region_name:
        raise DeploymentError("No region is set: give --region, or set AWS_REGION.")
    return Stack(session, stack_name, time.monotonic() + timeout, progress, tags)


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
