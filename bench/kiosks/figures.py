"""What the answers of a load amount to."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bench.kiosks.load import Answer

#: What a part of the benchmark reports, by name; whatever JSON can say.
Figures = dict[str, Any]


def percentile(
    answers: Sequence[Answer], percent: float, which: Callable[[Answer], bool] = lambda answer: answer.decided
) -> float:
    """Return a percentile of the answers' latency, in milliseconds; 0 where there is none.

    The least latency that at least `percent` percent of the answers do not exceed ("nearest rank").
    """
    latencies = sorted(answer.took for answer in answers if which(answer))
    if not latencies:
        return 0.0
    rank = -(-len(latencies) * percent // 100)
    return round(1000 * latencies[max(0, int(rank) - 1)], 1)


def goodput(answers: Sequence[Answer], until: float, since: float = 0.0) -> float:
    """Return the decisions a second that reached their kiosks in time.

    Parameters
    ----------
    since, until : float
        Seconds of the load; what was answered between them counts.
    """
    answered = [answer.began + answer.took for answer in answers if answer.decided]
    return round(sum(since <= moment < until for moment in answered) / (until - since), 2)


def latencies(name: str, answers: Sequence[Answer]) -> Mapping[str, float]:
    """Return p50, p95 and p99 of the decided answers, in milliseconds."""
    return {f"{name}_p{percent}_ms": percentile(answers, percent) for percent in (50, 95, 99)}
