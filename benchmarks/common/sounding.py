"""When a note sounds."""

import numpy as np

GRID_S = 0.005
"""The moments at which trackers are compared lie this far apart."""


def sounding_times(audio: np.ndarray, sample_rate: int, range_db: float = 40.0) -> np.ndarray:
    """Find the moments at which a recording sounds.

    A moment counts when the 10 ms before it and the 10 ms after it are both within ``range_db`` of the
    loudest 10 ms: one window around the moment would count several milliseconds of silence before every
    onset.

    Parameters
    ----------
    audio : ndarray
        (T,) mono.
    sample_rate : int
        Hz.
    range_db : float
        Decibels below the loudest 10 ms.

    Returns
    -------
    ndarray
        (M,) seconds, multiples of 5 ms; empty for silence.
    """
    half = round(0.01 * sample_rate)
    energy = np.concatenate(([0.0], np.cumsum(audio.astype(np.float64) ** 2)))
    centres = np.arange(half, max(half, audio.size - half), round(GRID_S * sample_rate))
    before = (energy[centres] - energy[centres - half]) / half
    after = (energy[centres + half] - energy[centres]) / half
    loudest = max(before.max(initial=0.0), after.max(initial=0.0))
    sounds = (np.minimum(before, after) > loudest * 10.0 ** (-range_db / 10.0)) & (loudest > 1e-12)
    return centres[sounds] / sample_rate
