"""The report of minutes: runs, loops, and the last minute against the first."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from plugin_host.music.loops import best_loop
from plugin_host.music.report import Report
from plugin_host.music.runs import Run, longest_runs

RATE = 8000
STEPS_PER_S = 46.875


def run_lengths(*parts: tuple[int, int]) -> NDArray[np.int64]:
    """Give lengths that rise from one to another, part after part."""
    return np.concatenate([np.arange(first, last + 1) for first, last in parts])


def test_the_longest_runs_are_found_and_where_they_begin() -> None:
    lengths = run_lengths((1, 5), (0, 9), (1, 3), (0, 7))
    found = longest_runs(lengths, np.ones(len(lengths), bool))
    assert found == [Run(9, 6, 14), Run(7, 19, 25), Run(5, 0, 4)]


def test_repetitions_make_a_run_longer_in_time_only() -> None:
    lengths = np.repeat(run_lengths((0, 4), (0, 0)), 3)
    moves = np.tile([True, False, False], len(lengths) // 3)
    assert longest_runs(lengths, moves) == [Run(4, 3, 14)]


def test_what_is_left_of_a_run_is_no_other_run() -> None:
    # After nine steps of a song four of them stand in another one, and go on there.
    lengths = run_lengths((1, 9), (5, 6), (0, 2))
    assert longest_runs(lengths, np.ones(len(lengths), bool)) == [Run(9, 0, 8), Run(2, 12, 13)]
    assert longest_runs(np.zeros(5, np.int64), np.ones(5, bool)) == []


def test_a_loop_is_found_at_its_length() -> None:
    random = np.random.default_rng(0)
    loop = random.integers(0, 20, 150)
    found = best_loop(np.tile(loop, 8), STEPS_PER_S)
    assert found is not None
    assert (found.lag_s, found.share) == (pytest.approx(150 / STEPS_PER_S), 1.0)
    worn = np.tile(loop, 8)
    worn[random.random(len(worn)) < 0.2] = 99
    worn_found = best_loop(worn, STEPS_PER_S)
    assert worn_found is not None
    assert round(worn_found.lag_s * STEPS_PER_S) % 150 == 0
    assert 0.55 < worn_found.share < 0.8


def test_what_does_not_repeat_is_no_loop_and_what_is_short_has_none() -> None:
    found = best_loop(np.random.default_rng(0).integers(0, 20, 3000), STEPS_PER_S)
    assert found is not None
    assert found.share < 0.1
    assert found.lag_s >= 0.5
    assert best_loop(np.zeros(40, np.int64), STEPS_PER_S) is None


def beats(bpm: float, seconds: float) -> NDArray[np.float32]:
    """Give short tones, one a beat."""
    since = np.arange(round(seconds * RATE)) / RATE % (60 / bpm)
    return (0.5 * np.exp(-50 * since) * np.sin(2 * np.pi * 1000 * since)).astype(np.float32)


def test_the_last_minute_is_set_against_the_first() -> None:
    report = Report(RATE)
    sound = np.concatenate([beats(100, 90), 0.1 * beats(100, 60), np.zeros(10 * RATE, np.float32)])
    for part in np.array_split(sound, 9):
        report.take(part[None])
    holds = report.finish()["holds"]
    first, last = holds["minutes"]["first"], holds["minutes"]["last"]
    assert (first["starts_at_s"], last["starts_at_s"]) == (0, 60)
    assert first["tempo_bpm"] == last["tempo_bpm"] == pytest.approx(100, rel=0.01)
    assert last["loudness_db"] - first["loudness_db"] == pytest.approx(-3.0, abs=0.1)
    assert holds["tempo_bpm"] == pytest.approx(100, rel=0.01)


def test_less_than_two_minutes_are_not_set_against_each_other_and_noise_has_no_tempo() -> None:
    report = Report(RATE)
    report.take(0.1 * np.random.default_rng(0).standard_normal((1, 110 * RATE)).astype(np.float32))
    holds = report.finish()["holds"]
    assert "minutes" not in holds
    assert holds["tempo_bpm"] is None
