"""A tempo is found where there is one, and none where there is none."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from plugin_host.music.tempo import find_tempo
from tests.support.loops import loop

RATE, SECONDS = 24000, 20


def clicks(bpm: float) -> NDArray[np.float64]:
    """A burst of noise on each beat."""
    random, sound = np.random.default_rng(0), np.zeros(RATE * (SECONDS + 1))
    for time_s in np.arange(0, SECONDS, 60 / bpm):
        first = int(time_s * RATE)
        sound[first : first + 1000] += random.standard_normal(1000) * np.exp(-np.arange(1000) / 200)
    return sound


def held_notes(each_s: float, rise_s: float) -> NDArray[np.float64]:
    """Tones that come and go slowly, of any pitch."""
    random, count = np.random.default_rng(1), round(each_s * RATE)
    time = np.arange(count) / RATE
    shape = np.minimum(1, np.minimum(time, each_s - time) / rise_s)
    return np.concatenate([
        0.1 * shape * np.sin(2 * np.pi * 200 * 2 ** random.uniform(0, 1) * time)
        for _ in range(round(SECONDS / each_s))
    ])  # fmt: skip


def syllables() -> NDArray[np.float64]:
    """Noise that swells and fades at the uneven rate of speech."""
    random, parts = np.random.default_rng(2), []
    while sum(map(len, parts)) < RATE * SECONDS:
        length = int(RATE * random.uniform(0.08, 0.35))
        parts.append(np.hanning(length) * random.uniform(0.2, 1) * random.standard_normal(length))
        parts.append(np.zeros(int(RATE * random.choice([0, 0.02, 0.3], p=[0.6, 0.3, 0.1]))))
    return np.concatenate(parts)


@pytest.mark.parametrize("bpm", [60, 75, 90, 110, 120, 140])
def test_a_metronome(bpm: float) -> None:
    found = find_tempo(clicks(bpm), RATE)
    assert found is not None
    assert found.bpm == pytest.approx(bpm, rel=0.005)
    assert found.confidence > 0.8


@pytest.mark.parametrize("bpm", [160, 180, 200])
def test_a_fast_metronome_is_found_at_its_tempo_or_half_of_it(bpm: float) -> None:
    found = find_tempo(clicks(bpm), RATE)
    assert found is not None
    assert min(abs(found.bpm / bpm - 1), abs(2 * found.bpm / bpm - 1)) < 0.005


@pytest.mark.parametrize("rate", [16000, 44100])
def test_at_any_rate(rate: int) -> None:
    # Notes of 32 steps of 512 samples at 24 kHz.
    bpm = 60 * rate / (32 * 512)
    found = find_tempo(loop([48, 67], 16), rate)
    assert found is not None
    octaves = np.log2(found.bpm / bpm)
    assert octaves == pytest.approx(round(octaves), abs=0.01)


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(RATE * SECONDS),
        np.zeros(0),
        np.random.default_rng(0).standard_normal(RATE * SECONDS),
        np.sin(2 * np.pi * 220 * np.arange(RATE * SECONDS) / RATE),
        sum(np.sin(2 * np.pi * f * np.arange(RATE * SECONDS) / RATE) for f in (220, 277, 330)),
        held_notes(2.5, 0.5),
        syllables(),
        clicks(120)[: 4 * RATE],
    ],
    ids=["silence", "nothing", "noise", "a tone", "a chord", "held notes", "syllables", "too short"],
)
def test_what_has_no_tempo(sound: NDArray[np.float64]) -> None:
    assert find_tempo(sound, RATE) is None
