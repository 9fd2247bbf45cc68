"""Who calls the embedded AWS where it checks that: one user a service, with the policies made for it.

On AWS a service's calls are those of its instances' role. Here it has a user with the same managed policies,
as they were deployed; the user's key is made anew at every start.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

#: Which outputs of the stacks name a service's policies.
POLICIES = {
    "gateway": ("GatewayPolicyArn", "GatewayOperatorsPolicyArn"),
    "recognize": ("RecognizePolicyArn",),
    "enroll": ("EnrollPolicyArn",),
}


@dataclass(frozen=True)
class Identity:
    """Someone whom the embedded AWS and the embedded Rekognition know.

    Attributes
    ----------
    arn : str
        What refusals call them.
    policies : tuple of mapping
        What they may do, as IAM's policy documents.
    """

    access_key_id: str
    secret_access_key: str = field(repr=False)
    arn: str
    policies: tuple[Mapping[str, Any], ...]

    def environment(self) -> dict[str, str]:
        """Return what makes a process's calls to AWS theirs."""
        return {"AWS_ACCESS_KEY_ID": self.access_key_id, "AWS_SECRET_ACCESS_KEY": self.secret_access_key}


#: The account itself: whoever deploys, and the embedded AWS where it calls the embedded Rekognition.
ROOT = Identity(
    access_key_id="test",
    secret_access_key="test",  # noqa: S106  # the embedded AWS's own, known to everybody
    arn="arn:aws:iam::000000000000:root",
    policies=({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},),
)


def make_users(session: boto3.Session, stack: str, outputs: Mapping[str, str]) -> dict[str, Identity]:
    """Make each service's user, with that service's policies and a new key; what they had before is void.

    Parameters
    ----------
    session : boto3.Session
        The embedded AWS's root.
    stack : str
        The stack's name; ``<stack>-gateway`` is the gateway's user.
    outputs : mapping of str to str
        The outputs of the stack and its parts.

    Returns
    -------
    dict of str to Identity
        By service: gateway, recognize and enroll.
    """
    iam: Any = session.client("iam")
    return {
        service: _make_user(iam, f"{stack}-{service}", [outputs[name] for name in names])
        for service, names in POLICIES.items()
    }


def keep(path: Path, identities: Iterable[Identity]) -> None:
    """Write whom the embedded Rekognition knows, for the owner's eyes alone.

    Parameters
    ----------
    path : Path
        What its ``--identities`` names.
    """
    document = {
        identity.access_key_id: {
            "secret_access_key": identity.secret_access_key,
            "arn": identity.arn,
            "policies": identity.policies,
        }
        for identity in identities
    }
    new = path.with_suffix(".new")
    path.parent.mkdir(parents=True, exist_ok=True)
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(document, file)
    new.replace(path)


def _make_user(iam: Any, name: str, policy_arns: Sequence[str]) -> Identity:
    try:
        arn = iam.create_user(UserName=name)["User"]["Arn"]
    except iam.exceptions.EntityAlreadyExistsException:
        arn = iam.get_user(UserName=name)["User"]["Arn"]
    for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    for attached in iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]:
        if attached["PolicyArn"] not in policy_arns:
            iam.detach_user_policy(UserName=name, PolicyArn=attached["PolicyArn"])
    for policy_arn in policy_arns:
        iam.attach_user_policy(UserName=name, PolicyArn=policy_arn)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    documents = tuple(_document(iam, policy_arn) for policy_arn in policy_arns)
    return Identity(key["AccessKeyId"], key["SecretAccessKey"], arn, documents)


def _document(iam: Any, policy_arn: str) -> Mapping[str, Any]:
    version = iam.get_policy(PolicyArn=policy_arn)["Policy"]["DefaultVersionId"]
    return iam.get_policy_version(PolicyArn=policy_arn, VersionId=version)["PolicyVersion"]["Document"]
