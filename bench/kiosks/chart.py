"""What an overload looked like: every answer as a point."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from bench.kiosks.load import Answer

_COLOURS = {"decided": "#2a9d5c", "refused": "#c9a227", "late or failed": "#c0392b"}


def draw(runs: Mapping[str, Sequence[Answer]], path: Path) -> None:
    """Draw latency over time, one panel a run.

    Parameters
    ----------
    runs : mapping of str to sequence of Answer
        By title.
    path : Path
        The PNG file; its folder is made where missing.
    """
    figure = Figure(figsize=(10, 3.2 * len(runs)), layout="constrained")
    panels = figure.subplots(len(runs), 1, sharex=True, squeeze=False)[:, 0]
    for panel, (title, answers) in zip(panels, runs.items(), strict=True):
        for label, colour in _COLOURS.items():
            shown = [answer for answer in answers if _kind(answer) == label]
            panel.scatter(
                [answer.began for answer in shown],
                [1000 * answer.took for answer in shown],
                s=4,
                color=colour,
                label=f"{label}: {len(shown)}",
            )
        panel.set(title=title, ylabel="answered after, ms", ylim=(1, 20_000), yscale="log")
        panel.grid(alpha=0.3)
        panel.legend(loc="upper right", fontsize="small")
    panels[-1].set_xlabel("seconds")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def _kind(answer: Answer) -> str:
    if answer.decided:
        return "decided"
    return "refused" if answer.status == 503 else "late or failed"
