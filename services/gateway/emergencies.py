"""Emergencies in two steps: asked for, and confirmed by the same program or operator within a minute."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Protocol

from itsdangerous import BadData, URLSafeTimedSerializer

from services.access.site import Site
from services.contracts.access import AccessKind
from services.contracts.emergencies import Emergency, EmergencyAction
from services.doors.emergencies import Emergencies
from services.gateway.access import AccessControl
from services.gateway.door_bodies import EmergencyProposal, ProposedEmergencyBody
from services.gateway.principals import Principal
from services.gateway.problems import UNKNOWN_EMERGENCY, WRONG_CONFIRMATION, Problem
from services.gateway.uuid7 import parse_uuid7, uuid7

#: How long an emergency can be confirmed.
CONFIRM_WITHIN = timedelta(seconds=60)


class EmergencyReports(Protocol):
    """The emergencies carried out."""

    def get(self, emergency_id: str) -> Emergency | None:
        """Look one up."""
        ...

    def page(self, position: str | None, limit: int) -> tuple[list[Emergency], str | None]:
        """List some, the newest first, from a position on; with the position of the rest."""
        ...


@dataclass(frozen=True)
class EmergencyDesk:
    """Where emergencies are asked for and confirmed.

    The first step is not written down: what has to be sent to confirm it says all about it and is signed
    with what only we and whoever asked for it know. So any gateway process can take the second step.
    """

    emergencies: Emergencies
    access: AccessControl
    reports: EmergencyReports

    def propose(self, proposal: EmergencyProposal, principal: Principal) -> ProposedEmergencyBody:
        """Take the first step.

        Raises
        ------
        Problem
            If there is no such zone.
        """
        self._check_zone(proposal.zone_id)
        doors = Site(self.access.register).doors_of(proposal.zone_id)
        emergency_id = str(uuid7())
        said = json.dumps([emergency_id, proposal.action, proposal.zone_id])
        return ProposedEmergencyBody(
            emergency_id=emergency_id,
            action=proposal.action,
            zone_id=proposal.zone_id,
            doors=len(doors),
            confirmation=str(_signer(principal).dumps(said)),
            confirm_until=datetime.now(UTC) + CONFIRM_WITHIN,
        )

    def confirm(self, emergency_id: str, confirmation: str, principal: Principal) -> Emergency:
        """Take the second step: what counts at once is done, and doors that act are being told.

        Raises
        ------
        Problem
            If somebody else asked for it, or too long ago, or its zone was removed since.
        """
        try:
            said = _signer(principal).loads(confirmation, max_age=int(CONFIRM_WITHIN.total_seconds()))
            proposed_id, action, zone_id = json.loads(said)
        except (BadData, ValueError) as error:
            raise _wrong_confirmation() from error
        if proposed_id != emergency_id:
            raise _wrong_confirmation()
        self._check_zone(zone_id)
        begun = self.emergencies.begin(emergency_id, EmergencyAction(action), zone_id, principal.name)
        if begun is None:
            return self.find(emergency_id)
        # not a daemon: a gateway that is told to stop first tells the doors
        Thread(target=self.emergencies.carry_out, args=[begun], name="emergency").start()
        return begun

    def find(self, emergency_id: str) -> Emergency:
        """Look an emergency up.

        Raises
        ------
        Problem
            If none with this id was confirmed.
        """
        emergency = self.reports.get(emergency_id) if parse_uuid7(emergency_id) else None
        if emergency is None:
            raise Problem(UNKNOWN_EMERGENCY, "No emergency with this id was confirmed.")
        return emergency

    def page(self, position: str | None, limit: int) -> tuple[list[Emergency], str | None]:
        """List some, the newest first, from a position on; with the position of the rest."""
        return self.reports.page(position, limit)

    def _check_zone(self, zone_id: str | None) -> None:
        if zone_id is not None:
            self.access.find(AccessKind.ZONE, zone_id)


def _signer(principal: Principal) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(principal.secret, salt="facegate emergency")


def _wrong_confirmation() -> Problem:
    return Problem(
        WRONG_CONFIRMATION,
        "This confirms no emergency that you asked for within the last minute. Ask for it again.",
    )
