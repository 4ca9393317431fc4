"""The beats of a sound, and which of them begin a bar.

Beats lie on onsets, and about as far apart as the tempo has it: of all rows of beats the best is found by dynamic
programming (Ellis 2007, Beat tracking by dynamic programming). A bar has four. It begins where most changes: where low
sounds set in, and where the levels of a beat differ from those of the beat before, as when a chord follows another.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .tempo import RATE_HZ, WINDOW_S, levels_db, rises, tempo_of

BEATS_A_BAR = 4
TIGHTNESS = 400.0
"""How much a beat costs that comes early or late: times the square of the logarithm of how far, in spreads of the onsets.
With less, beats slip by half of one in breaks without drums."""

LOW_BANDS, CHORD_BANDS = 6, 20
"""Of the bands of `levels_db`: up to 150 Hz, and up to 1.5 kHz."""


@dataclass(frozen=True)
class Beats:
    """Where beats are.

    Attributes
    ----------
    bpm : float
        Beats a minute, in the mean.
    times_s : (K,) array
        Two beats or more; the first begins a bar, and so does every fourth after it.
    """

    bpm: float
    times_s: NDArray[np.float64]

    def bars_at(self, times_s: NDArray[np.floating]) -> NDArray[np.float64]:
        """Give where times lie, in bars from the first beat on; outside the beats as the tempo has it."""
        numbers = np.arange(len(self.times_s))
        inside = np.interp(times_s, self.times_s, numbers)
        before, after = np.minimum(times_s - self.times_s[0], 0), np.maximum(times_s - self.times_s[-1], 0)
        return (inside + (before + after) * self.bpm / 60) / BEATS_A_BAR


def find_beats(sound: NDArray[np.floating], sample_rate: float) -> Beats | None:
    """Find the beats of a sound.

    Parameters
    ----------
    sound : array
        (T,), full scale 1.
    sample_rate : float
        Hz, 8000 or more.

    Returns
    -------
    Beats or None
        None where there is no tempo; see `tempo.find_tempo`.
    """
    levels = levels_db(sound, sample_rate)
    onsets = rises(levels)
    tempo = tempo_of(onsets)
    if tempo is None:
        return None
    low = rises(levels[:, :LOW_BANDS])
    beats = _tracked(_even(onsets) + _even(low), 60 * RATE_HZ / tempo.bpm)
    if len(beats) < 2 * BEATS_A_BAR:
        return None
    first = _first_of_bar(levels[:, :CHORD_BANDS], low, beats)
    # What begins is heard when it has reached the middle of the window.
    times_s = (beats + 1) / RATE_HZ + WINDOW_S / 2
    spacing_s = (times_s[-1] - times_s[0]) / (len(times_s) - 1)
    return Beats(60 / spacing_s, times_s[first:])


def _even(course: NDArray[np.float64]) -> NDArray[np.float64]:
    return course / (course.std() + 1e-9)


def _tracked(strength: NDArray[np.float64], period: float) -> NDArray[np.int64]:
    """Find the frames of beats that are about ``period`` frames apart, where onsets are strong."""
    # An onset counts for what lies a little beside it.
    width = np.arange(-round(period / 8), round(period / 8) + 1)
    strength = _even(np.convolve(strength, np.exp(-0.5 * np.square(width / (period / 32))), "same"))
    lags = np.arange(round(period / 2), round(2 * period) + 1)
    cost = TIGHTNESS * np.square(np.log(lags / period))
    total, before = strength.copy(), np.full(len(strength), -1)
    for frame in range(lags[0], len(strength)):
        reachable = lags[lags <= frame]
        reached = total[frame - reachable] - cost[: len(reachable)]
        best = int(np.argmax(reached))
        if reached[best] > 0:
            total[frame] += reached[best]
            before[frame] = frame - reachable[best]
    at = len(total) - round(period) + int(np.argmax(total[-round(period) :]))
    found = []
    while at >= 0:
        found.append(at)
        at = before[at]
    return np.array(found[::-1])


def _first_of_bar(chords: NDArray[np.float64], low: NDArray[np.float64], beats: NDArray[np.int64]) -> int:
    """Tell which of the first beats begins a bar, by levels (N + 1, B) and the rises of low ones (N,)."""
    parts = [chords[first:last].mean(0) for first, last in pairwise(beats)]
    change = np.abs(np.diff(parts, axis=0)).mean(1)
    set_in = np.array([low[max(0, beat - 3) : beat + 4].max() for beat in beats[1:-1]])
    both = change / (change.mean() + 1e-9) + set_in / (set_in.mean() + 1e-9)
    return 1 + int(np.argmax([both[first::BEATS_A_BAR].mean() for first in range(BEATS_A_BAR)]))
