"""A template as it is with given parameters: which resources are made, and with which values."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml

#: What stands where a property is left out.
_NOTHING = {"Ref": "AWS::NoValue"}


class _LongForms(yaml.SafeLoader):
    """CloudFormation's YAML with its short forms read as their long ones."""


def _long_form(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if tag == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]  # the third kind of node
    return {tag if tag in {"Ref", "Condition"} else f"Fn::{tag}": value}


_LongForms.add_multi_constructor("!", _long_form)


def resources_made(template: str, parameters: Mapping[str, str]) -> dict[str, Mapping[str, Any]]:
    """Return the resources that are made, by name, with parameters and conditions put in.

    Parameters
    ----------
    template : str
        In YAML.
    parameters : mapping of str to str
        The template's defaults stand for those that are not given, nothing where there is no default.
    """
    parsed = _parsed(template)
    defaults = {name: str(declared.get("Default", "")) for name, declared in parsed["Parameters"].items()}
    filled = _Filled({**defaults, **parameters}, parsed.get("Conditions", {}))
    return {
        name: filled.value(resource)
        for name, resource in parsed["Resources"].items()
        if "Condition" not in resource or filled.holds({"Condition": resource["Condition"]})
    }


@cache
def _parsed(template: str) -> Mapping[str, Any]:
    return yaml.load(template, _LongForms)  # noqa: S506  # a SafeLoader


class _Filled:
    def __init__(self, parameters: Mapping[str, str], conditions: Mapping[str, Any]) -> None:
        self._parameters = parameters
        self._conditions = conditions

    def holds(self, condition: Mapping[str, Any]) -> bool:
        match condition:
            case {"Condition": str(name)}:
                return self.holds(self._conditions[name])
            case {"Fn::Equals": [one, other]}:
                return str(self.value(one)) == str(self.value(other))
            case {"Fn::Not": [inner]}:
                return not self.holds(inner)
            case {"Fn::And": [*inner]}:
                return all(map(self.holds, inner))
            case {"Fn::Or": [*inner]}:
                return any(map(self.holds, inner))
        raise ValueError(f"{condition} is no condition that can be evaluated")

    def value(self, written: Any) -> Any:
        match written:
            case {"Ref": str(name)} if name in self._parameters:
                return self._parameters[name]
            case {"Fn::If": [str(name), one, other]}:
                return self.value(one if self.holds({"Condition": name}) else other)
            case dict():
                filled = {key: self.value(inner) for key, inner in written.items()}
                return {key: inner for key, inner in filled.items() if inner != _NOTHING}
            case list():
                return [inner for inner in map(self.value, written) if inner != _NOTHING]
            case _:
                return written
