"""The kiosks of a gateway under test, in memory."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.aws.kiosks import KioskChanged, KioskUnknown
from services.contracts.kiosks import Kiosk
from services.contracts.tokens import KioskToken
from tests.unit.gateway.in_memory import InMemoryKiosks, as_key


class InMemoryKioskRecords(InMemoryKiosks):
    """Does what the table does, one change after the other."""

    def __init__(self, *kiosks: Kiosk) -> None:
        super().__init__(*kiosks)
        self.codes: dict[str, str] = {}
        self.contacts: list[tuple[str, datetime, float | None]] = []

    def add(self, kiosk: Kiosk) -> bool:
        return self.kiosks.setdefault(as_key(kiosk.kiosk_id), kiosk) is kiosk

    def page(self, position: str | None, limit: int) -> tuple[list[Kiosk], str | None]:
        rest = [kiosk for key, kiosk in sorted(self.kiosks.items()) if position is None or key > position]
        return rest[:limit], rest[limit - 1].kiosk_id if len(rest) > limit else None

    def change(self, kiosk: Kiosk, fields: Mapping[str, Any]) -> Kiosk:
        standing = self.kiosks.get(kiosk.kiosk_id)
        if standing is None:
            raise KioskUnknown(kiosk.kiosk_id)
        if standing.version != kiosk.version:
            raise KioskChanged
        return self._set(kiosk.kiosk_id, **fields, version=kiosk.version + 1)

    def remove(self, kiosk_id: str) -> bool:
        return self.kiosks.pop(kiosk_id, None) is not None

    def revoke(self, kiosk_id: str) -> bool:
        self.codes = {code: other for code, other in self.codes.items() if other != kiosk_id}
        if kiosk_id not in self.kiosks:
            return False
        self._set(kiosk_id, token_sha256=None, previous_token_sha256=None, paired_at=None)
        return True

    def offer(self, kiosk_id: str, code_digest: str, until: datetime) -> bool:
        if kiosk_id not in self.kiosks:
            return False
        self.codes = {code: other for code, other in self.codes.items() if other != kiosk_id}
        self.codes[code_digest] = kiosk_id
        self._set(kiosk_id, pairing_code_until=until)
        return True

    def offered(self, code_digest: str) -> str | None:
        return self.codes.get(code_digest)

    def pair(self, token: KioskToken, code_digest: str, now: datetime) -> bool:
        until = self.kiosks[token.kiosk_id].pairing_code_until
        if until is None or until <= now or self.codes.pop(code_digest, None) is None:
            return False
        self._set(token.kiosk_id, token_sha256=token.sha256, paired_at=now, pairing_code_until=None)
        return True

    def rotate(self, kiosk: Kiosk, shown: KioskToken, token: KioskToken, shown_until: datetime) -> bool:
        if self.kiosks[kiosk.kiosk_id].token_sha256 != kiosk.token_sha256:
            return False
        self._set(
            kiosk.kiosk_id,
            token_sha256=token.sha256,
            previous_token_sha256=shown.sha256,
            previous_token_until=shown_until,
        )
        return True

    def note_contact(self, kiosk_id: str, at: datetime, clock_skew: float | None) -> bool:
        self.contacts.append((kiosk_id, at, clock_skew))
        return kiosk_id in self.kiosks

    def _set(self, kiosk_id: str, **fields: Any) -> Kiosk:
        self.kiosks[kiosk_id] = self.kiosks[kiosk_id].model_copy(update=fields)
        return self.kiosks[kiosk_id]


class InMemoryNonces:
    def __init__(self) -> None:
        self.used: set[tuple[str, str]] = set()

    def use(self, kiosk_id: str, nonce: str, until: datetime) -> bool:
        fresh = (kiosk_id, nonce) not in self.used
        self.used.add((kiosk_id, nonce))
        return fresh
