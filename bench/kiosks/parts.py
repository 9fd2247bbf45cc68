"""The parts of the benchmark: each loads a stand in one way and says what came of it."""

import statistics
from collections.abc import Callable

from bench.kiosks.chart import draw
from bench.kiosks.cost import cost
from bench.kiosks.figures import Figures, goodput, latencies, percentile
from bench.kiosks.load import Answer
from bench.kiosks.stand import Stand, Stands
from bench.kiosks.waiting import gateway_memory

#: Rekognition as AWS has it: its answer's way and its default limit of calls.
_LIMIT = 40
_FAR = "--latency-ms 250"
_AWS_LIKE = f"{_FAR} --tps SearchUsersByImage={_LIMIT}"
_KIOSKS = 16
#: So few that two workers' threads wait for Rekognition and not for a core of this machine.
_FEW_THREADS = {"FACEGATE_RECOGNIZE_CONCURRENCY": "4"}
#: 40 calls a second, of 250 ms each and 100 ms for the rest of a decision and for throttled calls, keep 14
#: threads busy (Little's law); two workers have 16.
_ENOUGH_THREADS = {"FACEGATE_RECOGNIZE_CONCURRENCY": "8"}


def idle(bench: Stand, _stands: Stands) -> Figures:
    """Let one kiosk post; queue and plain alternative in turn, so that the machine's moods hit both."""
    rounds, seconds = 6, 4
    queued: list[Answer] = []
    direct: list[Answer] = []
    for _ in range(rounds):
        direct += bench.direct.one_after_the_other(1, seconds)
        queued += bench.queued.one_after_the_other(1, seconds)
    return {
        **latencies("idle_queued", queued),
        **latencies("idle_direct", direct),
        **{
            f"overhead_p{percent}_ms": round(percentile(queued, percent) - percentile(direct, percent), 1)
            for percent in (50, 95)
        },
    }


def saturation(bench: Stand, _stands: Stands) -> Figures:
    """Let as many kiosks as keep everything busy post, each again at once."""
    rounds, seconds = 3, 10
    queued, direct, own, decisions = [], [], 0.0, 0
    bench.queued.one_after_the_other(_KIOSKS, 5)
    for _ in range(rounds):
        direct.append(goodput(bench.direct.one_after_the_other(_KIOSKS, seconds), seconds))
        before = bench.cpu_seconds("gateway", "recognize")
        answers = bench.queued.one_after_the_other(_KIOSKS, seconds)
        own += bench.cpu_seconds("gateway", "recognize") - before
        decisions += sum(answer.decided for answer in answers)
        queued.append(goodput(answers, seconds))
    return {
        "saturation_queued": statistics.median(queued),
        "saturation_direct": statistics.median(direct),
        "saturation_ratio": round(statistics.median(queued) / statistics.median(direct), 3),
        "own_cpu_ms": round(1000 * own / max(decisions, 1), 2),
    }


def overload(bench: Stand, stands: Stands) -> Figures:
    """Offer twice what it can do, for a minute, at random moments; then the same to the alternative.

    What it can do is measured before and after, so that a machine that slows down meanwhile slows both.
    """
    seconds = 60
    before = goodput(bench.queued.one_after_the_other(_KIOSKS, 15), 15)
    answers = bench.queued.at_rate(2 * before, seconds)
    peak = statistics.mean([before, goodput(bench.queued.one_after_the_other(_KIOSKS, 15), 15)])
    direct = bench.direct.at_rate(2 * before, seconds)
    if stands.results is not None:
        draw({"queued": answers, "direct": direct}, stands.results / "kiosks-overload.png")
    return {
        "overload_peak": round(peak, 2),
        "overload_offered": round(len(answers) / seconds, 2),
        "overload_goodput": goodput(answers, seconds),
        "overload_goodput_ratio": round(goodput(answers, seconds) / peak, 3),
        "overload_answered": sum(answer.decided for answer in answers),
        **latencies("overload", answers),
        "overload_refused": sum(answer.status == 503 for answer in answers),
        "overload_expired": sum(answer.expired for answer in answers),
        "overload_failed": sum(answer.status not in (200, 202, 503) for answer in answers),
        # It refuses nothing, so in the end it answers all, most of them far too late.
        "overload_direct_answered": sum(answer.decided for answer in direct),
        **latencies("overload_direct", direct),
        "overload_direct_failed": sum(answer.status != 200 for answer in direct),
    }


def like_aws(stands: Stands) -> Figures:
    """Let a hundred kiosks offer half as much again as a Rekognition 250 ms away takes."""
    ramp, seconds = 15, 60
    with stands.put_up(workers=2, rekognition_options=_AWS_LIKE, environment=_ENOUGH_THREADS) as bench:
        answers = bench.queued.at_rate(60, ramp + seconds, kiosks=100)
    steady = [answer for answer in answers if answer.began >= ramp]
    decided = goodput(answers, ramp + seconds, since=ramp)
    return {
        "aws_like_offered": round(len(steady) / seconds, 2),
        "aws_like_goodput": decided,
        "aws_like_used": round(decided / _LIMIT, 3),
        **latencies("aws_like", steady),
        "aws_like_refused": sum(answer.status == 503 for answer in steady),
        "aws_like_errors": sum(answer.failed for answer in answers),
    }


def scaling(stands: Stands) -> Figures:
    """Compare one worker and two, with a Rekognition 250 ms away."""
    seconds, done = 20, {}
    for workers in (1, 2):
        with stands.put_up(workers=workers, rekognition_options=_FAR, environment=_FEW_THREADS) as bench:
            bench.queued.one_after_the_other(48, 10)
            done[workers] = goodput(bench.queued.one_after_the_other(48, seconds), seconds)
    return {
        "one_worker": done[1],
        "two_workers": done[2],
        "scaling_1_to_2": round(done[2] / done[1], 2),
    }


ON_ONE_STAND: dict[str, Callable[[Stand, Stands], Figures]] = {
    "idle": idle,
    "saturation": saturation,
    "overload": overload,
}
ON_STANDS_OF_THEIR_OWN: dict[str, Callable[[Stands], Figures]] = {
    "like_aws": like_aws,
    "scaling": scaling,
    "gateway_memory": gateway_memory,
    "cost": cost,
}
ALL = {**ON_ONE_STAND, **ON_STANDS_OF_THEIR_OWN}
