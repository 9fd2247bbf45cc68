"""The names of all environment variables of ours, and what a misspelled one was meant to be.

``variables.txt`` is written by ``make settings`` from the settings classes, so that each process knows the
variables of the others without importing them.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from importlib.resources import files

from pydantic import AliasChoices, ValidationError
from pydantic_settings import BaseSettings

_PREFIX = "FACEGATE_"
#: Share of letters in common, `difflib`'s ratio: a letter dropped, doubled or swapped stays well above it.
_ALIKE = 0.9


def known_names() -> frozenset[str]:
    """Return the names of all variables that any part of Facegate reads."""
    return frozenset(files("services").joinpath("variables.txt").read_text().split())


def misspelled(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that nobody reads but that look like one that somebody does.

    Parameters
    ----------
    environment : mapping of str to str
        As `os.environ`; the values are not looked at.

    Returns
    -------
    dict of str to str
        What is set, and what was likely meant.
    """
    known = known_names()
    unknown = {name for name in environment if name.upper().startswith(_PREFIX) and name.upper() not in known}
    meant = {name: get_close_matches(name.upper(), known, n=1, cutoff=_ALIKE) for name in sorted(unknown)}
    return {name: near[0] for name, near in meant.items() if near}


def variable_of(settings: type[BaseSettings], field: str) -> str:
    """Return the environment variable that a field of a settings class is read from."""
    alias = settings.model_fields[field].validation_alias
    if isinstance(alias, AliasChoices):
        return str(alias.choices[0])
    return str(alias or settings.model_config.get("env_prefix", "") + field).upper()


def wrong_variables(error: ValidationError) -> str:
    """Say which variables are wrong, and how, without the values they have: some are secrets."""
    # all that the error knows of its class is the name
    settings = {known.__name__: known for known in _all_settings(BaseSettings)}.get(error.title)
    return "; ".join(
        f"{_variable(settings, str(problem['loc'][0])) if problem['loc'] else error.title}: {problem['msg']}"
        for problem in error.errors(include_input=False)
    )


def _variable(settings: type[BaseSettings] | None, place: str) -> str:
    # an alias is told by its own name
    return variable_of(settings, place) if settings and place in settings.model_fields else place


def _all_settings(base: type[BaseSettings]) -> Iterator[type[BaseSettings]]:
    for settings in base.__subclasses__():
        yield settings
        yield from _all_settings(settings)
