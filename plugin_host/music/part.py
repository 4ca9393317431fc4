"""What some seconds of music are like: how loud, how bright, how fast."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .tempo import Tempo, find_tempo

SILENT_DB = -60.0
EDGES_HZ = (0.0, 200.0, 800.0, 3200.0, math.inf)
WINDOW, HOP = 2048, 1024


@dataclass(frozen=True)
class Part:
    """Measures of some seconds of music.

    Attributes
    ----------
    power : float
        Mean square.
    silent_share : float
        How much is softer than SILENT_DB.
    bands : (4,)
        Mean power between EDGES_HZ, in any unit.
    tempo : Tempo or None
    """

    power: float
    silent_share: float
    bands: NDArray[np.float64]
    tempo: Tempo | None

    @classmethod
    def measure(cls, sound: NDArray[np.float32], rate: int) -> Part:
        """Measure a sound (T,)."""
        windows = np.lib.stride_tricks.sliding_window_view
        frames = windows(sound, WINDOW)[::HOP] if len(sound) >= WINDOW else sound[None]
        power = np.mean(np.square(frames, dtype=np.float64), 1)
        spectrum = np.mean(np.abs(np.fft.rfft(frames * np.hanning(frames.shape[1]))) ** 2, 0)
        hertz = np.fft.rfftfreq(frames.shape[1], 1 / rate)
        bands = [spectrum[(hertz >= low) & (hertz < high)].sum() for low, high in pairwise(EDGES_HZ)]
        silent = float(np.mean(power < 10 ** (SILENT_DB / 10)))
        return cls(float(power.mean()), silent, np.array(bands), find_tempo(sound, rate))

    @classmethod
    def joined(cls, parts: Sequence[Part]) -> Part:
        """Give the measures of parts of one length taken as one."""
        tempos = sorted((part.tempo for part in parts if part.tempo), key=lambda tempo: tempo.bpm)
        return cls(
            float(np.mean([part.power for part in parts])),
            float(np.mean([part.silent_share for part in parts])),
            np.mean([part.bands for part in parts], 0),
            tempos[(len(tempos) - 1) // 2] if 2 * len(tempos) > len(parts) else None,
        )

    def describe(self) -> dict[str, Any]:
        """Give them for JSON, levels in dB; those of bands are of the whole."""
        whole = float(self.bands.sum()) or 1.0
        return {
            "loudness_db": decibels(self.power),
            "silent_share": self.silent_share,
            "bands_db": [decibels(float(band) / whole) for band in self.bands],
            "tempo_bpm": round(self.tempo.bpm, 1) if self.tempo else None,
        }


def decibels(power: float) -> float:
    """Give a power in dB."""
    return round(10 * math.log10(max(power, 1e-12)), 2)
