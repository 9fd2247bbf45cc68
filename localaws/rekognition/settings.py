"""What a server is told when it starts."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

#: Threads that compute; more of them only take turns on the cores.
_COMPUTING_THREADS = 4

#: Calls a second of one operation where no quota is given: AWS's own in its larger regions
#: ("Amazon Rekognition endpoints and quotas").
_USUAL_TPS = 50.0


class SettingsError(Exception):
    """What a server was told makes no sense; the message says what."""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where a server listens, what it serves and how it behaves.

    Attributes
    ----------
    threads : int, optional
        Requests answered at the same time; enough for computing and waiting where it is missing.
    region : str, optional
        The only region that checked signatures may be for.
    credentials_file : Path, optional
        Keys for checked signatures; the environment names one where it is missing.
    identities_file : Path, optional
        Keys with what each may do; signatures and permissions are checked where it is given.
    latency : float
        Seconds added to every answer.
    default_tps : float, optional
        Calls a second of each operation that `operation_tps` does not name; unlimited without.
    fault_rate : float
        Share of requests that fail, 0 to 1.
    """

    host: str
    port: int
    data_dir: Path
    pack_dir: Path
    account_id: str
    threads: int | None = None
    region: str | None = None
    require_signatures: bool = False
    credentials_file: Path | None = None
    identities_file: Path | None = None
    latency: float = 0.0
    default_tps: float | None = None
    operation_tps: Mapping[str, float] = field(default_factory=dict[str, float])
    fault_rate: float = 0.0
    fault_seed: int | None = None

    @property
    def disturbs(self) -> bool:
        """Whether requests meet latency, quotas or faults."""
        return bool(self.latency or self.default_tps or self.operation_tps or self.fault_rate)

    @property
    def worker_threads(self) -> int:
        """How many requests are answered at the same time; a waiting one holds its thread."""
        if self.threads is not None:
            return self.threads
        rate = max([self.default_tps or _USUAL_TPS, *self.operation_tps.values()])
        return _COMPUTING_THREADS + math.ceil(rate * self.latency)
