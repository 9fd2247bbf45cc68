"""How much memory a gateway process needs while two hundred kiosks wait."""

import time
from concurrent.futures import ThreadPoolExecutor

from bench.kiosks.figures import Figures
from bench.kiosks.load import Answer
from bench.kiosks.stand import Stands

_KIOSKS = 200
#: The gateway of this stand takes as many frames as are posted, however late their answers are: left to
#: itself it refuses those that this machine cannot decide within 0.8 s, and never has two hundred waiting.
_PATIENT = {"FACEGATE_TOLERABLE_DELAY": "60"}
_MOST_ROUNDS = 12


def gateway_memory(stands: Stands) -> Figures:
    """Let two hundred kiosks wait at the same moment, for workers that do nothing meanwhile.

    Before, as many kiosks post and are answered, until the gateway refuses none of them. The memory counts
    only when all two hundred wait, each with its frame read and its job queued; else it is None.
    """
    with stands.put_up(environment=_PATIENT) as bench:
        for _ in range(_MOST_ROUNDS):
            answers = bench.queued.one_after_the_other(_KIOSKS, 5)
            if all(answer.status == 200 for answer in answers):
                break
        before = bench.memory_mb("gateway")
        kiosks, samples = bench.queued, []
        with bench.paused("recognize"), ThreadPoolExecutor(1) as elsewhere:
            volley = elsewhere.submit(kiosks.all_at_once, _KIOSKS)
            while not volley.done():
                samples.append((time.monotonic() - kiosks.began, bench.memory_mb("gateway")))
                time.sleep(0.2)
        waited = [(waiting_at(moment, volley.result()), megabytes) for moment, megabytes in samples]
        most = max(waiting for waiting, _ in waited)
        return {
            "gateway_waiting": most,
            "gateway_mb": max(megabytes for waiting, megabytes in waited if waiting == most)
            if most == _KIOSKS
            else None,
            "gateway_mb_before": before,
        }


def waiting_at(moment: float, answers: list[Answer]) -> int:
    """Count the kiosks that waited at a moment for frames that were taken, in seconds of the load."""
    return sum(
        answer.status in (200, 202) and answer.began <= moment < answer.began + answer.took
        for answer in answers
    )
