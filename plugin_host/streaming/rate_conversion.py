"""Convert sample rates in a stream with the least delay that a linear-phase filter allows.

The output is a windowed-sinc interpolation of the input at exact rational positions (Smith and Gossett 1984):
output sample k lies at input position ``k * input_rate / output_rate``, so that input and output share one
time line, and it is there as soon as the filter's later half, 32 samples of the slower of the two rates, has
arrived. Each output sample is one dot product, the same whatever blocks the input came in, so block by block
equals whole to the last bit.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from .sample_queue import SampleFifo

HALF_WIDTH = 32
"""Half the filter's length, in samples of the slower rate."""

_KAISER_BETA = 9.0
# The middle of the transition band, relative to the slower rate's Nyquist frequency. At 44.1 kHz the filter
# then passes 19 kHz and stops 23 kHz, so that whatever folds back stays above 21 kHz.
_CUTOFF = 0.955
_LARGEST_BANK = 2**20
_LARGEST_PRODUCT = 2**17
_MOST_OUTPUTS = 512
_PIECE = 65_536

Count = TypeVar("Count", int, NDArray[np.int64])


@dataclass(frozen=True)
class RateConversion:
    """The arithmetic of a conversion: which outputs exist after how many inputs.

    Parameters
    ----------
    ratio : Fraction
        Input rate over output rate.
    """

    ratio: Fraction

    @classmethod
    def between(cls, input_rate: float, output_rate: float) -> RateConversion:
        """Give the conversion between two rates in Hz; fractions of a Hz are kept to a thousandth."""
        return cls(_exact(input_rate) / _exact(output_rate))

    @property
    def is_identity(self) -> bool:
        """Whether both rates are the same, so that samples pass as they are and at once."""
        return self.ratio == 1

    @functools.cached_property
    def half_taps(self) -> int:
        """How many input samples after its own position an output sample needs; 0 for equal rates."""
        return 0 if self.is_identity else math.ceil(HALF_WIDTH * max(self.ratio, Fraction(1)))

    def outputs_after(self, inputs: Count) -> Count:
        """Give how many outputs exist once `inputs` samples have arrived; negative before the first."""
        if self.is_identity:
            return inputs
        return -((self.half_taps - inputs) * self.ratio.denominator // self.ratio.numerator)


class Resampler:
    """A running conversion of C channels.

    Write input into what `room` gives, then call `convert`, which appends to a queue whatever can be
    computed.

    Parameters
    ----------
    conversion : RateConversion
        Between two different rates.
    channels : int
        C.
    block_size : int
        Input samples that usually arrive at once; only memory depends on it.
    """

    def __init__(self, conversion: RateConversion, channels: int, block_size: int) -> None:
        self._input_step = conversion.ratio.numerator
        self._output_step = conversion.ratio.denominator
        self._bank = _filter_bank(conversion)
        self._taps = self._bank.taps.shape[1]
        self._history = SampleFifo(channels, 4 * (self._taps + block_size))
        self._windows = self._history.windows(self._taps)
        self._most_outputs = self._bank.most_outputs
        self.reset()

    def reset(self) -> None:
        """Start again, with silence before the first sample."""
        self._history.clear()
        self._history.append_zeros(self._taps // 2 - 1)
        self._row = 0
        self._fraction = 0

    @property
    def waiting(self) -> int:
        """How many outputs could be computed now."""
        room = (len(self._history) - self._taps + 1) * self._output_step - self._fraction
        return max(0, -(-room // self._input_step))

    def missing(self, outputs: int) -> int:
        """Give how many more input samples are needed until `outputs` can be computed."""
        last = (self._fraction + (outputs - 1) * self._input_step) // self._output_step
        return max(0, last + self._taps - len(self._history)) if outputs > 0 else 0

    def room(self, length: int) -> NDArray[np.float32]:
        """Add `length` input samples and give the view (C, length) to write them into."""
        return self._history.append(length)

    def convert(self, destination: SampleFifo) -> None:
        """Compute every output that the input so far allows and append it to `destination`."""
        while count := min(self.waiting, self._most_outputs):
            self._convert(destination.append(count))

    def _convert(self, outputs: NDArray[np.float32]) -> None:
        count = outputs.shape[1]
        if self._bank.is_in_order:
            rows = slice(self._row, self._row + count)
            first_taps = self._bank.first_taps[rows] - self._bank.first_taps[self._row]
            taps = self._bank.taps[rows]
            self._row = (self._row + count) % self._output_step
        else:
            positions = np.arange(count, dtype=np.int64) * self._input_step + self._fraction
            first_taps = positions // self._output_step
            offsets = positions - first_taps * self._output_step
            nearest = np.rint(offsets * ((len(self._bank.taps) - 1) / self._output_step))
            taps = self._bank.taps[nearest.astype(np.int64)]
        if not self._history.still_holds(self._windows):
            self._windows = self._history.windows(self._taps)
        np.einsum("ctk,tk->ct", self._windows[:, first_taps + self._history.start], taps, out=outputs)
        whole, self._fraction = divmod(self._fraction + count * self._input_step, self._output_step)
        self._history.drop(whole)


def resample(sound: NDArray[np.float32], input_rate: float, output_rate: float) -> NDArray[np.float32]:
    """Convert a whole sound (T,) from one rate to another, both in Hz, without delay."""
    conversion = RateConversion.between(input_rate, output_rate)
    if conversion.is_identity:
        return sound
    count = math.ceil(len(sound) / conversion.ratio)
    resampler, converted = Resampler(conversion, 1, _PIECE), SampleFifo(1, count)
    for start in range(0, len(sound), _PIECE):
        piece = sound[start : start + _PIECE]
        resampler.room(len(piece))[0] = piece
        resampler.convert(converted)
    resampler.room(2 * conversion.half_taps)[:] = 0.0
    resampler.convert(converted)
    return converted.front(count)[0].copy()


def _exact(rate: float) -> Fraction:
    return Fraction(rate).limit_denominator(1000)


@dataclass(frozen=True)
class _FilterBank:
    """The filter's taps, each row of sum 1, for positions between two input samples.

    Parameters
    ----------
    taps : array
        (rows, taps). In order: row k is that of output k, and the rows begin anew, a little way, after the
        last, so that successive outputs take successive rows. Otherwise the rows lie evenly between two input
        samples, the last one at the second.
    first_taps : array
        (rows,), where they are in order: the input sample of each row's first tap, counted from that of
        output 0.
    is_in_order : bool
        Which of the two.
    most_outputs : int
        The most outputs to compute at once.
    """

    taps: NDArray[np.float32]
    first_taps: NDArray[np.int64]
    is_in_order: bool
    most_outputs: int


@functools.lru_cache(maxsize=16)
def _filter_bank(conversion: RateConversion) -> _FilterBank:
    """Give the taps for every position that occurs or, where a ratio has too many, for some.

    Such a ratio (44099 to 48000) takes the nearest of many thousand positions: an error below -70 dB at the
    top of the band.
    """
    ratio, half = conversion.ratio, conversion.half_taps
    most_outputs = max(1, min(_MOST_OUTPUTS, _LARGEST_PRODUCT // (2 * half)))
    phases = ratio.denominator
    if (phases + most_outputs) * 2 * half <= _LARGEST_BANK:
        outputs = np.arange(phases + most_outputs, dtype=np.int64)
        first_taps, offsets = np.divmod(outputs * ratio.numerator, phases)
        return _FilterBank(_taps_at(conversion, offsets / phases), first_taps, True, most_outputs)
    offsets = np.linspace(0.0, 1.0, max(2, _LARGEST_BANK // (2 * half)))
    return _FilterBank(_taps_at(conversion, offsets), np.zeros(0, dtype=np.int64), False, most_outputs)


def _taps_at(conversion: RateConversion, offsets: NDArray[np.float64]) -> NDArray[np.float32]:
    """Give a Kaiser-windowed sinc for each offset (0 to 1) after an input sample: (offsets, taps)."""
    half = conversion.half_taps
    distances = offsets[:, None] + (half - 1) - np.arange(2 * half)
    bandwidth = _CUTOFF * float(min(1 / conversion.ratio, Fraction(1)))
    window = np.i0(_KAISER_BETA * np.sqrt(np.clip(1.0 - (distances / half) ** 2, 0.0, None)))
    taps = np.sinc(bandwidth * distances) * window
    return (taps / taps.sum(axis=1, keepdims=True)).astype(np.float32)
