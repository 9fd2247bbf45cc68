"""The rules that a process knows, kept as new as what it read last says they are."""

from collections.abc import Callable
from threading import Lock

from services.access.rules import CompiledRules
from services.contracts.access import AccessConfiguration


class CurrentRules:
    """Rules that are read anew when their version has changed.

    Parameters
    ----------
    load : callable
        Reads all zones, doors, rules and holidays as they are now.
    """

    def __init__(self, load: Callable[[], AccessConfiguration]) -> None:
        self._load = load
        self._known = CompiledRules(AccessConfiguration())
        self._loading = Lock()

    @property
    def known(self) -> CompiledRules:
        """The rules as they were when they were asked for last; none before that."""
        return self._known

    def at_least(self, version: int) -> CompiledRules:
        """Tell the rules as they were at a version, or since.

        One thread reads them, and others that need them too wait for it.

        Raises
        ------
        Exception
            Whatever reading them raises; the next to ask tries again.
        """
        if self._known.version < version:
            with self._loading:
                if self._known.version < version:
                    self._known = CompiledRules(self._load())
        return self._known
