"""Mix a processed signal with the unprocessed one, both on the same time line."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..streaming.control_ramps import RAMP_SECONDS
from ..streaming.finite_guard import repair

_ROOM = 8192


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

    Attributes
    ----------
    is_wet : bool
        Whether a block has been played, the mix is the wet signal alone, and no dry sample has to be kept for
        later: `apply` would do nothing.
    """

    def __init__(self, channels: int, latency_samples: int, sample_rate: float, mix: float) -> None:
        self._latency_samples = latency_samples
        # The dry signal up to now ends at `_end`; of what lies before, only the latency's length is needed.
        self._memory = np.zeros((channels, latency_samples + _ROOM), dtype=np.float32)
        self._ramp_length = max(1, round(RAMP_SECONDS * sample_rate))
        self._start = self._target = mix
        self._end = latency_samples
        self._done = self._ramp_length
        self._has_started = False
        self._find_out()

    def set(self, mix: float) -> None:
        """Move to another share of the wet signal, 0 to 1, in a straight line over 20 ms."""
        if mix == self._target:
            return
        share = self._done / self._ramp_length
        self._start += (self._target - self._start) * share
        self._target = mix
        self._done = 0 if self._has_started else self._ramp_length
        self._find_out()

    def apply(self, dry: NDArray[np.floating], wet: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give the mix of a wet block (C, T), which is left alone, with the delayed dry signal.

        Parameters
        ----------
        dry : array
            The dry signal's next block, (C, T); NaN and infinities count as zeros.
        wet : array
            (C, T).

        Returns
        -------
        array
            (C, T): `wet` itself where the mix is that alone. The next block may change it.
        """
        length = wet.shape[1]
        if length == 0:
            return wet
        self._keep(dry, length)
        if self._is_wet_alone:
            return wet
        if not self._has_started:
            self._has_started = True
            self._find_out()
            if self._is_wet_alone:
                return wet
        end = self._end - self._latency_samples
        delayed = self._memory[:, end - length : end]
        repair(delayed)
        if self._done < self._ramp_length:
            # From each sample's number, so that the sizes of blocks change nothing.
            steps = np.arange(self._done + 1, self._done + length + 1, dtype=np.float32)
            shares = np.minimum(steps / np.float32(self._ramp_length), np.float32(1))
            mix = np.float32(self._start) + np.float32(self._target - self._start) * shares
            mixed = np.multiply(wet, mix, dtype=np.float32)
            mixed += delayed * (np.float32(1) - mix)
            self._done = min(self._done + length, self._ramp_length)
            self._find_out()
            return mixed
        if self._target == 0.0:
            return delayed
        mixed = wet * np.float32(self._target)
        mixed += delayed * np.float32(1.0 - self._target)
        return mixed

    def _keep(self, dry: NDArray[np.floating], length: int) -> None:
        """Put a block behind the dry signal."""
        start, end = self._end, self._end + length
        if end > self._memory.shape[1]:
            start, end = self._make_room(length)
        self._memory[:, start:end] = dry
        self._end = end

    def _make_room(self, length: int) -> tuple[int, int]:
        """Move what is still needed to the front, and give where a block of so many samples goes."""
        latency, memory = self._latency_samples, self._memory
        if latency + length > memory.shape[1]:
            self._memory = np.zeros((len(memory), 2 * (latency + length)), dtype=np.float32)
        # numpy copies overlapping ranges as if through a temporary.
        self._memory[:, :latency] = memory[:, self._end - latency : self._end]
        return latency, latency + length

    def _find_out(self) -> None:
        is_settled = self._has_started and self._done >= self._ramp_length
        self._is_wet_alone = is_settled and self._target == 1.0
        self.is_wet = self._is_wet_alone and self._latency_samples == 0
