"""How long searching 10,000, 100,000 and 1,000,000 faces takes, and whether it finds the nearest.

The gallery is synthetic: people with one to nine faces each, two faces of one person .6 apart in cosine,
two people's as widely spread as the default pack's impostor pairs (a standard deviation of .08). What is
searched for are new faces of people in the gallery, and strangers. The truth comes from comparing with
every vector in float64 while the gallery is built.
"""

import gc
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from threading import Event, Thread

import numpy as np
import numpy.typing as npt

from localaws.rekognition.collections import FaceCollections, NewFace, RelativeBox
from localaws.rekognition.engine import Floats

_DIMENSION = 512
_SIZES = {"10k": 10_000, "100k": 100_000, "1m": 1_000_000}
_CHUNK = 10_000
_SAME_PERSON = 0.6
#: Coordinates shrink so fast that two strangers' cosine has the standard deviation sqrt(1 / (2 * 75)).
_SPECTRUM = np.exp(-np.arange(_DIMENSION) / 75 / 2)
_NEAR, _STRANGERS = 200, 100
#: As SearchFacesByImage by default: up to 80 faces, of a similarity of 80 with the default pack.
_MATCHES, _MIN_COSINE = 80, 0.32
_ANY = -1.0
#: For how long searches run beside a thread that adds and deletes, and how much that does at least.
_BUSY_SECONDS, _CHANGES = 15, 450
#: Of one image and of one request, as AWS allows.
_MOST_INDEXED, _MOST_DELETED = 100, 4096

_START = """
import re, sys, time
from pathlib import Path
import numpy as np
started = time.perf_counter()
anonymous = lambda: int(re.search(r"Anonymous: +(\\d+)", Path("/proc/self/smaps_rollup").read_text())[1])
from localaws.rekognition.collections import FaceCollections
before = anonymous()
collections = FaceCollections(Path(sys.argv[1]), "bench", 512)
assert collections.search("people", np.full(512, 512**-0.5, np.float32), 1, -1.0)
print(time.perf_counter() - started, (anonymous() - before) / 1024)
"""


def run() -> dict[str, float]:
    """Measure, and return milliseconds, seconds, megabytes and shares."""
    figures: dict[str, float] = {}
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as directory:
        people = _People(np.random.default_rng(1))
        collections = FaceCollections(Path(directory), "bench", _DIMENSION)
        gc.freeze()  # as the server does
        sys.setswitchinterval(0.001)  # as well
        collections.create("people", {})
        truth = _Truth(people.queries())
        # Ids alone, and they are frozen, too: a million objects that the server does not have would make
        # every garbage collection halt all threads.
        face_ids: list[str] = []
        started = time.perf_counter()
        for smaller, larger in pairwise([0, *_SIZES.values()]):
            for start in range(smaller, larger, _CHUNK):
                vectors = people.next_faces(_CHUNK)
                records = collections.add_faces("people", str(start).encode(), None, _new_faces(vectors))
                face_ids += [record.face_id for record in records]
                truth.see(vectors, face_ids[start:])
            name = next(name for name, size in _SIZES.items() if size == larger)
            figures |= _measure_size(collections, name, truth)
            _say(f"{larger:,} faces after {time.perf_counter() - started:.0f} s: {figures}")
        os.sched_setaffinity(0, range(os.cpu_count() or 1))
        gc.freeze()
        figures |= _measure_while_changing(collections, people, truth, face_ids)
        figures["delayed_ms"] = figures["search_while_changing_longest_ms"] - figures["search_1m_ms"]
        collections.close()
        figures |= _measure_start(Path(directory))
    return figures


