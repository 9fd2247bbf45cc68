"""What HTTP costs: the server's processor time a call, and what a second core is worth.

Cost
    The same SearchFacesByImage calls are made in one process (decode, analyse, embed, search) and
    sent to a server, turn by turn, both pinned to the same core while the client has the other one.
    Processor time is read from the kernel's clock of the whole process, to the nanosecond; the
    server's counts everything between its sockets: HTTP, JSON, base64, validation, threads, the log.

Scaling
    The rate with the server on one core and on two. On a machine of two cores the clients take
    something from the server, and so does whatever else is running. So calls are counted not by
    seconds but by the processor seconds the server *could* have had: those it used and those that
    its cores stood idle. A server that waits for its own locks leaves cores idle and pays for it; one
    that is pushed aside by a client does not.

Requests are what botocore sends, byte by byte, captured once; the clients are threads that write
them to sockets and read answers, which costs a hundredth of what botocore's own client costs.
"""

import http.client
import json
import multiprocessing
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import cycle
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[2]
PACK_DIR = Path(os.environ.get("FACEGATE_HOME", ROOT / ".facegate")) / "models" / "default"

COLLECTION = "gallery"
GALLERY = 10_000
ROUNDS = 32
CALLS_A_ROUND = 12
SCALING_ROUNDS = 9
SECONDS_A_ROUND = 2.0
CONNECTIONS = 6


@dataclass(frozen=True, slots=True)
class _Server:
    port: int
    process: psutil.Process

    def worker(self) -> psutil.Process:
        return next(iter(self.process.children()))


def run() -> dict[str, float]:
    """Measure; a minute and a half on two idle cores.

    Returns
    -------
    dict of str to float
        ``http_cpu_ratio`` (server's processor time a call over the engine's), ``http_engine_cpu_ms``,
        ``http_server_cpu_ms``, and on machines of two cores ``http_scaling`` (rate on two cores over
        rate on one), ``http_rate_1_core``, ``http_rate_2_cores`` (calls a second).
    """
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as directory:
        frames = _frames()
        _build_gallery(Path(directory) / "served")
        shutil.copytree(Path(directory) / "served", Path(directory) / "direct")
        with _server(Path(directory) / "served") as server:
            requests = [_captured_request(server.port, frame) for frame in frames]
            results = _cost(server, requests, frames, Path(directory) / "direct", cores)
            if len(cores) > 1:
                results |= _scaling(server, requests, cores)
    return results


def _cost(
    server: _Server, requests: list[bytes], frames: list[bytes], data_dir: Path, cores: list[int]
) -> dict[str, float]:
    worker = server.worker()
    _pin(worker, cores[:1])
    served: list[float] = []
    direct: list[float] = []
    with _client_on(cores[-1:]), _direct(data_dir, frames, cores[0]) as engine:
        connection = _connect(server.port)
        rounds = cycle(requests)
        for number in range(ROUNDS + 1):
            engine.send(CALLS_A_ROUND)
            direct.append(engine.recv() / CALLS_A_ROUND)
            before = _cpu_seconds(worker.pid)
            for _ in range(CALLS_A_ROUND):
                _call(connection, next(rounds))
            served.append((_cpu_seconds(worker.pid) - before) / CALLS_A_ROUND)
            if number % 8 == 0:
                print(f"http: round {number} of {ROUNDS}", file=sys.stderr)
        connection.close()
    # The first round fills caches and loads the index.
    pairs = list(zip(served, direct, strict=True))[1:]
    return {
        "http_cpu_ratio": statistics.median(one / other for one, other in pairs),
        "http_server_cpu_ms": 1000 * statistics.median(one for one, _ in pairs),
        "http_engine_cpu_ms": 1000 * statistics.median(other for _, other in pairs),
    }


def _scaling(server: _Server, requests: list[bytes], cores: list[int]) -> dict[str, float]:
    worker = server.worker()
    one: list[float] = []
    two: list[float] = []
    for number in range(SCALING_ROUNDS):
        _pin(worker, cores[:1])
        one.append(_rate(server.port, worker.pid, requests, cores[:1]))
        _pin(worker, cores[:2])
        two.append(2 * _rate(server.port, worker.pid, requests, cores[:2]))
        print(f"http: scaling round {number + 1} of {SCALING_ROUNDS}", file=sys.stderr)
    return {
        "http_scaling": statistics.median(b / a for a, b in zip(one, two, strict=True)),
        "http_rate_1_core": statistics.median(one),
        "http_rate_2_cores": statistics.median(two),
    }


def _rate(port: int, pid: int, requests: list[bytes], cores: list[int]) -> float:
    """Return calls by processor second that the server could have had on `cores`."""
    counts = [0] * CONNECTIONS
    stop = threading.Event()

    def ask(number: int) -> None:
        connection = _connect(port)
        for request in cycle(requests[number:] + requests[:number]):
            if stop.is_set():
                break
            _call(connection, request)
            counts[number] += 1
        connection.close()

    clients = [threading.Thread(target=ask, args=(number,)) for number in range(CONNECTIONS)]
    for client in clients:
        client.start()
    time.sleep(0.5)
    calls, used, idle = sum(counts), _cpu_seconds(pid), _idle_seconds(cores)
    time.sleep(SECONDS_A_ROUND)
    calls, used, idle = sum(counts) - calls, _cpu_seconds(pid) - used, _idle_seconds(cores) - idle
    stop.set()
    for client in clients:
        client.join()
    return calls / (used + idle)


def _pin(process: psutil.Process, cores: list[int]) -> None:
    """Keep all threads of a process to some cores; the process's own affinity is its first thread's."""
    for thread in process.threads():
        with suppress(ProcessLookupError):
            os.sched_setaffinity(thread.id, cores)


