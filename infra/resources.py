"""What a stack is made of, and what of it outlives the stack."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import yaml

_RETAINING = frozenset({"Retain", "RetainExceptOnCreate"})


class Resource(NamedTuple):
    """One resource of a stack.

    Attributes
    ----------
    name : str
        In the template.
    kind : str
        Such as ``AWS::SQS::Queue``.
    id : str
        What AWS calls it, a name or an ARN.
    status, reason : str
        CloudFormation's words; the reason may be empty.
    """

    name: str
    kind: str
    id: str
    status: str
    reason: str

    @property
    def is_complete(self) -> bool:
        """Whether it was made or changed, and nothing is going on with it."""
        return self.status in {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}


class _Template(yaml.SafeLoader):
    """CloudFormation's YAML; what its functions would make does not matter here."""


def _ignore(_loader: yaml.SafeLoader, _tag: str, _node: yaml.Node) -> None:
    return None


_Template.add_multi_constructor("!", _ignore)


def parameters_of(template: str) -> set[str]:
    """Return the names of the parameters that a template in YAML declares."""
    return set(_parsed(template).get("Parameters", {}))


def outputs_of(template: str) -> set[str]:
    """Return the names of the outputs that a template in YAML declares."""
    return set(_parsed(template).get("Outputs", {}))


def retained_names(template: str | Mapping[str, Any]) -> set[str]:
    """Return the names of the resources that a template retains when its stack is deleted.

    Parameters
    ----------
    template : str or mapping
        YAML, or what boto3 makes of a template in JSON.
    """
    parsed = _parsed(template) if isinstance(template, str) else template
    return {
        name for name, resource in parsed["Resources"].items() if resource.get("DeletionPolicy") in _RETAINING
    }


def _parsed(template: str) -> Mapping[str, Any]:
    return yaml.load(template, _Template)  # noqa: S506  # a SafeLoader
