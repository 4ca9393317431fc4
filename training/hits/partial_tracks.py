"""Which frequencies a sound has in the bands of the sinusoids, moment by moment."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .voice import HIGHEST_HZ, HOP_LENGTH, LOWEST_HZ, SAMPLE_RATE

N_FFT = 2048


@dataclass(frozen=True)
class PartialTracks:
    """Frequencies of a sound in bands, a frame each.

    Attributes
    ----------
    f_hz : (N, K) float32
        The mean frequency in each band, by power.
    weights : (N, K) float32
        The band's amplitude beside the largest of all, from 0 to 1.
    """

    f_hz: NDArray[np.float32]
    weights: NDArray[np.float32]

    @property
    def count(self) -> int:
        """K, the number of bands."""
        return self.f_hz.shape[1]


def track_partials(samples: NDArray[np.float32], count: int) -> PartialTracks:
    """Measure frequencies by the turn of phases from one sample to the next, in windows that begin with each frame.

    Parameters
    ----------
    samples : (T,)
    count : int
        K, the number of bands from 35 Hz to 2.2 kHz.
    """
    frames = -(-len(samples) // HOP_LENGTH)
    padded = np.pad(samples, (0, frames * HOP_LENGTH + N_FFT + 1 - len(samples)))
    starts = HOP_LENGTH * np.arange(frames)
    # A window that falls from the beginning on: what comes later is another moment's.
    window = np.hanning(N_FFT + 1)[:-1]
    bins = int(2 * HIGHEST_HZ / SAMPLE_RATE * N_FFT / 2) + 4
    views = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)
    now, next_ = (np.fft.rfft(views[starts + i] * window)[:, :bins] for i in (0, 1))
    f = np.angle(next_ * now.conj()) * (SAMPLE_RATE / (2 * np.pi))
    power = np.abs(now) ** 2
    spacing = math.log2(HIGHEST_HZ / LOWEST_HZ) / (count - 1)
    band = np.round(np.log2(np.maximum(f, 1.0) / LOWEST_HZ) / spacing).astype(int)
    inside = (band >= 0) & (band < count)
    rows = np.broadcast_to(np.arange(frames)[:, None], band.shape)
    totals, sums = np.zeros((2, frames, count))
    np.add.at(totals, (rows[inside], band[inside]), power[inside])
    np.add.at(sums, (rows[inside], band[inside]), (power * f)[inside])
    centres = LOWEST_HZ * 2.0 ** (spacing * np.arange(count))
    mean = np.where(totals > 0, sums / np.maximum(totals, 1e-20), centres)
    weights = np.sqrt(totals / max(float(totals.max(initial=0.0)), 1e-20))
    return PartialTracks(mean.astype(np.float32), weights.astype(np.float32))
