"""Rumble below an instrument's lowest note, which recordings hold and a model of the instrument should not learn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt, sosfilt_zi

SURE, LOUD_DB = 0.9, 30.0
LEAST_S, LEAST_SHARE = 0.3, 1e-3
ORDER = 4
BLOCK = 1 << 20


def lowest_pitch_hz(
    f0_hz: NDArray[np.floating],
    voicing: NDArray[np.floating],
    below_peak_db: NDArray[np.floating],
    rate: float,
) -> float | None:
    """Find the lowest note that is surely played: the lower edge of the lowest semitone that lasts.

    Trackers err by an octave for moments, so that the lowest value that was ever tracked says little.

    Parameters
    ----------
    f0_hz, voicing : (N,)
        As tracked, frame by frame.
    below_peak_db : (N,)
        By how much each frame is less loud than its recording's loudest.
    rate : float
        Frames a second.

    Returns
    -------
    Hz, or None if no semitone lasts for 0.3 s and a thousandth of what is surely pitched.
    """
    sure = (voicing > SURE) & (below_peak_db < LOUD_DB)
    semitones = np.round(12 * np.log2(f0_hz[sure] / 440.0)).astype(int)
    found, counts = np.unique(semitones, return_counts=True)
    lasting = found[counts >= max(LEAST_S * rate, LEAST_SHARE * sure.sum())]
    return float(440.0 * 2 ** ((lasting[0] - 0.5) / 12)) if len(lasting) else None


def high_passed(audio: NDArray[np.float32], sample_rate: int, corner_hz: float) -> NDArray[np.float32]:
    """Cut a sound (T,) below a corner, without any delay: a Butterworth filter, forwards and backwards.

    The corner is 6 dB down, an octave above it nothing changes by more than 0.1 dB, and an octave below it 48 dB are cut.
    A constant that the sound begins with is taken for endless, so that an offset does not begin with a step.
    """
    sections = np.asarray(butter(ORDER, corner_hz, "highpass", fs=sample_rate, output="sos"))
    return _filtered(sections, _filtered(sections, audio)[::-1])[::-1].copy()


def _filtered(sections: NDArray[np.float64], audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """Filter (T,), in double precision block by block, which hours of sound would not fit the memory in."""
    made = np.empty(len(audio), np.float32)
    state = sosfilt_zi(sections) * audio[:1].astype(np.float64)
    for first in range(0, len(audio), BLOCK):
        block = slice(first, first + BLOCK)
        made[block], state = sosfilt(sections, audio[block].astype(np.float64), zi=state)
    return made
