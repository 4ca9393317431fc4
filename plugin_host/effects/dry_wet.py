"""Mix a processed signal with the unprocessed one, both on the same time line."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..streaming.controls import RAMP_SECONDS
from ..streaming.finite_guard import repair
from ..streaming.sample_queue import SampleFifo


class DryWetMix:
    """Delay the dry signal by the latency of the wet one and fade between them.

    Parameters
    ----------
    channels : int
        C.
    latency_samples : int
        By how much the wet signal lags.
    sample_rate : float
        In Hz, of both.
    mix : float
        Share of the wet signal at the start, 0 to 1.
    """

    def __init__(self, channels: int, latency_samples: int, sample_rate: float, mix: float) -> None:
        self._latency_samples = latency_samples
        self._dry = SampleFifo(channels, 2 * latency_samples + 8192)
        self._ramp_length = max(1, round(RAMP_SECONDS * sample_rate))
        self._start = self._target = mix
        self._done = self._ramp_length
        self.reset()

    def reset(self) -> None:
        """Forget the dry signal and stand at the mix last asked for."""
        self._dry.clear()
        self._dry.append_zeros(self._latency_samples)
        self._done = self._ramp_length
        self._has_started = False

    def set(self, mix: float) -> None:
        """Move to another share of the wet signal, 0 to 1, in a straight line over 20 ms."""
        if mix == self._target:
            return
        share = self._done / self._ramp_length
        self._start += (self._target - self._start) * share
        self._target = mix
        self._done = 0 if self._has_started else self._ramp_length

    def apply(self, dry: NDArray[np.floating], wet: NDArray[np.float32]) -> None:
        """Mix the delayed dry signal into the wet block (C, T), in place; `dry` is its next block (C, T)."""
        length = wet.shape[1]
        self._has_started = True
        entry = self._dry.append(length)
        entry[...] = dry
        repair(entry)
        delayed = self._dry.front(length)
        if self._done < self._ramp_length:
            # From each sample's number, so that the sizes of blocks change nothing.
            steps = np.arange(self._done + 1, self._done + length + 1, dtype=np.float32)
            shares = np.minimum(steps / np.float32(self._ramp_length), np.float32(1))
            mix = np.float32(self._start) + np.float32(self._target - self._start) * shares
            wet *= mix
            wet += delayed * (np.float32(1) - mix)
            self._done = min(self._done + length, self._ramp_length)
        elif self._target == 0.0:
            wet[...] = delayed
        elif self._target != 1.0:
            wet *= np.float32(self._target)
            wet += delayed * np.float32(1.0 - self._target)
        self._dry.drop(length)
