"""Kiosks that post: at a rate whatever the answers do (open loop), or one frame after the other (closed)."""

import asyncio
import itertools
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp
import uvloop

from bench.kiosks.frames import Frame

_LONGEST_WAIT = 8


@dataclass(frozen=True)
class Answer:
    """What became of one posted frame.

    Attributes
    ----------
    began, took : float
        Seconds since the load began, and until the answer was read.
    status : int
        HTTP status; 0 where the connection failed.
    recognition_id : str, optional
        Where the frame was taken.
    granted_to : str, optional
        The name the door opened to.
    expired, failed : bool
        Whether the decision was that it came too late, or that something went wrong.
    expected : str, optional
        Who was in the frame; None for somebody who is not enrolled.
    retry_after : float
        Seconds that a refused kiosk was told to wait.
    """

    began: float
    took: float
    status: int
    recognition_id: str | None
    outcome: str | None
    granted_to: str | None
    expired: bool
    failed: bool
    expected: str | None
    retry_after: float = 0.0

    @property
    def decided(self) -> bool:
        """Whether the kiosk got a decision in time."""
        return self.status == 200 and not self.expired and not self.failed

    @property
    def wrong(self) -> bool:
        """Whether the door opened as somebody else."""
        return self.granted_to is not None and self.granted_to != self.expected

    @property
    def unheard(self) -> bool:
        """Whether nobody knows what became of the frame: it may have been taken."""
        return self.status == 0 or (self.status >= 500 and self.status != 503)


class Kiosks:
    """Posts frames to one URL.

    Parameters
    ----------
    url : str
        Where frames are posted.
    token : str
        The kiosk's.
    frames : sequence of Frame
        Posted in turn.
    posted : list of Answer
        Every answer is added to it.

    Attributes
    ----------
    began : float
        When the last load began, on the clock of `time.monotonic`.
    """

    def __init__(self, url: str, token: str, frames: Sequence[Frame], posted: list[Answer]) -> None:
        self._url = url
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "image/jpeg",
            "Prefer": f"wait={_LONGEST_WAIT}",
        }
        self._frames = itertools.cycle(frames)
        self._posted = posted
        self.began = time.monotonic()

    def at_rate(self, rate: float, seconds: float, kiosks: int = 10_000) -> list[Answer]:
        """Post at random moments, `rate` a second on average, whether or not answers come.

        Parameters
        ----------
        kiosks : int
            At most so many wait at once; a kiosk that waits has nobody else before it. A frame that finds no
            kiosk free is not offered.
        """
        return uvloop.run(self._open_loop(rate, seconds, kiosks))

    def one_after_the_other(self, kiosks: int, seconds: float) -> list[Answer]:
        """Let each kiosk post its next frame when it has the answer to the last.

        One that is refused waits as long as it is told.
        """
        return uvloop.run(self._closed_loop(kiosks, seconds))

    def all_at_once(self, kiosks: int) -> list[Answer]:
        """Let each kiosk post one frame, all at the same moment."""
        return uvloop.run(self._volley(kiosks))

    async def _open_loop(self, rate: float, seconds: float, kiosks: int) -> list[Answer]:
        arrivals = random.Random(1)  # noqa: S311  # the same arrivals in every run
        async with self._session() as session:
            self.began = start = time.monotonic()
            tasks: set[asyncio.Task[Answer]] = set()
            waiting: set[asyncio.Task[Answer]] = set()
            moment = 0.0
            while (moment := moment + arrivals.expovariate(rate)) < seconds:
                await asyncio.sleep(max(0.0, start + moment - time.monotonic()))
                waiting = {task for task in waiting if not task.done()}
                if len(waiting) < kiosks:
                    task = asyncio.create_task(self._post(session))
                    tasks.add(task)
                    waiting.add(task)
            return list(await asyncio.gather(*tasks))

    async def _closed_loop(self, kiosks: int, seconds: float) -> list[Answer]:
        answers: list[Answer] = []
        async with self._session() as session:
            self.began = time.monotonic()

            async def kiosk() -> None:
                while time.monotonic() < self.began + seconds:
                    answers.append(answer := await self._post(session))
                    await asyncio.sleep(answer.retry_after)

            await asyncio.gather(*(kiosk() for _ in range(kiosks)))
        return answers

    async def _volley(self, kiosks: int) -> list[Answer]:
        async with self._session() as session:
            self.began = time.monotonic()
            return list(await asyncio.gather(*(self._post(session) for _ in range(kiosks))))

    def _session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=_LONGEST_WAIT + 10),
        )

    async def _post(self, session: aiohttp.ClientSession) -> Answer:
        frame = next(self._frames)
        began = time.monotonic()
        status, body, retry_after = 0, {}, "0"
        try:
            async with session.post(self._url, data=frame.jpeg, headers=self._headers) as response:
                body = await response.json(content_type=None)
                status = response.status
                retry_after = response.headers.get("Retry-After", "0") if status == 503 else "0"
        except (aiohttp.ClientError, TimeoutError):
            status = 0
        person = body.get("person") or {}
        answer = Answer(
            began=began - self.began,
            took=time.monotonic() - began,
            status=status,
            recognition_id=body.get("recognition_id"),
            outcome=body.get("outcome"),
            granted_to=person.get("full_name"),
            expired=body.get("reason") == "expired",
            failed=body.get("reason") == "internal_error" or status in (0, 500),
            expected=frame.full_name,
            retry_after=float(retry_after),
        )
        self._posted.append(answer)
        return answer
