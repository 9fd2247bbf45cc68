"""What a decision costs on AWS, from calls that were counted on the wire."""

import time

from bench.kiosks.figures import Figures
from bench.kiosks.prices import UnknownPrice, share
from bench.kiosks.stand import Stands
from bench.kiosks.wire import Count

_KIOSKS = 16
_LOAD_SECONDS = 20
#: Until what was done has been acknowledged.
_LAST_CALLS_SECONDS = 3
#: Three of SQS's longest polls.
_IDLE_SECONDS = 61
_DAY_SECONDS = 24 * 60 * 60


def cost(stands: Stands) -> Figures:
    """Count every call to AWS while kiosks post, and while none does; price them as AWS does.

    Raises
    ------
    UnknownPrice
        If a call was made that `bench.kiosks.prices` has no price for.
    """
    with stands.put_up(counted=True) as bench:
        if bench.wire is None:
            raise RuntimeError("the stand has no wire to count on")
        bench.queued.one_after_the_other(_KIOSKS, 5)
        bench.wire.take()
        answers = bench.queued.one_after_the_other(_KIOSKS, _LOAD_SECONDS)
        busy = bench.wire.take()
        time.sleep(_LAST_CALLS_SECONDS)
        bench.wire.take()
        time.sleep(_IDLE_SECONDS)
        idle = bench.wire.take()
        if unpriced := busy.unpriced + idle.unpriced:
            raise UnknownPrice(", ".join(unpriced))
        frames = bench.visitors.frames
        return {
            **_of_a_decision(busy, sum(answer.decided for answer in answers)),
            "cost_frame_kb": round(sum(len(frame.jpeg) for frame in frames) / len(frames) / 1000, 1),
            "idle_calls_a_day": _a_day(idle.calls),
            "idle_usd_per_day": round(sum(idle.dollars.values()) * _DAY_SECONDS / _IDLE_SECONDS, 5),
        }


def _of_a_decision(count: Count, decisions: int) -> Figures:
    return {
        "cost_decisions": decisions,
        "calls_per_decision": {
            name: round(calls / decisions, 3) for name, calls in sorted(count.calls.items())
        },
        "refused_calls": dict(count.refused),
        "cost_per_1000": {
            service: round(1000 * dollars / decisions, 6) for service, dollars in count.dollars.items()
        },
        "cost_share": round(share(count.dollars, "rekognition"), 5),
    }


def _a_day(calls: dict[str, int]) -> dict[str, int]:
    return {name: round(number * _DAY_SECONDS / _IDLE_SECONDS) for name, number in sorted(calls.items())}
