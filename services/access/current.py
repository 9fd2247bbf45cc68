"""The rules that a process knows, kept as new as what it read last says they are."""

import time
from collections.abc import Callable
from threading import Lock
from typing import Protocol

from services.access.rules import CompiledRules
from services.contracts.access import AccessConfiguration, AccessState

#: How long a process may go without asking for the version, in seconds.
REFRESH_SECONDS = 2.0


class RulesSource(Protocol):
    """Where the rules are kept."""

    def state(self) -> AccessState:
        """Read the version of the configuration, and what is locked."""
        ...

    def load(self) -> AccessConfiguration:
        """Read the whole configuration as it is at one version."""
        ...


class CurrentRules:
    """Rules that are read anew when their version has changed.

    Parameters
    ----------
    timer : callable
        Seconds from any beginning.
    """

    def __init__(self, source: RulesSource, timer: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._timer = timer
        self._known = CompiledRules(AccessConfiguration())
        self._heard = float("-inf")
        self._loading = Lock()

    @property
    def known(self) -> CompiledRules:
        """The rules as they were when they were asked for last; none before that."""
        return self._known

    def outdated_by(self, version: int) -> bool:
        """Tell whether a version, which was read just now, is another than that of the rules that are known.

        It may be an older one, too: where the table was restored from a backup, what was known since counts
        no more.
        """
        self._heard = self._timer()
        return self._known.version != version

    def as_of(self, version: int) -> CompiledRules:
        """Tell the rules as they were at a version that was read just now, or since.

        One thread reads them, and others that need them too wait for it.

        Raises
        ------
        Exception
            Whatever reading them raises; the next to ask tries again.
        """
        if self.outdated_by(version):
            with self._loading:
                if self._known.version != version:
                    self._known = CompiledRules(self._source.load())
        return self._known

    def refresh(self, seconds: float = 0.0) -> None:
        """Read the rules anew if they have changed, unless their version was read within so many seconds.

        Raises
        ------
        Exception
            Whatever reading raises.
        """
        if self._timer() - self._heard >= seconds:
            self.as_of(self._source.state().version)
