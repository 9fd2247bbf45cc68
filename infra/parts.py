"""What a site on AWS is made of: one stack a part, each filled with the outputs of those before it."""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

from infra.errors import DeploymentError
from infra.resources import outputs_of, parameters_of

_TEMPLATES = Path(__file__).parent / "parts"


#: Parameters that the deployment itself fills.
GIVEN = frozenset({"CodeBucket", "CodeBucketName", "CodeKey", "DataStack", "ReleaseKey"})


class Part(StrEnum):
    """A template of its own; in the order in which they are deployed."""

    QUEUES = "queues"
    DATA = "data"
    POLICIES = "policies"
    NETWORK = "network"
    OBSERVABILITY = "observability"
    COMPUTE = "compute"
    SINGLE = "single"

    @property
    def template(self) -> Path:
        """The template's file."""
        return _TEMPLATES / f"{self.value}.yaml"

    def stack_name(self, site: str) -> str:
        """Return the stack's name: the site's for the data, which everything else is named after."""
        return site if self is Part.DATA else f"{site}-{self.value}"


#: What the services need wherever they run; a laptop deploys these and no others.
CORE = (Part.QUEUES, Part.DATA, Part.POLICIES)
#: Where they run on AWS, one way or the other.
INSTANCES = frozenset({Part.COMPUTE, Part.SINGLE})


def require_known(given: Iterable[str], declared: set[str], deployed: Iterable[Part]) -> None:
    """Refuse parameters that no part has; one of a part that is not deployed now is none of its business.

    Parameters
    ----------
    given : iterable of str
        Names of parameters.
    declared : set of str
        Those of the parts that are deployed.
    deployed : iterable of Part
        These parts.

    Raises
    ------
    DeploymentError
        Naming those that no part has.
    """
    unknown = set(given) - declared
    for part in set(Part) - set(deployed) if unknown else ():
        unknown -= parameters_of(part.template.read_text())
    if unknown:
        raise DeploymentError(
            f"There is no parameter {', '.join(sorted(unknown))}; "
            f"there are {', '.join(sorted(declared - GIVEN - _handed_on()))}."
        )


def _handed_on() -> set[str]:
    """Return the parameters that are filled with what the parts before have."""
    outputs, filled = set[str](), set[str]()
    for part in Part:
        template = part.template.read_text()
        filled |= parameters_of(template) & outputs
        outputs |= outputs_of(template)
    return filled
