"""How fast music goes on: as it is asked to, as the passage does, or as songs do that were learned from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..model_file.document import Range
from .beats import BEATS_A_BAR, Beats, find_beats

SAME = 0.04
"""Tempos that are as near as this are the same."""

OCTAVES = (1.0, 2.0, 0.5)
"""A rhythm has several levels: a tempo may be heard as its double or its half."""


@dataclass(frozen=True)
class Pace:
    """A tempo, and from when on it is told.

    Attributes
    ----------
    bpm : float
        Beats a minute, 0: as it comes.
    bar_s : float or None
        Where in the passage a bar begins from which on it is told, which sets the first beat; None: after the passage.
    """

    bpm: float = 0.0
    bar_s: float | None = None


def pace_after(
    passage: NDArray[np.floating], sample_rate: float, learned: Range, asked_bpm: float | None
) -> Pace:
    """Find how to go on from a passage.

    Parameters
    ----------
    passage : array
        (T,)
    sample_rate : float
        Hz.
    learned : Range
        Of tempos.
    asked_bpm : float, optional
        0: as it comes; None: as the passage does, if that was learned.
    """
    if asked_bpm == 0:
        return Pace()
    beats = find_beats(passage, sample_rate)
    if beats is None:
        return Pace(asked_bpm or 0.0)
    bar_s = _late_bar(beats, len(passage) / sample_rate)
    if asked_bpm is not None:
        is_same = any(abs(asked_bpm / (beats.bpm * octave) - 1) <= SAME for octave in OCTAVES)
        return Pace(asked_bpm, bar_s if is_same else None)
    for octave in OCTAVES:
        if learned.low <= beats.bpm * octave <= learned.high:
            return Pace(beats.bpm * octave, bar_s)
    return Pace()


def pace_from_nothing(learned: Range, asked_bpm: float | None, seed: int) -> Pace:
    """Choose how fast to begin: as asked, or by the seed, most likely near the middle of what was learned."""
    if asked_bpm is not None:
        return Pace(asked_bpm)
    if not learned.low < learned.high:
        return Pace(learned.median)
    low, middle, high = np.log([learned.low, learned.median, learned.high])
    return Pace(float(np.round(np.exp(np.random.default_rng(seed).triangular(low, middle, high)))))


def _late_bar(beats: Beats, length_s: float) -> float:
    """Give the first bar of a passage's second half: what is heard after it shows how beats go on."""
    bars_s = beats.times_s[::BEATS_A_BAR]
    late = bars_s[bars_s >= length_s / 2]
    return float(late[0] if len(late) else bars_s[-1])
