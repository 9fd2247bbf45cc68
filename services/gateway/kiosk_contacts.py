"""When kiosks were last heard of, written down beside their requests and never in their way."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from queue import Full, Queue
from threading import Thread
from typing import NamedTuple, Protocol

import structlog

from services.aws.errors import AwsError
from services.contracts.kiosk_signatures import parse_time
from services.contracts.kiosks import Kiosk

_log = structlog.stdlib.get_logger(__name__)

#: A kiosk's record is written this often at most.
NOTED_EVERY = timedelta(seconds=30)
_MOST_WAITING = 1000


class ContactNotes(Protocol):
    """Where it is written down."""

    def note_contact(self, kiosk_id: str, at: datetime, clock_skew: float | None) -> bool:
        """Write down when a kiosk showed its token."""
        ...


class _Contact(NamedTuple):
    kiosk_id: str
    at: datetime
    clock_skew: float | None


class KioskContacts:
    """Notes that kiosks were heard of, and how far their clocks are off.

    Parameters
    ----------
    notes : ContactNotes
        Written by a thread of its own; what cannot be written is left out, and there is a next time.
    now : callable
        The time.
    """

    def __init__(self, notes: ContactNotes, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._notes = notes
        self._now = now
        self._noted: dict[str, datetime] = {}
        self._waiting: Queue[_Contact] = Queue(_MOST_WAITING)

    def start(self) -> None:
        """Begin to write, in a thread of its own."""
        Thread(target=self._run, name="kiosk-contacts", daemon=True).start()

    def heard(self, kiosk: Kiosk, said_time: str | None) -> None:
        """Note that a kiosk showed its token.

        Parameters
        ----------
        kiosk : Kiosk
            As it is believed to be: another gateway may have noted it just now.
        said_time : str, optional
            What the kiosk says the time is.
        """
        now = self._now()
        for last in (self._noted.get(kiosk.kiosk_id), kiosk.last_contact_at):
            if last is not None and now - last < NOTED_EVERY:
                return
        self._noted[kiosk.kiosk_id] = now
        try:
            self._waiting.put_nowait(_Contact(kiosk.kiosk_id, now, _skew(said_time, now)))
        except Full:
            _log.warning("kiosk_contact_not_noted", kiosk_id=kiosk.kiosk_id, error="too many wait")

    def write_next(self) -> None:
        """Write one contact down, waiting for it if there is none."""
        contact = self._waiting.get()
        try:
            self._notes.note_contact(*contact)
        except AwsError as error:
            _log.warning("kiosk_contact_not_noted", kiosk_id=contact.kiosk_id, error=str(error))

    def _run(self) -> None:
        while True:
            self.write_next()


def _skew(said_time: str | None, now: datetime) -> float | None:
    try:
        return round((parse_time(said_time) - now).total_seconds(), 3) if said_time else None
    except ValueError:
        return None
