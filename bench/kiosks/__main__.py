"""``python -m bench.kiosks [part ...]``: the recognition path under load; the last line is JSON."""

import argparse
import json
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

from bench.kiosks.chart import draw
from bench.kiosks.frames import Visitors, visitors
from bench.kiosks.load import Answer, goodput, percentile
from bench.kiosks.stand import Stand, stand

_RESULTS = Path(__file__).parent.parent / "results"
#: Rekognition as AWS has it: its answer's way and its default limit of calls.
AWS_LIKE = "--latency-ms 250 --tps SearchFacesByImage=40"
_KIOSKS = 16

Figures = dict[str, float]


def idle(bench: Stand) -> Figures:
    """Let one kiosk post; queue and plain alternative in turn, so that the machine's moods hit both."""
    rounds, seconds = 6, 4
    queued: list[Answer] = []
    direct: list[Answer] = []
    for _ in range(rounds):
        direct += bench.direct.one_after_the_other(1, seconds)
        queued += bench.queued.one_after_the_other(1, seconds)
    figures = {
        f"idle_{name}_p{percent}_ms": percentile(answers, percent, lambda answer: answer.decided)
        for name, answers in (("queued", queued), ("direct", direct))
        for percent in (50, 95)
    }
    figures["overhead_p50_ms"] = round(figures["idle_queued_p50_ms"] - figures["idle_direct_p50_ms"], 1)
    figures["overhead_p95_ms"] = round(figures["idle_queued_p95_ms"] - figures["idle_direct_p95_ms"], 1)
    return figures | {"idle_wrong": sum(answer.wrong for answer in queued)}


def saturation(bench: Stand) -> Figures:
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


def overload(bench: Stand) -> Figures:
    """Offer twice what it can do, for a minute, at random moments; then the same to the alternative."""
    seconds = 60
    peak = goodput(bench.queued.one_after_the_other(_KIOSKS, 15), 15)
    answers = bench.queued.at_rate(2 * peak, seconds)
    direct = bench.direct.at_rate(2 * peak, seconds)
    lost, duplicates = bench.lost_and_duplicated(answers)
    draw({"queued": answers, "direct": direct}, _RESULTS / "kiosks-overload.png")
    return {
        "overload_peak": peak,
        "overload_offered": round(len(answers) / seconds, 2),
        "overload_goodput": goodput(answers, seconds),
        "overload_goodput_ratio": round(goodput(answers, seconds) / peak, 3),
        "overload_p95_ms": percentile(answers, 95, lambda answer: answer.decided),
        "overload_refused": sum(answer.status == 503 for answer in answers),
        "overload_expired": sum(answer.expired for answer in answers),
        "overload_failed": sum(answer.status not in (200, 202, 503) for answer in answers),
        # It refuses nothing, so in the end it answers all, most of them far too late.
        "overload_direct_answered": sum(answer.decided for answer in direct),
        "overload_direct_p95_ms": percentile(direct, 95, lambda answer: answer.decided),
        "overload_direct_failed": sum(answer.status != 200 for answer in direct),
        "lost": lost,
        "duplicates": duplicates,
        "wrong": sum(answer.wrong for answer in answers),
    }


def like_aws(people: Visitors) -> Figures:
    """Let a hundred kiosks offer half as much again as a Rekognition 250 ms away takes."""
    seconds, limit = 60, 40
    with stand(people, workers=3, rekognition_options=AWS_LIKE) as bench:
        bench.queued.at_rate(60, 15, kiosks=100)
        answers = bench.queued.at_rate(60, seconds, kiosks=100)
        lost, duplicates = bench.lost_and_duplicated(answers)
        return {
            "aws_like_goodput": goodput(answers, seconds),
            "aws_like_used": round(goodput(answers, seconds) / limit, 3),
            "aws_like_p95_ms": percentile(answers, 95, lambda answer: answer.decided),
            "aws_like_errors": sum(answer.failed for answer in answers),
            "aws_like_lost": lost,
            "aws_like_duplicates": duplicates,
        }


def scaling(people: Visitors) -> Figures:
    """Compare one worker and two, with a Rekognition 250 ms away."""
    seconds, done = 20, {}
    for workers in (1, 2):
        with stand(people, workers=workers, rekognition_options="--latency-ms 250") as bench:
            bench.queued.one_after_the_other(48, 10)
            done[workers] = goodput(bench.queued.one_after_the_other(48, seconds), seconds)
            memory = bench.memory_mb("gateway")
    return {
        "one_worker": done[1],
        "two_workers": done[2],
        "scaling_1_to_2": round(done[2] / done[1], 2),
        "gateway_mb_48_kiosks": memory,
    }


ON_ONE_STAND: dict[str, Callable[[Stand], Figures]] = {
    "idle": idle,
    "saturation": saturation,
    "overload": overload,
}
ON_STANDS_OF_THEIR_OWN: dict[str, Callable[[Visitors], Figures]] = {
    "like_aws": like_aws,
    "scaling": scaling,
}


def main() -> None:
    """Run the parts asked for, or all of them."""
    known = [*ON_ONE_STAND, *ON_STANDS_OF_THEIR_OWN]
    parser = argparse.ArgumentParser(prog="python -m bench.kiosks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(known))
    chosen = parser.parse_args().parts or known
    if unknown := set(chosen) - set(known):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    people = visitors()
    figures: Figures = {}
    if shared := [part for part in chosen if part in ON_ONE_STAND]:
        with stand(people) as bench:
            for part in shared:
                print(f"… {part}", file=sys.stderr)
                figures |= ON_ONE_STAND[part](bench)
    for part in chosen:
        if part in ON_STANDS_OF_THEIR_OWN:
            print(f"… {part}", file=sys.stderr)
            figures |= ON_STANDS_OF_THEIR_OWN[part](people)
    _RESULTS.mkdir(exist_ok=True)
    (_RESULTS / "kiosks.json").write_text(json.dumps(figures, indent=2) + "\n")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
