"""A wire between the services and AWS, on which every call is counted and priced.

Two reverse proxies, one before the embedded AWS and one before the embedded Rekognition, in a thread of
their own. Whatever library makes a call, it goes through here: boto3's and kombu's own.
"""

import asyncio
import json
import re
import threading
from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import aiohttp
from aiohttp import web

from bench.kiosks.prices import Exchange, UnknownPrice, price

#: The largest message of SQS and the largest image of Rekognition are smaller.
_MOST_BYTES = 16 * 1024 * 1024
_SERVICE_OF_SIGNATURE = re.compile(r"Credential=[^/]+/\d+/[^/]+/([a-z0-9-]+)/aws4_request")
#: What CloudFormation adds to a table's name, and every process to its reply queue's.
_GENERATED = re.compile(r"-([0-9A-F]{13}|[0-9a-f]{32})$")
#: They speak of one connection (RFC 9110, 7.6.1); the length is set anew.
_OF_ONE_CONNECTION = frozenset(
    {"connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding"}
)
_READY_SECONDS = 10


@dataclass
class Count:
    """Calls that were made.

    Attributes
    ----------
    calls, refused : Counter
        How many, and how many of them were answered with an error, by name.
    unpriced : Counter
        Those among them of which no price is known, by name.
    dollars : dict of str to float
        What the others cost, by service.
    """

    calls: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    unpriced: Counter[str] = field(default_factory=Counter)
    dollars: dict[str, float] = field(default_factory=dict)

    def add(self, exchange: Exchange) -> None:
        """Add a call."""
        name = _name(exchange)
        self.calls[name] += 1
        if exchange.status >= 400:
            self.refused[name] += 1
        try:
            dollars = price(exchange)
        except UnknownPrice:
            self.unpriced[name] += 1
        else:
            self.dollars[exchange.service] = self.dollars.get(exchange.service, 0.0) + dollars


class Wire:
    """Forwards to two servers and keeps count.

    Parameters
    ----------
    upstreams : mapping of int to str
        The URL behind each port of this machine that is listened on.
    """

    def __init__(self, upstreams: Mapping[int, str]) -> None:
        self._upstreams = upstreams
        self._lock = threading.Lock()
        self._count = Count()
        self._listening = threading.Event()
        self._session: aiohttp.ClientSession

    @contextmanager
    def open(self) -> Generator["Wire"]:
        """Forward until the end of the context.

        Raises
        ------
        TimeoutError
            If it does not come up.
        """
        loop = asyncio.new_event_loop()
        stop = asyncio.Event()
        thread = threading.Thread(target=lambda: loop.run_until_complete(self._serve(stop)), name="wire")
        thread.start()
        try:
            if not self._listening.wait(_READY_SECONDS):
                raise TimeoutError("the counting wire does not listen")
            yield self
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join()
            loop.close()

    def take(self) -> Count:
        """Return what was counted since the last time."""
        with self._lock:
            count, self._count = self._count, Count()
        return count

    async def _serve(self, stop: asyncio.Event) -> None:
        timeout = aiohttp.ClientTimeout(total=60)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(
            connector=connector, timeout=timeout, auto_decompress=False
        ) as self._session:
            runners = [await self._listen(port, url) for port, url in self._upstreams.items()]
            self._listening.set()
            await stop.wait()
            for runner in runners:
                await runner.cleanup()

    async def _listen(self, port: int, upstream: str) -> web.AppRunner:
        application = web.Application(client_max_size=_MOST_BYTES)

        async def forward(request: web.Request) -> web.Response:
            return await self._forward(request, upstream)

        application.router.add_route("*", "/{path:.*}", forward)
        # A long poll must end upstream too when its client goes, or it takes messages for nobody.
        runner = web.AppRunner(application, handler_cancellation=True, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        return runner

    async def _forward(self, request: web.Request, upstream: str) -> web.Response:
        body = await request.read()
        async with self._session.request(
            request.method,
            upstream + request.raw_path,
            headers=_passed_on(request.headers),
            data=body,
            allow_redirects=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        ) as response:
            answer = await response.read()
            self._hear(request, body, response.status, answer)
            return web.Response(status=response.status, headers=_passed_on(response.headers), body=answer)

    def _hear(self, request: web.Request, body: bytes, status: int, answer: bytes) -> None:
        signature = _SERVICE_OF_SIGNATURE.search(request.headers.get("Authorization", ""))
        if signature is None:
            return  # no call of AWS's API, but somebody who asks whether the server is up
        service = signature[1]
        exchange = Exchange(
            service, _operation(request, service, body), status, _json(body, service), _json(answer, service)
        )
        with self._lock:
            self._count.add(exchange)


def _operation(request: web.Request, service: str, body: bytes) -> str:
    target = request.headers.get("X-Amz-Target")
    if target:
        return target.rpartition(".")[2]
    if service == "s3":
        return request.method
    return parse_qs(body.decode(errors="replace")).get("Action", [request.method])[0]


def _json(body: bytes, service: str) -> Mapping[str, Any]:
    if service not in ("sqs", "dynamodb"):
        return {}  # priced by the call alone
    with suppress(ValueError):
        content = json.loads(body)
        if isinstance(content, dict):
            return content
    return {}


def _name(exchange: Exchange) -> str:
    """Name a call as "service Operation resource"."""
    queue = exchange.asked.get("QueueUrl", "").rpartition("/")[2]
    tables = exchange.asked.get("RequestItems") or {exchange.asked.get("TableName", ""): None}
    resource = queue or "+".join(sorted(_GENERATED.sub("", table) for table in tables))
    return f"{exchange.service} {exchange.operation} {_GENERATED.sub('', resource)}".strip()


def _passed_on(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers.items() if name.lower() not in _OF_ONE_CONNECTION]
