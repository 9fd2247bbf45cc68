"""Many consoles and many kiosks on one gateway process: memory, and how long others wait for it.

``make bench-consoles``. The last line of the output is JSON, and so is ``bench/results/consoles.json``.
"""

import asyncio
import json
import sys
import time
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_urlsafe
from threading import Event

import aiohttp
import requests

from bench.kiosks.frames import visitors
from bench.kiosks.load import Answer
from bench.kiosks.stand import Stand, Stands
from bench.kiosks.waiting import waiting_at
from services.aws.operators import OperatorStore
from services.contracts.operators import Operator, Role
from services.passwords import Passwords

_CONSOLES, _KIOSKS = 50, 100
_LOAD_SECONDS = 20.0
#: What the stream tells browsers.
_RECONNECT_SECONDS = 2.0
#: The gateway takes as many frames as are posted, however late their answers are: left to itself it refuses
#: those that cannot be decided within 0.8 s, and never has a hundred waiting.
_PATIENT = {"FACEGATE_TOLERABLE_DELAY": "60"}
#: What somebody asks for while the others are there.
_PAGES = ("/healthz", "/console/people", "/console/live", "/v1/doors")
_RESULT = Path(__file__).parent / "results" / "consoles.json"


@dataclass
class Streams:
    """Event streams of as many consoles, opened anew when they end as browsers do.

    Attributes
    ----------
    told : list of int
        How many decisions each was told.
    behind : int
        How often one was told to read the list instead, since more came than it could take.
    """

    url: str
    cookies: dict[str, str]
    told: list[int] = field(default_factory=lambda: [0] * _CONSOLES)
    behind: int = 0

    @contextmanager
    def watched(self) -> Generator[None]:
        """Have all of them open, and read what they tell."""
        loop, opened = asyncio.new_event_loop(), Event()
        with ThreadPoolExecutor(1) as elsewhere:
            watching = loop.create_task(self._watch(opened))
            reading = elsewhere.submit(_run_until_cancelled, loop, watching)
            try:
                opened.wait()
                yield
            finally:
                if not reading.done():
                    loop.call_soon_threadsafe(watching.cancel)
                reading.result()

    async def _watch(self, opened: Event) -> None:
        none = aiohttp.ClientTimeout(total=None)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(timeout=none, connector=connector, cookies=self.cookies) as session:
            waiting = [asyncio.Event() for _ in range(_CONSOLES)]
            reading = asyncio.gather(
                *(self._read(number, session, first) for number, first in enumerate(waiting))
            )
            everybody = asyncio.gather(*(first.wait() for first in waiting))
            await asyncio.wait({reading, everybody}, return_when=asyncio.FIRST_COMPLETED)
            opened.set()
            await reading

    async def _read(self, number: int, session: aiohttp.ClientSession, opened: asyncio.Event) -> None:
        last_event = {}
        while True:
            async with session.get(self.url, headers=last_event) as stream:
                stream.raise_for_status()
                opened.set()
                async for line in stream.content:
                    self.told[number] += line == b"event: decision\n"
                    self.behind += line == b"event: behind\n"
                    if line.startswith(b"id: "):
                        last_event = {"Last-Event-ID": line[4:].decode().strip()}
            await asyncio.sleep(_RECONNECT_SECONDS)


def _run_until_cancelled(loop: asyncio.AbstractEventLoop, watching: "asyncio.Task[None]") -> None:
    with suppress(asyncio.CancelledError):
        loop.run_until_complete(watching)
    loop.close()