def _cpu_seconds(pid: int) -> float:
    # The clock of a process's processor time: clock_getcpuclockid(3) computes its id like this.
    return time.clock_gettime((~pid << 3) | 2)


def _idle_seconds(cores: list[int]) -> float:
    times = psutil.cpu_times(percpu=True)
    return sum(times[core].idle + times[core].iowait for core in cores)


@contextmanager
def _client_on(cores: list[int]) -> Generator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def _direct(data_dir: Path, frames: list[bytes], core: int) -> Generator[Connection]:
    """Run the engine in a process of its own; send a number of calls, receive its processor time."""
    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_work, args=(theirs, data_dir, frames, core), daemon=True)
    process.start()
    try:
        yield ours
    finally:
        ours.send(0)
        process.join(10)


def _work(orders: Connection, data_dir: Path, frames: list[bytes], core: int) -> None:
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    from localaws.rekognition.collections import FaceCollections  # noqa: PLC0415 - after the environment is set
    from localaws.rekognition.engine import FaceEngine, decode_image  # noqa: PLC0415

    os.sched_setaffinity(0, {core})
    engine = FaceEngine.load(PACK_DIR)
    collections = FaceCollections(data_dir, engine.face_model_version, engine.dimension)
    threshold = engine.cosine(80)
    frame = cycle(frames)
    while calls := orders.recv():
        started = time.process_time()
        for _ in range(calls):
            face = engine.analyze(decode_image(next(frame)))[0]
            collections.search(COLLECTION, face.embedding.vector, 80, threshold)
        orders.send(time.process_time() - started)


def _build_gallery(data_dir: Path) -> None:
    import numpy as np  # noqa: PLC0415 - the environment decides on its threads

    from localaws.rekognition.collections import FaceCollections, NewFace, RelativeBox  # noqa: PLC0415
    from localaws.rekognition.engine import FaceEngine  # noqa: PLC0415

    engine = FaceEngine.load(PACK_DIR)
    collections = FaceCollections(data_dir, engine.face_model_version, engine.dimension)
    collections.create(COLLECTION, {})
    random = np.random.default_rng(7)
    vectors = random.standard_normal((GALLERY, engine.dimension), np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    for start in range(0, GALLERY, 100):
        faces = [
            NewFace(RelativeBox(0.001 * number, 0.1, 0.2, 0.2), 99.0, vectors[start + number])
            for number in range(100)
        ]
        collections.add_faces(COLLECTION, b"%d" % start, None, faces)
    collections.close()


def _frames() -> list[bytes]:
    """Make webcam frames, 640 x 480: two portraits at several sizes and places before a grey wall."""
    import cv2  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    from cli.portraits import eileen_collins, grace_hopper  # noqa: PLC0415

    random = np.random.default_rng(7)
    frames: list[bytes] = []
    for portrait in (grace_hopper(), eileen_collins()):
        picture = cv2.imread(str(portrait))
        for height in (300, 360, 420, 460):
            canvas = random.normal(140, 6, (480, 640, 3)).clip(0, 255).astype(np.uint8)
            small = cv2.resize(
                picture, (picture.shape[1] * height // picture.shape[0], height), interpolation=cv2.INTER_AREA
            )
            left, top = (640 - small.shape[1]) // 2 + random.integers(-60, 60), 480 - height
            canvas[top : top + height, left : left + small.shape[1]] = small
            frames.append(cv2.imencode(".jpg", canvas, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes())
    return frames


@contextmanager
def _server(data_dir: Path) -> Iterator[_Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "localaws.rekognition", "serve", "--port", str(port)]
    log = data_dir.with_suffix(".log")
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [*command, "--data-dir", data_dir, "--pack-dir", PACK_DIR], stderr=stderr, cwd=ROOT
        )
    try:
        _wait_until_ready(port, process, log)
        yield _Server(port, psutil.Process(process.pid))
    finally:
        process.terminate()
        process.wait(10)


def _wait_until_ready(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        with suppress(urllib.error.URLError, ConnectionError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()  # an address of ours  # nosec B310
            return
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"The server did not start: {log.read_text()}")
        time.sleep(0.05)


def _captured_request(port: int, frame: bytes) -> bytes:
    """Return the bytes that botocore sends for a search."""
    import botocore.session  # noqa: PLC0415
    from botocore.awsrequest import AWSResponse  # noqa: PLC0415

    client = botocore.session.get_session().create_client(
        "rekognition",
        region_name="us-east-1",
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id="bench",
        aws_secret_access_key="bench",  # noqa: S106 - nobody checks it
    )
    prepared: list[Any] = []

    def capture(request: Any, **_: Any) -> AWSResponse:
        prepared.append(request)
        return AWSResponse(request.url, 200, {}, _NoAnswer())

    client.meta.events.register("before-send.rekognition.SearchFacesByImage", capture)
    client.search_faces_by_image(CollectionId=COLLECTION, Image={"Bytes": frame})
    (request,) = prepared
    headers = {
        name: value.decode() if isinstance(value, bytes) else value for name, value in request.headers.items()
    }
    headers |= {"Host": f"127.0.0.1:{port}", "Accept-Encoding": "identity"}
    lines = ["POST / HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + request.body


class _NoAnswer:
    """An empty body, for botocore to parse."""

    def stream(self, *_: Any, **__: Any) -> list[bytes]:
        return [b"{}"]


def _connect(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _call(connection: socket.socket, request: bytes) -> None:
    connection.sendall(request)
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    body = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"The server answered {answer.status}: {body[:300]!r}")


if __name__ == "__main__":
    print(json.dumps(run()))
