"""SQS long polls that wake when a message comes, and end when the client goes or the emulator stops.

ministack looks every 100 ms instead, hands messages to clients that are gone, which hides them for a
visibility timeout, and holds its own stop up for as long as a poll lasts.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import ContextVar
from importlib import import_module
from typing import Any

_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Application = Callable[..., Awaitable[None]]

#: Messages also become visible by time alone, and nothing announces that.
_LONGEST_SLEEP_SECONDS = 0.1

_receive_of_request: ContextVar[_Receive] = ContextVar("_receive_of_request")


class LongPolling:
    """Replaces ministack's ReceiveMessage.

    Parameters
    ----------
    stopping : asyncio.Event
        Set when the emulator stops: open polls then answer that there is nothing.
    """

    def __init__(self, stopping: asyncio.Event) -> None:
        self._sqs: Any = import_module("ministack.services.sqs")
        self._receive_now: Callable[..., Awaitable[dict[str, Any]]] = self._sqs._HANDLERS["ReceiveMessage"]
        self._stopping = stopping
        self._arrival = asyncio.Event()

    def install(self) -> None:
        """Take the place of ReceiveMessage and hear of every message that is sent."""
        self._sqs._HANDLERS["ReceiveMessage"] = self._receive
        # whatever puts a message into a queue sets this, from whichever thread, for event source mappings
        wake: Any = import_module("ministack.core.concurrency").esm_wake
        loop = asyncio.get_running_loop()
        wake_mappings = wake.set

        def wake_mappings_and_polls() -> None:
            wake_mappings()
            loop.call_soon_threadsafe(self._announce)

        wake.set = wake_mappings_and_polls

    async def serve(
        self, application: _Application, scope: dict[str, Any], receive: _Receive, send: Any
    ) -> None:
        """Serve a request and let a poll inside it see whether its client is still there."""
        _receive_of_request.set(receive)
        await application(scope, receive, send)

    def _announce(self) -> None:
        self._arrival.set()
        self._arrival = asyncio.Event()

    async def _receive(self, request: dict[str, Any], queue_url: str) -> dict[str, Any]:
        deadline = time.monotonic() + self._wait_seconds(request, queue_url)
        at_once = {**request, "WaitTimeSeconds": 0}
        answer = await self._receive_now(at_once, queue_url)
        if answer or time.monotonic() >= deadline:
            return answer
        # the body has been read: all that can still come is the news that the client has gone
        gone = asyncio.ensure_future(_receive_of_request.get()())
        stopped = asyncio.ensure_future(self._stopping.wait())
        try:
            while not (answer or gone.done() or stopped.done()):
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    break
                await self._sleep(min(remaining, _LONGEST_SLEEP_SECONDS), gone, stopped)
                if not gone.done():
                    answer = await self._receive_now(at_once, queue_url)
        finally:
            gone.cancel()
            stopped.cancel()
        return answer

    async def _sleep(self, seconds: float, *interruptions: "asyncio.Future[Any]") -> None:
        arrival = asyncio.ensure_future(self._arrival.wait())
        try:
            await asyncio.wait(
                {arrival, *interruptions}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            arrival.cancel()

    def _wait_seconds(self, request: dict[str, Any], queue_url: str) -> int:
        given = request.get("WaitTimeSeconds")
        if given is None:
            queue = self._sqs._get_q(request.get("QueueUrl", queue_url), "sqs:ReceiveMessage")
            given = queue["attributes"].get("ReceiveMessageWaitTimeSeconds", 0)
        return int(given)
