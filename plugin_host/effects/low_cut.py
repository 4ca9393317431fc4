"""Cut what a model plays below its instrument's notes: rumble that it has learned from recordings."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..errors import StreamError
from ..streaming.control_values import is_number, shorten
from .wrapped_stream import WetStream, WrappedStream

LOWEST_CUT_HZ, HIGHEST_CUT_HZ = 10.0, 20_000.0
# Butterworth, of the fourth order: the damping of each pair of its poles.
_DAMPINGS = (2 * math.cos(math.pi / 8), 2 * math.cos(3 * math.pi / 8))
# How long the filter rings until it is 100 dB down, in periods of its corner.
_PERIODS = 5.0


class LowCutStream(WrappedStream):
    """A stream whose output is cut below a frequency, without any delay.

    A Butterworth filter of the fourth order (24 dB an octave), applied as its impulse response.

    Parameters
    ----------
    stream : WetStream
        As new.
    corner_hz : float
        Where it is 3 dB down, at least `LOWEST_CUT_HZ` and below a quarter of the sample rate.
    """

    def __init__(self, stream: WetStream, corner_hz: float) -> None:
        super().__init__(stream, stream.channels)
        self._length = math.ceil(_PERIODS * stream.sample_rate / corner_hz)
        self._size = 2 ** math.ceil(math.log2(2 * self._length))
        # Room for it to ring out, so that what wraps around is nothing.
        response = np.fft.irfft(_response(corner_hz / stream.sample_rate, 4 * self._size))
        self._spectrum = np.fft.rfft(response[: self._length], self._size)
        self._past = np.zeros((stream.channels, self._length - 1))

    @property
    def tail_samples(self) -> int:
        """How long it goes on sounding after its input."""
        return super().tail_samples + self._length

    def borrow(self, block: NDArray[np.floating]) -> NDArray[np.float32]:
        """Play a block (C, T); the result may be changed by the next one."""
        wet = self._stream.borrow(block)
        output = np.empty(wet.shape, dtype=np.float32)
        longest = self._size - self._length + 1
        for start in range(0, wet.shape[1], longest):
            part = wet[:, start : start + longest]
            sound = np.concatenate([self._past, part], axis=1, dtype=np.float64)
            self._past = sound[:, part.shape[1] :]
            cut = np.fft.irfft(np.fft.rfft(sound, self._size) * self._spectrum, self._size)
            output[:, start : start + part.shape[1]] = cut[:, self._length - 1 : sound.shape[1]]
        return output


def _response(corner: float, size: int) -> NDArray[np.complex128]:
    """Give the filter's response at the frequencies of a DFT; the corner is a share of the sample rate."""
    # The bilinear transform takes the upper half of the unit circle to the whole axis of frequencies.
    axis = np.tan(np.pi * np.arange(size // 2 + 1) / size) / np.tan(np.pi * corner)
    squares = axis.astype(np.complex128) ** 2
    response = np.ones_like(squares)
    for damping in _DAMPINGS:
        response *= -squares / (1.0 - squares + 1j * damping * axis)
    return response


def check_low_cut(corner_hz: float, owner: str) -> float:
    """Give a corner in Hz, or 0 for none; raises StreamError for any other value."""
    if is_number(corner_hz):
        hertz = float(corner_hz)
        if hertz == 0 or LOWEST_CUT_HZ <= hertz <= HIGHEST_CUT_HZ:
            return hertz
    raise StreamError(
        f"{owner} takes a low_cut_hz from {LOWEST_CUT_HZ:g} to {HIGHEST_CUT_HZ:g} Hz, or 0 for none, and "
        f"{shorten(corner_hz)} arrived"
    )
