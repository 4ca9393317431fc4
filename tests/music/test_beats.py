"""Beats, where bars begin, and how fast music goes on after a passage."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from plugin_host.model_file.document import Range
from plugin_host.music.beats import Beats, find_beats
from plugin_host.music.pace import Pace, pace_after, pace_from_nothing

RATE = 24000
LEARNED = Range(low=70, median=100, high=140)


def band(bpm: float, first_s: float, bars: int = 12) -> NDArray[np.float64]:
    """A hit on each beat, a bass drum and another chord at each bar, from a time on."""
    beat_s, random = 60 / bpm, np.random.default_rng(0)
    sound = np.zeros(round((first_s + bars * 4 * beat_s + 1) * RATE))
    for beat in range(4 * bars):
        first, length = round((first_s + beat * beat_s) * RATE), round(beat_s * RATE)
        time = np.arange(length) / RATE
        chord = [220, 277, 330] if beat // 4 % 2 else [196, 247, 294]
        part = sum(0.03 * np.sin(2 * np.pi * f_hz * time) for f_hz in chord)
        part += 0.2 * random.standard_normal(length) * np.exp(-60 * time)
        if beat % 4 == 0:
            part += 0.6 * np.sin(2 * np.pi * 60 * time) * np.exp(-12 * time)
        sound[first : first + length] += part
    return sound


@pytest.mark.parametrize(("bpm", "first_s"), [(96, 0.0), (120, 0.7), (104, 1.1)])
def test_beats_and_bars_are_found(bpm: float, first_s: float) -> None:
    found = find_beats(band(bpm, first_s), RATE)
    assert found is not None
    assert found.bpm == pytest.approx(bpm, rel=0.01)
    places = (found.times_s - first_s) * bpm / 60
    inside = places[(places > -0.5) & (places < 47)]
    assert np.abs(inside - np.round(inside)).max() * 60 / bpm < 0.03
    bars = places[::4] / 4
    assert np.abs(bars - np.round(bars)).max() < 0.05


def test_times_outside_the_beats_go_on_at_the_tempo() -> None:
    beats = Beats(120, np.array([1.0, 1.5, 2.1, 2.5, 3.0]))
    assert beats.bars_at(np.array([1.0, 1.8, 3.0, 5.0, 0.0])) == pytest.approx([0, 0.375, 1, 2, -0.5])


def test_no_beats_without_a_tempo() -> None:
    assert find_beats(np.random.default_rng(0).standard_normal(20 * RATE) * 0.1, RATE) is None


def test_it_goes_on_as_the_passage_does() -> None:
    passage = band(120, 0.7, 8)
    found = pace_after(passage, RATE, LEARNED, None)
    assert found.bpm == pytest.approx(120, rel=0.01)
    assert found.bar_s is not None
    assert found.bar_s >= len(passage) / RATE / 2
    bars = (found.bar_s - 0.7) / 2
    assert bars == pytest.approx(round(bars), abs=0.02)
    # Twice as slow lies within what was learned, where the tempo itself does not.
    slower = pace_after(passage, RATE, Range(low=40, median=60, high=70), None)
    assert (slower.bpm, slower.bar_s) == (pytest.approx(60, rel=0.01), found.bar_s)
    assert pace_after(passage, RATE, Range(low=70, median=80, high=90), None) == Pace()


def test_what_is_asked_for_counts() -> None:
    passage = band(120, 0.7, 8)
    assert pace_after(passage, RATE, LEARNED, 0.0) == Pace()
    assert pace_after(passage, RATE, LEARNED, 90.0) == Pace(90.0)
    same = pace_after(passage, RATE, LEARNED, 121.0)
    assert (same.bpm, same.bar_s) == (121.0, pytest.approx(pace_after(passage, RATE, LEARNED, None).bar_s))
    assert pace_from_nothing(LEARNED, 90.0, 0) == Pace(90.0)


def test_from_nothing_the_seed_chooses() -> None:
    found = [pace_from_nothing(LEARNED, None, seed).bpm for seed in range(200)]
    assert found[:5] == [pace_from_nothing(LEARNED, None, seed).bpm for seed in range(5)]
    assert (min(found) >= 70, max(found) <= 140, len(set(found)) > 20) == (True, True, True)
    assert np.median(found) == pytest.approx(100, abs=6)
    assert pace_from_nothing(Range(low=90, median=90, high=90), None, 3) == Pace(90)
