"""Errors of deploying."""


class DeploymentError(Exception):
    """The stack could not be deployed; the message says why and what to do."""
