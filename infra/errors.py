"""Errors of deploying."""


class DeploymentError(Exception):
    """The stack could not be deployed or deleted; the message says why and what to do."""


class DeploymentDeclined(DeploymentError):
    """Whoever was shown the changes did not want them; nothing was changed."""
