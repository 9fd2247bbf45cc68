"""How many photos a second go the whole way, beside what the embedded Rekognition alone indexes."""

import tempfile
import time
from pathlib import Path
from typing import Any

from bench.enroll.alone import Alone
from bench.enroll.photos import make_photos, without_duplicates
from bench.enroll.stand import EnrollStand, put_up

_PHOTOS = 500
_WARMING = 12


def throughput(size: tuple[int, int]) -> dict[str, Any]:
    """Enrol a folder of photos; before and after it, index one half of them with nothing around.

    Parameters
    ----------
    size : (int, int)
        Of the photos, pixels.
    """
    with (
        tempfile.TemporaryDirectory(prefix="facegate-photos-") as directory,
        put_up(without_duplicates()) as stand,
    ):
        warming = make_photos(Path(directory) / "warming", size, _WARMING, seed="warming")
        folder = Path(directory) / "batch"
        photos = make_photos(folder, size, _PHOTOS)
        alone = Alone(stand.machine.settings.rekognition_url)
        alone.index(warming)
        stand.enroll(folder.with_name("warming"), _WARMING)
        # both halves: the machine is not equally quick all the time
        before = _cpu_seconds(stand)
        seconds_alone = alone.index(photos[::2])
        cpu_alone = _cpu_seconds(stand) - before
        batch = stand.enroll(folder, _PHOTOS)
        before = _cpu_seconds(stand)
        seconds_alone += alone.index(photos[1::2])
        cpu_alone += _cpu_seconds(stand) - before
        waits = sorted(
            (outcome.finished_at - outcome.received_at).total_seconds()
            for outcome in batch.outcomes
            if outcome.finished_at
        )
        return {
            "photos": _PHOTOS,
            "pixels": "{}x{}".format(*size),
            "photo_mb": round(sum(photo.stat().st_size for photo in photos) / 1e6 / _PHOTOS, 2),
            "ratio": round(seconds_alone / batch.seconds, 3),
            "photos_per_s": round(_PHOTOS / batch.seconds, 2),
            "alone_per_s": round(_PHOTOS / seconds_alone, 2),
            "outcome_p50_s": round(waits[len(waits) // 2], 2),
            "outcome_p95_s": round(waits[len(waits) * 95 // 100], 2),
            "cpu_ms": {
                name: round(1000 * seconds / _PHOTOS, 1) for name, seconds in batch.cpu_seconds.items()
            },
            "alone_cpu_ms": round(1000 * cpu_alone / _PHOTOS, 1),
            **{status: batch.count(status) for status in ("indexed", "held", "rejected", "failed")},
            "lost": batch.lost,
        }


def _cpu_seconds(stand: EnrollStand) -> float:
    """Sum up the CPU time so far of what indexes alone: the server, and this process as its client."""
    return stand.cpu_seconds()["rekognition"] + time.process_time()