class _People:
    """Faces of people, made as they are asked for."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._centres = _unit(rng.standard_normal((_NEAR, _DIMENSION)) * _SPECTRUM)

    def queries(self) -> npt.NDArray[np.float64]:
        """Return new faces of the first people, then strangers, (queries, dimension)."""
        strangers = _unit(self._rng.standard_normal((_STRANGERS, _DIMENSION)) * _SPECTRUM)
        return np.concatenate([self._faces_of(self._centres), strangers])

    def next_faces(self, count: int) -> Floats:
        """Return faces of people who were not seen before, after those of the first ones."""
        new = _unit(self._rng.standard_normal((count, _DIMENSION)) * _SPECTRUM)
        centres = np.concatenate([self._centres, new])
        of_person = np.repeat(np.arange(len(centres)), self._rng.integers(1, 10, len(centres)))[:count]
        self._centres = self._centres[:0]
        return self._faces_of(centres[of_person]).astype(np.float32)

    def _faces_of(self, centres: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        own = _unit(self._rng.standard_normal(centres.shape) * _SPECTRUM)
        return _unit(np.sqrt(_SAME_PERSON) * centres + np.sqrt(1 - _SAME_PERSON) * own)


class _Truth:
    """The nearest face of every query among those seen, in float64."""

    def __init__(self, queries: npt.NDArray[np.float64]) -> None:
        self.queries = queries.astype(np.float32)
        self._cosines = np.full(len(queries), -np.inf)
        self.face_ids = [""] * len(queries)

    def see(self, vectors: Floats, face_ids: list[str]) -> None:
        """Take more faces into account."""
        cosines = self.queries.astype(np.float64) @ vectors.T.astype(np.float64)
        rows = np.argmax(cosines, axis=1)
        for query, row in enumerate(rows.tolist()):
            if cosines[query, row] > self._cosines[query]:
                self._cosines[query] = cosines[query, row]
                self.face_ids[query] = face_ids[row]


def _measure_size(collections: FaceCollections, name: str, truth: _Truth) -> dict[str, float]:
    """Return how long one nearest face, and a default SearchFaces, take, and how often it is right.

    ``_ms`` is by the clock on the wall, ``_cpu_ms`` the core's time, also where others want the core.
    """
    right: list[bool] = []

    def nearest(query: int) -> None:
        (match,) = collections.search("people", truth.queries[query], 1, _ANY)
        right.append(match.face.face_id == truth.face_ids[query])

    def matches(query: int) -> None:
        collections.search("people", truth.queries[query], _MATCHES, _MIN_COSINE)

    queries = range(len(truth.queries))
    before = time.thread_time()
    of_nearest = _milliseconds(nearest, queries)
    cpu = 1000 * (time.thread_time() - before) / len(queries)
    of_matches = _milliseconds(matches, queries)
    return {
        f"search_{name}_ms": float(np.median(of_nearest)),
        f"search_{name}_p95_ms": float(np.percentile(of_nearest, 95)),
        f"search_{name}_cpu_ms": cpu,
        f"search_{name}_matches_ms": float(np.median(of_matches)),
        f"recall_{name}": float(np.mean(right[:_NEAR])),
        f"recall_{name}_strangers": float(np.mean(right[_NEAR:])),
    }


def _measure_while_changing(
    collections: FaceCollections, people: _People, truth: _Truth, face_ids: list[str]
) -> dict[str, float]:
    """Return how long searches wait while another thread adds and deletes, one and as many as can be.

    ``blocked_ms`` is the most that a search neither ran nor was ready to run while other programs had the
    core: it waited for a lock, the interpreter's among them, or the disk, or another machine on the same
    hardware had the core. How much of that comes from elsewhere ``blocked_undisturbed_ms`` tells: the same
    without the other thread.
    """
    alone_until = time.perf_counter() + _BUSY_SECONDS
    done = Event()
    changes: list[float] = []
    vectors = people.next_faces(_CHUNK)
    # So that a segment is written soon; another becomes sparse, and is rewritten, by what is deleted.
    collections.add_faces("people", b"last", None, _new_faces(vectors[:3_000]))

    def change() -> None:
        deleted = 0
        while not done.is_set():
            number = len(changes)
            started = time.perf_counter()
            added = _MOST_INDEXED if number % 10 == 9 else 1
            gone = _MOST_DELETED if number % 50 == 49 else 1
            faces = _new_faces(vectors[number % 5_000 :][:added])
            collections.add_faces("people", f"later {number}".encode(), None, faces)
            collections.delete_faces("people", face_ids[deleted : deleted + gone])
            deleted += gone
            changes.append(time.perf_counter() - started)

    undisturbed = _searches(collections, truth, lambda: time.perf_counter() < alone_until)
    changer = Thread(target=change)
    changer.start()
    until = time.perf_counter() + _BUSY_SECONDS
    searches = _searches(collections, truth, lambda: time.perf_counter() < until or len(changes) < _CHANGES)
    done.set()
    changer.join()
    taken = [search.taken for search in searches]
    return {
        "blocked_ms": max(search.blocked for search in searches),
        "blocked_undisturbed_ms": max(search.blocked for search in undisturbed),
        "search_while_changing_ms": float(np.median(taken)),
        "search_while_changing_longest_ms": max(taken),
        "searches_while_changing": float(len(taken)),
        "changes_while_searching": float(len(changes)),
        "longest_change_s": max(changes),
    }


@dataclass(frozen=True)
class _Search:
    """How long one search took, and for how much of that it could not run; milliseconds."""

    taken: float
    blocked: float


def _searches(collections: FaceCollections, truth: _Truth, go_on: Callable[[], bool]) -> list[_Search]:
    searches: list[_Search] = []
    while go_on():
        for query in truth.queries[:10]:
            busy, started = _milliseconds_busy(), time.perf_counter()
            collections.search("people", query, 1, _ANY)
            taken = 1000 * (time.perf_counter() - started)
            searches.append(_Search(taken, taken - (_milliseconds_busy() - busy)))
    return searches


def _measure_start(directory: Path) -> dict[str, float]:
    """Return how long a new process needs to its first answer, and the memory it takes for it."""
    command = [sys.executable, "-c", _START, str(directory)]
    seconds, megabytes = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    size = sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())
    return {"startup_1m_s": float(seconds), "index_mb": float(megabytes), "disk_mb": size / 2**20}


def _milliseconds_busy() -> float:
    """Return for how long this thread ran, or was ready to while the kernel ran others."""
    running, waiting, _slices = Path("/proc/thread-self/schedstat").read_text().split()
    return (int(running) + int(waiting)) / 1e6


def _milliseconds(search: Callable[[int], object], queries: range) -> list[float]:
    taken: list[float] = []
    for query in queries:
        started = time.perf_counter()
        search(query)
        taken.append(1000 * (time.perf_counter() - started))
    return taken


def _new_faces(vectors: Floats) -> list[NewFace]:
    return [
        NewFace(RelativeBox(number / len(vectors), 0, 0.1, 0.1), 99.0, vector)
        for number, vector in enumerate(vectors)
    ]


def _unit(vectors: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
