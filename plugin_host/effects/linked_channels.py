"""Play several channels with one copy of a model, and place what it plays where the input is."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..streaming.finite_guard import repair
from ..streaming.sample_queue import SampleFifo
from .wrapped_stream import WetStream, WrappedStream

LEVEL_SECONDS = 0.03
# -120 dB: where all channels are as quiet as this, they count as equally loud.
_SILENCE = 1e-12
# Beyond it the running sum of a piece would lose precision.
_LONGEST_PIECE = 8


class LinkedStream(WrappedStream):
    """One copy of a model for all channels.

    The model hears the mean of the channels, as loud as the loudest of them, and each channel gets what it plays at
    the level that this channel has beside the loudest. Levels are followed over 30 ms. So a sound that is panned comes
    out with the same panning, and the channels of one source stay one source.

    Parameters
    ----------
    stream : WetStream
        Of one channel, as new.
    channels : int
        C, at least 2.

    Notes
    -----
    What cancels in the mean, such as a channel that is another one upside down, is not heard by the model.
    """

    def __init__(self, stream: WetStream, channels: int) -> None:
        super().__init__(stream, channels)
        self._levels = PowerFollower(channels + 1, stream.sample_rate)
        self._gains = SampleFifo(channels, 2 * stream.latency.total)
        self._gains.append(self.latency.total).fill(1.0)

    def borrow(self, block: NDArray[np.floating]) -> NDArray[np.float32]:
        """Play a block (C, T); the result may be changed by the next one."""
        length = block.shape[1]
        sound = np.array(block, dtype=np.float32)
        self.counters.repaired_samples += repair(sound)
        mean = np.mean(sound, axis=0, dtype=np.float64)
        powers = self._levels.follow(np.square(np.vstack([sound, mean]), dtype=np.float64)) + _SILENCE
        loudest = np.max(powers[:-1], axis=0)
        # Of one source the mean is at most C times as quiet; what is quieter cancels.
        heard = mean * np.minimum(np.sqrt(loudest / powers[-1]), self.channels)
        wet = self._stream.borrow(heard[None].astype(np.float32))
        self._gains.append(length)[...] = np.sqrt(powers[:-1] / loudest)
        output = wet * self._gains.front(length)
        self._gains.drop(length)
        return output


class PowerFollower:
    """The power of signals, smoothed by one pole, the same in blocks of any sizes to the last bits.

    Parameters
    ----------
    signals : int
        R.
    sample_rate : float
        In Hz.
    """

    def __init__(self, signals: int, sample_rate: float) -> None:
        samples = LEVEL_SECONDS * sample_rate
        self._log_decay = -1.0 / samples
        self._piece = math.ceil(_LONGEST_PIECE * samples)
        self._power = np.zeros((signals, 1))

    def follow(self, squares: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the smoothed power (R, T) of squared signals (R, T)."""
        smoothed = np.empty_like(squares)
        for start in range(0, squares.shape[1], self._piece):
            part = squares[:, start : start + self._piece]
            # p[n] = d p[n-1] + (1 - d) s[n], solved: d^n (p[0] + (1 - d) sum of s[k] / d^k).
            decays = np.exp(self._log_decay * np.arange(1, part.shape[1] + 1))
            sums = np.cumsum(part / decays, axis=1) * -math.expm1(self._log_decay)
            smoothed[:, start : start + self._piece] = decays * (self._power + sums)
            self._power[...] = smoothed[:, start : start + part.shape[1]][:, -1:]
        return smoothed
