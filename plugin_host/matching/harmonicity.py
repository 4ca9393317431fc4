"""How well a pitch explains a sound: the share of its energy that lies at whole multiples of that pitch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LOWEST_HZ, HIGHEST_HZ = 30.0, 8000.0
NEAR_BINS, NEAR_SHARE = 2.5, 0.012
"""A partial is spread over so many bins, and may be so far off its place: strings are stiff, and players waver."""


class Harmonicity:
    """The spectrum of a sound, to be asked about pitches.

    Parameters
    ----------
    sound : (T,)
        What is asked about, all of it; T at least 1.
    sample_rate : float
        In Hz.
    """

    def __init__(self, sound: NDArray[np.float32], sample_rate: float) -> None:
        power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
        hz = np.fft.rfftfreq(len(sound), 1 / sample_rate)
        heard = (hz > LOWEST_HZ) & (hz < HIGHEST_HZ)
        self._power, self._hz = power[heard], hz[heard]
        self._bin_hz = sample_rate / max(1, len(sound))

    def __call__(self, pitch_hz: float) -> float:
        """Give the share of the energy from 30 Hz to 8 kHz at the multiples of a pitch above 0, 0 to 1; 0 in silence."""
        multiple = np.round(self._hz / pitch_hz)
        off = np.abs(self._hz - multiple * pitch_hz)
        near = (multiple >= 1) & (off <= np.maximum(NEAR_BINS * self._bin_hz, NEAR_SHARE * self._hz))
        whole = float(self._power.sum())
        return float(self._power[near].sum()) / whole if whole > 0 else 0.0
