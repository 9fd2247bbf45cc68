"""Doors that everybody who is enrolled may pass: what a demonstration, a bench or a first try begins with."""

from services.access.register import AccessRegister
from services.aws.access import AccessStore
from services.aws.connection import Aws
from services.contracts.access import EVERYONE, AccessRecord, Door, Rule, Zone, id_of, kind_of

_ZONE = Zone(zone_id="building", name="Building")
_RULE = Rule(
    rule_id="everyone-always",
    name="Everyone who is enrolled, always (made for a demonstration)",
    groups=(EVERYONE,),
    zones=(_ZONE.zone_id,),
)


def open_to_everyone(aws: Aws, *door_ids: str) -> None:
    """Add doors, their zone and a rule that lets everybody pass; what is there already stays as it is.

    Raises
    ------
    AwsError
        If the table cannot be read or written.
    """
    register = AccessRegister(AccessStore(aws))
    doors = [
        Door(door_id=door_id, name=door_id.replace("-", " ").capitalize(), zone_id=_ZONE.zone_id)
        for door_id in door_ids
    ]
    wanted: list[AccessRecord] = [_ZONE, *doors, _RULE]
    register.put_all([record for record in wanted if register.get(kind_of(record), id_of(record)) is None])
