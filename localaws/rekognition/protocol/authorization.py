"""What a caller may do, decided by IAM's policies.

Actions and resources are AWS's (Service Authorization Reference, "Actions, resources, and condition keys for
Amazon Rekognition"); the rules of evaluation are those of the embedded AWS, so that both refuse the same.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from localaws.rekognition.protocol.errors import ServiceError
from localaws.rekognition.protocol.identities import Identities, Identity

#: Parameters that hold a picture.
_PICTURES = ("Image", "SourceImage", "TargetImage")


class Authorization:
    """Lets callers do what their policies allow.

    Parameters
    ----------
    identities : Identities
        Who there is.
    account_id : str
        AWS account in ARNs.
    """

    def __init__(self, identities: Identities, account_id: str) -> None:
        self._identities = identities
        self._account_id = account_id
        # untyped, and only needed here: a server that checks nothing does without it
        self._iam: Any = import_module("ministack.core.iam_evaluator")

    def check(self, access_key_id: str, operation: str, parameters: Mapping[str, Any], region: str) -> None:
        """Check whether a caller may have this done.

        Parameters
        ----------
        access_key_id : str
            Whose signature the request has.
        operation : str
            As in Rekognition's API.
        parameters : mapping
            The operation's, validated.
        region : str
            The one that the request is signed for.

        Raises
        ------
        ServiceError
            AccessDeniedException; InvalidS3ObjectException where the caller may not read the picture, since
            Rekognition reads it on their behalf.
        """
        identity = self._identities.get(access_key_id)
        if identity is None:
            raise ServiceError(
                "UnrecognizedClientException", "The security token included in the request is invalid."
            )
        action, resource = f"rekognition:{operation}", self._resource(parameters, region)
        if not self._allows(identity, action, resource, region):
            raise ServiceError(
                "AccessDeniedException",
                f"User: {identity.arn} is not authorized to perform: {action} on resource: {resource} "
                f"because no identity-based policy allows the {action} action",
            )
        for read, picture in _pictures(parameters):
            if not self._allows(identity, read, picture, region):
                raise ServiceError(
                    "InvalidS3ObjectException",
                    "Unable to get object metadata from S3. Check object key, region and/or access "
                    "permissions.",
                )

    def _resource(self, parameters: Mapping[str, Any], region: str) -> str:
        if "CollectionId" in parameters:
            return f"arn:aws:rekognition:{region}:{self._account_id}:collection/{parameters['CollectionId']}"
        return str(parameters.get("ResourceArn", "*"))

    def _allows(self, identity: Identity, action: str, resource: str, region: str) -> bool:
        context = self._iam.EvalContext(
            principal_arn=identity.arn,
            principal_type="User",
            principal_account=self._account_id,
            action=action,
            resource_arn=resource,
            region=region,
        )
        policies = [self._iam.parse_policy_document(document) for document in identity.policies]
        return bool(self._iam.evaluate(context, policies).decision == "Allow")


def _pictures(parameters: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Tell what reading the pictures in S3 takes: actions of S3 and ARNs of objects."""
    for name in _PICTURES:
        if found := parameters.get(name, {}).get("S3Object"):
            action = "s3:GetObjectVersion" if "Version" in found else "s3:GetObject"
            yield action, f"arn:aws:s3:::{found.get('Bucket', '')}/{found.get('Name', '')}"
