"""The door that a visitor stands at, for as long as their recognition lasts."""

from datetime import datetime

from services.access.current import CurrentRules
from services.access.evaluation import Passage, evaluate
from services.contracts.access import AccessState
from services.contracts.domain import Person
from services.recognize.deadline import Deadline
from services.recognize.policy import Policy


class Doorway:
    """How much resemblance a door asks for, and whom the rules let pass it.

    Parameters
    ----------
    policy : Policy
        Of doors without a threshold of their own.
    rules : CurrentRules
        Those that the process knows; read anew where what is locked was read with a newer version.

    Attributes
    ----------
    policy : Policy
        The door's. It becomes stricter where a newer version says so, and no laxer: rivals were searched
        for down to what was asked for first.
    """

    def __init__(self, door_id: str, policy: Policy, rules: CurrentRules, deadline: Deadline) -> None:
        self.door_id = door_id
        self.policy = policy.at(rules.known.door(door_id))
        self._usual = policy
        self._rules = rules
        self._deadline = deadline
        self._state: AccessState | None = None

    def learn(self, state: AccessState) -> None:
        """Go by what is locked now, and by rules that are at least as new.

        Raises
        ------
        TooLate
            If the deadline passed while the rules were read.
        """
        self._state = state
        if self._rules.outdated_by(state.version):
            self._deadline.call(self._rules.as_of, state.version)
        wanted = self._usual.at(self._rules.known.door(self.door_id))
        if wanted.threshold > self.policy.threshold:
            self.policy = wanted

    def passage(self, person: Person, at: datetime) -> Passage:
        """Tell whether the rules let somebody pass.

        Raises
        ------
        LookupError
            If nothing was learnt of what is locked; nobody passes then.
        """
        if self._state is None:
            raise LookupError(f"{person.person_id} was found without reading what is locked")
        return evaluate(person, self.door_id, at, self._rules.known, self._state)