def main() -> None:
    """Measure, print and write the figures."""
    figures: dict[str, float | int | None] = {"consoles": _CONSOLES, "kiosks": _KIOSKS}
    with Stands(visitors(), None).put_up(environment=_PATIENT) as stand:
        session = _signed_in(stand)
        stand.queued.one_after_the_other(_KIOSKS, 5)
        figures["gateway_mb_before"] = stand.memory_mb("gateway")
        streams = Streams(f"{stand.machine.settings.gateway_url}/console/live/events", dict(session.cookies))
        with streams.watched():
            figures["gateway_mb_consoles"] = stand.memory_mb("gateway")
            print("… all kiosks wait", file=sys.stderr)
            figures |= _while_all_wait(stand, session)
            print("… all kiosks are answered", file=sys.stderr)
            figures |= _while_all_are_answered(stand, session, streams)
    _RESULT.write_text(json.dumps(figures, indent=2) + "\n")
    print(json.dumps(figures))


def _while_all_wait(stand: Stand, session: requests.Session) -> dict[str, float | int | None]:
    kiosks, samples = stand.queued, list[tuple[float, float]]()
    with stand.paused("recognize"), ThreadPoolExecutor(1) as elsewhere, _probed(stand, session) as asked:
        volley: Future[list[Answer]] = elsewhere.submit(kiosks.all_at_once, _KIOSKS)
        while not volley.done():
            samples.append((time.monotonic() - kiosks.began, stand.memory_mb("gateway")))
            time.sleep(0.2)
    waited = [(waiting_at(moment, volley.result()), megabytes) for moment, megabytes in samples]
    most = max(waiting for waiting, _ in waited)
    return {
        "waiting_kiosks": most,
        "waiting_gateway_mb": max(megabytes for waiting, megabytes in waited if waiting == most),
        **_spread("waiting_page", asked),
    }


def _while_all_are_answered(
    stand: Stand, session: requests.Session, streams: Streams
) -> dict[str, float | int | None]:
    before = list(streams.told)
    with _probed(stand, session) as asked:
        answers = stand.queued.one_after_the_other(_KIOSKS, _LOAD_SECONDS)
    decided = sum(answer.decided for answer in answers)
    # the feed tells of decisions within about a second
    deadline = time.monotonic() + 10
    while _told_least(streams, before) < decided and time.monotonic() < deadline:
        time.sleep(0.2)
    return {
        "answered_per_second": round(decided / _LOAD_SECONDS, 1),
        "answered_gateway_mb": stand.memory_mb("gateway"),
        "decided": decided,
        "told_each_console": _told_least(streams, before),
        "consoles_behind": streams.behind,
        **_spread("answered_page", asked),
    }


def _told_least(streams: Streams, before: list[int]) -> int:
    return min(now - then for now, then in zip(streams.told, before, strict=True))


@contextmanager
def _probed(stand: Stand, session: requests.Session) -> Generator[list[float]]:
    """Ask for pages one after the other meanwhile; milliseconds that each took."""
    took, over = list[float](), Event()

    def ask() -> None:
        while not over.is_set():
            for path in _PAGES:
                began = time.perf_counter()
                session.get(f"{stand.machine.settings.gateway_url}{path}", timeout=30).raise_for_status()
                took.append((time.perf_counter() - began) * 1000)

    with ThreadPoolExecutor(1) as elsewhere:
        asking = elsewhere.submit(ask)
        try:
            yield took
        finally:
            over.set()
            asking.result()


def _spread(name: str, took: list[float]) -> dict[str, float | int | None]:
    ordered = sorted(took)
    return {
        f"{name}s_asked": len(ordered),
        f"{name}_p50_ms": round(ordered[len(ordered) // 2], 1),
        f"{name}_p95_ms": round(ordered[len(ordered) * 95 // 100], 1),
        f"{name}_longest_ms": round(ordered[-1], 1),
    }


def _signed_in(stand: Stand) -> requests.Session:
    password = token_urlsafe(16)
    admin = Operator(
        operator_id="bench",
        role=Role.ADMIN,
        password_hash=Passwords().hash(password),
        created_at=datetime.now(UTC),
    )
    OperatorStore(stand.aws).create(admin)
    session = requests.Session()
    credentials = {"login": "bench", "password": password}
    session.post(
        f"{stand.machine.settings.gateway_url}/v1/session", json=credentials, timeout=30
    ).raise_for_status()
    return session


if __name__ == "__main__":
    main()
