import json
from dataclasses import replace
from pathlib import Path

import pytest

from bench.kiosks import __main__ as command
from bench.kiosks.chart import draw
from bench.kiosks.figures import goodput, latencies, percentile
from bench.kiosks.load import Answer
from bench.kiosks.waiting import waiting_at


def decided(began: float, took: float) -> Answer:
    return Answer(
        began=began,
        took=took,
        status=200,
        recognition_id="a",
        outcome="denied",
        granted_to=None,
        expired=False,
        failed=False,
        expected=None,
    )


HUNDRED = [decided(0, milliseconds / 1000) for milliseconds in range(1, 101)]


@pytest.mark.parametrize(("percent", "milliseconds"), [(50, 50), (95, 95), (99, 99), (100, 100)])
def test_a_percentile_is_the_least_latency_that_so_many_answers_keep(percent, milliseconds):
    assert percentile(HUNDRED, percent) == milliseconds


def test_a_percentile_of_one_answer_is_that_answer():
    assert percentile([decided(0, 0.025)], 95) == 25


def test_where_nothing_was_answered_there_is_no_latency():
    assert percentile([], 95) == 0


def test_refused_and_expired_frames_have_no_part_in_latencies():
    refused = replace(decided(0, 9), status=503)
    expired = replace(decided(0, 9), expired=True)

    assert latencies("x", [*HUNDRED, refused, expired]) == {"x_p50_ms": 50, "x_p95_ms": 95, "x_p99_ms": 99}


def test_goodput_counts_what_was_answered_in_the_time_asked_for():
    answers = [decided(0.5, 0.4), decided(0.9, 0.2), decided(1.5, 0.2), decided(2.9, 0.2)]

    assert goodput(answers, until=3) == 1.0
    assert goodput(answers, until=3, since=1) == 1.0


def test_goodput_does_not_count_what_came_too_late():
    assert goodput([decided(0, 0.1), replace(decided(0, 0.1), expired=True)], until=1) == 1.0


def test_a_kiosk_waits_from_its_post_to_its_answer_unless_it_is_refused():
    answers = [decided(0, 2), decided(1, 2), replace(decided(0, 5), status=503)]

    assert [waiting_at(moment, answers) for moment in (0.5, 1.5, 2.5, 3.5)] == [1, 2, 1, 0]


def test_the_chart_is_a_png(tmp_path):
    draw({"queued": HUNDRED, "direct": HUNDRED}, tmp_path / "new" / "chart.png")

    assert (tmp_path / "new" / "chart.png").read_bytes().startswith(b"\x89PNG")


@pytest.fixture
def parts(monkeypatch, tmp_path):
    """Two parts that load nothing."""
    quick = {"one": lambda stands: {"first": 1}, "two": lambda stands: {"second": 2}}
    monkeypatch.setattr(command, "ALL", quick)
    monkeypatch.setattr(command, "ON_ONE_STAND", {})
    monkeypatch.setattr(command, "ON_STANDS_OF_THEIR_OWN", quick)
    monkeypatch.setattr(command, "_RESULTS", tmp_path)


@pytest.mark.usefixtures("parts")
def test_the_figures_of_all_parts_are_kept(capsys, tmp_path: Path):
    command.main([])

    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert printed.items() >= {"first": 1, "second": 2, "lost": 0, "duplicates": 0, "wrong": 0}.items()
    assert json.loads((tmp_path / "kiosks.json").read_text()) == printed


@pytest.mark.usefixtures("parts")
def test_the_figures_of_some_parts_are_shown_and_not_kept(capsys, tmp_path: Path):
    command.main(["two"])

    said = capsys.readouterr()
    assert json.loads(said.out.splitlines()[-1])["second"] == 2
    assert "stay as they are" in said.err
    assert not (tmp_path / "kiosks.json").exists()


@pytest.mark.usefixtures("parts")
def test_an_unknown_part_is_refused_with_the_names_of_those_there_are(capsys):
    with pytest.raises(SystemExit) as ended:
        command.main(["one", "three"])

    assert ended.value.code == 2
    assert "no such part: three; there are one, two" in capsys.readouterr().err
