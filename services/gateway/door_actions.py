"""What doors do, as operators set it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from services.contracts.access import AccessKind
from services.contracts.doors import DoorAction, Target, Webhook, new_secret
from services.doors.addresses import UnusableAddress, check_url
from services.gateway.access import AccessControl
from services.gateway.problems import ACTION_CHANGED, NO_ACTION, UNUSABLE_TARGET, Problem

#: How often a change is begun anew because somebody else's came first.
_ATTEMPTS = 5


class ActionRecords(Protocol):
    """Where doors' actions are written down."""

    def get(self, door_id: str) -> DoorAction | None:
        """Look a door's up."""
        ...

    def put(self, action: DoorAction, seen: int | None) -> bool:
        """Set a door's in the place of a version; False if another was set meanwhile."""
        ...

    def remove(self, door_id: str) -> bool:
        """Have a door do nothing; False if it did nothing."""
        ...


@dataclass(frozen=True)
class DoorActions:
    """The actions of doors.

    Attributes
    ----------
    plain_http : bool
        Whether webhooks may be http, to this machine and private networks.
    """

    actions: ActionRecords
    access: AccessControl
    plain_http: bool

    def find(self, door_id: str) -> DoorAction:
        """Look a door's action up.

        Raises
        ------
        Problem
            If there is no such door, or it does nothing.
        """
        self.access.find(AccessKind.DOOR, door_id)
        action = self.actions.get(door_id)
        if action is None:
            raise Problem(NO_ACTION, "The door does nothing. Set what it does with PUT.")
        return action

    def set(
        self, door_id: str, target: Target, *, new_secret_wanted: bool, version: int | None
    ) -> tuple[DoorAction, bool]:
        """Set what a door does.

        Parameters
        ----------
        new_secret_wanted : bool
            Whether a webhook that has a secret gets another.
        version : int, optional
            The only one that may be replaced; if None it replaces whichever stands.

        Returns
        -------
        DoorAction
        bool
            Whether its secret is new, and so to be shown.

        Raises
        ------
        Problem
            If there is no such door, the target cannot be used, or the action has another version.
        """
        self.access.find(AccessKind.DOOR, door_id)
        if isinstance(target, Webhook):
            self._check(target)
        for _ in range(_ATTEMPTS):
            standing = self.actions.get(door_id)
            seen = standing.version if standing else None
            if version is not None and version != seen:
                break
            known = standing.secret if standing and not new_secret_wanted else None
            secret = known or new_secret()
            action = DoorAction(
                door_id=door_id,
                target=target,
                secret=secret if isinstance(target, Webhook) else None,
                updated_at=datetime.now(UTC),
                version=(seen or 0) + 1,
            )
            if self.actions.put(action, seen):
                return action, isinstance(target, Webhook) and known is None
        raise Problem(ACTION_CHANGED, "What the door does was changed meanwhile. Read it again.")

    def remove(self, door_id: str) -> None:
        """Have a door do nothing any more.

        Raises
        ------
        Problem
            If there is no such door, or it does nothing.
        """
        self.find(door_id)
        self.actions.remove(door_id)

    def _check(self, webhook: Webhook) -> None:
        try:
            check_url(webhook.url, plain_http=self.plain_http)
        except UnusableAddress as error:
            told = str(error)
            raise Problem(UNUSABLE_TARGET, f"{told[0].upper()}{told[1:]}.") from error
        except (OSError, UnicodeError) as error:
            raise Problem(UNUSABLE_TARGET, "The URL's host is not known here just now.") from error
