"""Find where a sound comes out of the noise or hum that a recording begins with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_WINDOW_S, _SLOT_S, _RISE_S = 0.02, 0.00133, 0.06
"""Seconds: a period of 50 Hz, by which a floor is steady; how exactly an onset is found; in which a sound rises."""

_STEADY_DB, _RISE_DB, _BELOW_DB, _OUT_DB = 3.0, 10.0, 18.0, 3.0
"""How far a floor's windows lie around their median, by how much a sound rises above it at once, how far the floor lies
below the loudest moment, and by how much an onset is louder than the floor's loudest moment."""

_FEWEST = 4  # windows of a floor
_BEFORE_S = 0.002  # what lies below the floor is a part of the sound too


def out_of_floor(sound: NDArray[np.float32], sample_rate: float) -> int:
    """Give the sample at which a sound comes out of a steady floor that it begins with.

    A floor lasts for 80 ms and more, is 18 dB softer than the loudest moment, and the sound rises above it by 10 dB within
    60 ms. A sound that only swells is none: it is nowhere steady.

    Parameters
    ----------
    sound : array
        (T,), from its first audible sample on.
    sample_rate : float
        Hz.

    Returns
    -------
    int
        0 if there is no such floor.
    """
    window = max(1, round(_WINDOW_S * sample_rate))
    levels = _levels_db(sound, window)
    if len(levels) <= _FEWEST:
        return 0
    steady = np.abs(levels - np.median(levels[:_FEWEST])) < _STEADY_DB
    count = len(levels) if steady.all() else int(steady.argmin())
    rise = levels[count : count + round(_RISE_S / _WINDOW_S)]
    if count < _FEWEST or not len(rise):
        return 0
    floor_db = float(np.median(levels[:count]))
    if rise.max() < floor_db + _RISE_DB or levels.max() < floor_db + _BELOW_DB:
        return 0
    slot = max(1, round(_SLOT_S * sample_rate))
    slots = _levels_db(sound[: (count + len(rise)) * window], slot)
    # The last steady windows may already have a part of the sound in them.
    sure = (count - 2) * window // slot
    onset = sure + int((slots[sure:] > slots[:sure].max() + _OUT_DB).argmax())
    return max(0, onset * slot - round(_BEFORE_S * sample_rate))


def _levels_db(sound: NDArray[np.float32], length: int) -> NDArray[np.float64]:
    """Level of each stretch of so many samples."""
    whole = sound[: len(sound) // length * length].astype(np.float64).reshape(-1, length)
    return 10 * np.log10(np.square(whole).mean(axis=1) + 1e-12)
